//! What `src/actors/supervision/sync.rs` offers, by loom.

use std::ops::{Deref, DerefMut};

use loom::sync as checked;
pub use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// As `parking_lot` has it: a panic poisons nothing.
#[derive(Debug)]
pub struct Mutex<T>(checked::Mutex<T>);

#[derive(Debug)]
pub struct MutexGuard<'m, T>(Option<checked::MutexGuard<'m, T>>);

#[derive(Debug)]
pub struct Condvar(checked::Condvar);

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Mutex(checked::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap()))
    }
}

impl Condvar {
    pub fn new() -> Self {
        Condvar(checked::Condvar::new())
    }

    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        guard.0 = guard.0.take().map(|held| self.0.wait(held).unwrap());
    }

    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is held except while waiting")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("it is held except while waiting")
    }
}
