//! By what threads share memory in the queues, the crew of a pool, the armory and moments. `tests/interleavings` compiles
//! these with others of the same kind, which try the orders in which a few threads can come; it says within which bounds.

pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

pub(super) use parking_lot::{Condvar, Mutex, MutexGuard};
