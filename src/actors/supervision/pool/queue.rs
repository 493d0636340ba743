//! A bounded queue with blocking consumers.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

/// Why a job was not taken in. It is handed back, to be dropped by the caller.
pub(super) enum Refused<T> {
    Full(T),
    Closed(T),
}

/// Invariants: never more than `bound` items; nothing enters a closed queue; what is in it is still given out.
pub(super) struct JobQueue<T> {
    bound: usize,
    inner: Mutex<Inner<T>>,
    arrived: Condvar,
}

struct Inner<T> {
    items: VecDeque<T>,
    closed: bool,
}

impl<T> JobQueue<T> {
    pub(super) fn new(bound: usize) -> Self {
        let inner = Inner { items: VecDeque::new(), closed: false };
        JobQueue { bound, inner: Mutex::new(inner), arrived: Condvar::new() }
    }

    pub(super) fn push(&self, item: T) -> Result<(), Refused<T>> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err(Refused::Closed(item));
        }
        if inner.items.len() >= self.bound {
            return Err(Refused::Full(item));
        }
        inner.items.push_back(item);
        drop(inner);
        self.arrived.notify_one();
        Ok(())
    }

    /// Takes the oldest item, once there is one. `None` once closed and empty.
    pub(super) fn pop(&self) -> Option<T> {
        let mut inner = self.inner.lock();
        loop {
            if let Some(item) = inner.items.pop_front() {
                return Some(item);
            }
            if inner.closed {
                return None;
            }
            self.arrived.wait(&mut inner);
        }
    }

    pub(super) fn close(&self) {
        self.inner.lock().closed = true;
        self.arrived.notify_all();
    }

    pub(super) fn len(&self) -> usize {
        self.inner.lock().items.len()
    }
}
