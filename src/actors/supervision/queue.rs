//! A bounded queue with one waiting consumer: the durable part of a mailbox.
//!
//! Invariants: never more than `bound` items, except for those [forced](Queue::force) in; nothing enters once
//! the queue is closed; a waker is kept only while the consumer waits, and is woken outside the lock.
//! No foreign code runs under the lock: items are dropped by whoever took them out.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::sync::{AtomicUsize, Mutex, Relaxed};

/// Why an item was not taken in. It is handed back, to be dropped by the caller.
#[derive(Debug)]
pub(super) enum Refused<T> {
    Full(T),
    Closed(T),
}

pub(super) struct Queue<T> {
    bound: usize,
    /// What there is to be seen without the lock, under which it is written: twice the number of items, and one more while
    /// the consumer waits.
    shown: AtomicUsize,
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    items: VecDeque<(Instant, T)>,
    consumer: Option<Waker>,
    closed: bool,
}

impl<T> Inner<T> {
    fn expect(&mut self, task: &Context<'_>) {
        if !self.consumer.as_ref().is_some_and(|consumer| consumer.will_wake(task.waker())) {
            self.consumer = Some(task.waker().clone());
        }
    }
}

impl<T> Queue<T> {
    pub(super) fn new(bound: usize) -> Self {
        let inner = Inner { items: VecDeque::new(), consumer: None, closed: false };
        Queue { bound, shown: AtomicUsize::new(0), inner: Mutex::new(inner) }
    }

    /// Appends `item`, which came in at `now`.
    pub(super) fn push(&self, now: Instant, item: T) -> Result<(), Refused<T>> {
        self.append(self.bound, now, item)
    }

    /// Appends `item` even to a full queue.
    pub(super) fn force(&self, now: Instant, item: T) -> Result<(), Refused<T>> {
        self.append(usize::MAX, now, item)
    }

    fn append(&self, bound: usize, now: Instant, item: T) -> Result<(), Refused<T>> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err(Refused::Closed(item));
        }
        if inner.items.len() >= bound {
            return Err(Refused::Full(item));
        }
        inner.items.push_back((now, item));
        let consumer = inner.consumer.take();
        self.show(&inner);
        drop(inner);
        if let Some(consumer) = consumer {
            consumer.wake();
        }
        Ok(())
    }

    /// Takes the oldest item and says how many are left. When there was none, or none is left, the task is woken
    /// by the next. `None` once closed and empty.
    pub(super) fn poll_pop(&self, task: &mut Context<'_>) -> Poll<Option<(T, usize)>> {
        let mut inner = self.inner.lock();
        let taken = inner.items.pop_front().map(|(_, item)| (item, inner.items.len()));
        if taken.as_ref().is_none_or(|&(_, left)| left == 0) {
            inner.expect(task);
        }
        self.show(&inner);
        match taken {
            None if !inner.closed => Poll::Pending,
            taken => Poll::Ready(taken),
        }
    }

    /// Whether [`poll_pop`](Queue::poll_pop) is still pending, for the task that called it last: it will be woken, and sees
    /// what it was woken for. Spares it the lock.
    pub(super) fn is_quiet(&self) -> bool {
        self.shown.load(Relaxed) == 1
    }

    /// Takes the oldest item, if there is one.
    pub(super) fn pop(&self) -> Option<T> {
        let mut inner = self.inner.lock();
        let taken = inner.items.pop_front();
        self.show(&inner);
        taken.map(|(_, item)| item)
    }

    /// Takes out the items that are `unwanted`; the others keep their order.
    pub(super) fn take_out(&self, mut unwanted: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut inner = self.inner.lock();
        let items = std::mem::take(&mut inner.items);
        let (out, kept): (VecDeque<_>, VecDeque<_>) = items.into_iter().partition(|(_, item)| unwanted(item));
        inner.items = kept;
        self.show(&inner);
        drop(inner);
        out.into_iter().map(|(_, item)| item).collect()
    }

    /// Lets nothing more in. What is queued stays.
    pub(super) fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        self.show(&inner);
    }

    /// How many items there are, without waiting for the lock.
    pub(super) fn len(&self) -> usize {
        self.shown.load(Relaxed) / 2
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inner.lock().items.is_empty()
    }

    pub(super) fn bound(&self) -> usize {
        self.bound
    }

    /// Length, and when the oldest item came in.
    pub(super) fn backlog(&self) -> (usize, Option<Instant>) {
        let inner = self.inner.lock();
        (inner.items.len(), inner.items.front().map(|&(at, _)| at))
    }

    fn show(&self, inner: &Inner<T>) {
        let waiting = inner.consumer.is_some() && !inner.closed;
        self.shown.store(inner.items.len() * 2 + usize::from(waiting), Relaxed);
    }
}
