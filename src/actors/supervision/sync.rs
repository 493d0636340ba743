//! By what threads share memory here. `tests/interleavings` puts others of the same kind in their place, which try
//! every order in which threads can come.

pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

pub(super) use parking_lot::{Condvar, Mutex, MutexGuard};
