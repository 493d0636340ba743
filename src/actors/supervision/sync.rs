//! By what threads share memory, in the sources that `tests/interleavings` compiles once more: there these are others of the
//! same kind, which try the orders in which a few threads can come. It says which sources, and within which bounds.

pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
pub(super) use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
pub(super) use std::thread;

pub(super) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
pub(super) use tokio::sync::Notify;
