//! What `src/actors/supervision/sync.rs` offers, by loom.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
pub use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use loom::sync as checked;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::AcqRel;
pub use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
pub use loom::thread;
use tokio::sync as trusted;

/// As `parking_lot` has it: a panic poisons nothing.
#[derive(Debug)]
pub struct Mutex<T>(checked::Mutex<T>);

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

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

/// As `parking_lot` has it.
#[derive(Debug)]
pub struct RwLock<T>(checked::RwLock<T>);

impl<T> RwLock<T> {
    pub fn new(value: T) -> Self {
        RwLock(checked::RwLock::new(value))
    }

    pub fn read(&self) -> checked::RwLockReadGuard<'_, T> {
        self.0.read().unwrap()
    }

    pub fn write(&self) -> checked::RwLockWriteGuard<'_, T> {
        self.0.write().unwrap()
    }
}

/// Tokio's own, whose calls are single steps; but what others do here may come before or after each of them.
#[derive(Debug)]
pub struct Notify {
    steps: AtomicUsize,
    trusted: trusted::Notify,
}

impl Notify {
    pub fn new() -> Self {
        Notify { steps: AtomicUsize::new(0), trusted: trusted::Notify::new() }
    }

    pub fn notified(&self) -> trusted::futures::Notified<'_> {
        self.step();
        self.trusted.notified()
    }

    pub fn notify_waiters(&self) {
        self.step();
        self.trusted.notify_waiters();
    }

    /// Has loom try what comes before this in any order with what others do here.
    fn step(&self) {
        self.steps.fetch_add(1, AcqRel);
    }
}

/// The times that a receiver waits for nothing, while there is a sender; after that, time stands still.
const TICKS: usize = 2;

/// Of `std::sync::mpsc` what tells a thread by its sender's drop that it is to end. Nothing is sent.
pub struct Sender<T>(Arc<Line>, std::marker::PhantomData<T>);

pub struct Receiver {
    line: Arc<Line>,
    ticks: Cell<usize>,
}

struct Line {
    cut: Mutex<bool>,
    changed: Condvar,
}

pub fn channel<T>() -> (Sender<T>, Receiver) {
    let line = Arc::new(Line { cut: Mutex::new(false), changed: Condvar::new() });
    (Sender(line.clone(), std::marker::PhantomData), Receiver { line, ticks: Cell::new(TICKS) })
}

impl Receiver {
    pub fn recv_timeout(&self, _timeout: Duration) -> Result<(), RecvTimeoutError> {
        let mut cut = self.line.cut.lock();
        while !*cut {
            if let Some(left) = self.ticks.get().checked_sub(1) {
                self.ticks.set(left);
                return Err(RecvTimeoutError::Timeout);
            }
            self.line.changed.wait(&mut cut);
        }
        Err(RecvTimeoutError::Disconnected)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        *self.0.cut.lock() = true;
        self.0.changed.notify_all();
    }
}
