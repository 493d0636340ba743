//! A bounded queue with one waiting consumer: the durable part of a mailbox.
//!
//! Invariants: never more than `bound` items, except for those [forced](Queue::force) in; nothing enters once
//! the queue is closed; a waker is kept only while the consumer waits, and is woken outside the lock.
//! No foreign code runs under the lock: items are dropped by whoever took them out.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::time::Instant;

/// Why an item was not taken in. It is handed back, to be dropped by the caller.
#[derive(Debug)]
pub(super) enum Refused<T> {
    Full(T),
    Closed(T),
}

pub(super) struct Queue<T> {
    bound: usize,
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
        Queue { bound, inner: Mutex::new(inner) }
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
        match taken {
            None if !inner.closed => Poll::Pending,
            taken => Poll::Ready(taken),
        }
    }

    /// Takes the oldest item, if there is one.
    pub(super) fn pop(&self) -> Option<T> {
        self.inner.lock().items.pop_front().map(|(_, item)| item)
    }

    /// Lets nothing more in. What is queued stays.
    pub(super) fn close(&self) {
        self.inner.lock().closed = true;
    }

    pub(super) fn len(&self) -> usize {
        self.inner.lock().items.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn bound(&self) -> usize {
        self.bound
    }

    /// Length, and when the oldest item came in.
    pub(super) fn backlog(&self) -> (usize, Option<Instant>) {
        let inner = self.inner.lock();
        (inner.items.len(), inner.items.front().map(|&(at, _)| at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_hands_the_item_back() {
        let queue = Queue::new(1);
        queue.push(Instant::now(), 'a').unwrap();
        assert!(matches!(queue.push(Instant::now(), 'b'), Err(Refused::Full('b'))));
        assert!(queue.force(Instant::now(), 'c').is_ok());
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn a_closed_queue_gives_out_what_it_holds_and_then_ends() {
        let queue = Queue::new(4);
        queue.push(Instant::now(), 'a').unwrap();
        queue.close();
        assert!(matches!(queue.force(Instant::now(), 'b'), Err(Refused::Closed('b'))));
        let mut task = Context::from_waker(Waker::noop());
        assert_eq!(queue.poll_pop(&mut task), Poll::Ready(Some(('a', 0))));
        assert_eq!(queue.poll_pop(&mut task), Poll::Ready(None));
    }
}
