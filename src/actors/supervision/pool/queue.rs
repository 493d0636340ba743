//! A bounded queue with blocking consumers.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::super::sync::{Condvar, Mutex};

/// How long the queue is left alone after a sweep: looking at all of it for each refusal would make a flood worse.
const SWEEP_PAUSE: Duration = Duration::from_millis(10);

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
    swept_at: Option<Instant>,
}

impl<T> JobQueue<T> {
    pub(super) fn new(bound: usize) -> Self {
        let inner = Inner { items: VecDeque::new(), closed: false, swept_at: None };
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

    /// Closed, and nothing is left in it.
    pub(super) fn is_finished(&self) -> bool {
        let inner = self.inner.lock();
        inner.closed && inner.items.is_empty()
    }

    /// Takes out what is `stale`, to be dropped by the caller; nothing, if that was done a moment ago.
    pub(super) fn sweep(&self, now: Instant, stale: impl Fn(&T) -> bool) -> VecDeque<T> {
        let mut inner = self.inner.lock();
        if inner.swept_at.is_some_and(|at| now < at + SWEEP_PAUSE) {
            return VecDeque::new();
        }
        inner.swept_at = Some(now);
        let (stale, wanted): (VecDeque<_>, _) = std::mem::take(&mut inner.items).into_iter().partition(stale);
        inner.items = wanted;
        stale
    }

    pub(super) fn take_all(&self) -> VecDeque<T> {
        std::mem::take(&mut self.inner.lock().items)
    }

    /// What `look` sees in the oldest item.
    pub(super) fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.inner.lock().items.front().map(look)
    }

    pub(super) fn len(&self) -> usize {
        self.inner.lock().items.len()
    }
}
