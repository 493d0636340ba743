//! The queue of a mailbox: many push, one takes.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::model;
use loom::model::Builder;
use loom::sync::Arc;
use loom::thread;
use tokio::time::Instant;

use super::queue::{Queue, Refused};

fn push(queue: &Queue<u32>, item: u32) -> bool {
    queue.push(Instant::now(), item).is_ok()
}

/// The next item, once there is one; a lost wake-up would make this wait for ever, which loom reports.
fn take(queue: &Queue<u32>) -> Option<(u32, usize)> {
    block_on(poll_fn(|task| queue.poll_pop(task)))
}

#[test]
fn no_wake_up_is_lost_however_pushes_and_waits_meet() {
    // Without this bound there are some millions of interleavings, which take minutes.
    let mut three_preemptions = Builder::new();
    three_preemptions.preemption_bound = Some(3);
    three_preemptions.check(|| {
        let queue = Arc::new(Queue::new(4));
        let producers = [1, 2].map(|item| {
            let queue = queue.clone();
            thread::spawn(move || assert!(push(&queue, item)))
        });
        let taken = [(), ()].map(|()| take(&queue).unwrap().0);
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        assert!(taken == [1, 2] || taken == [2, 1], "{taken:?}");
        assert_eq!(queue.len(), 0);
    });
}

#[test]
fn the_messages_of_one_sender_keep_their_order() {
    model(|| {
        let queue = Arc::new(Queue::new(4));
        let producer = {
            let queue = queue.clone();
            thread::spawn(move || (1..=3).for_each(|item| assert!(push(&queue, item))))
        };
        let taken = [(), (), ()].map(|()| take(&queue).unwrap().0);
        producer.join().unwrap();
        assert_eq!(taken, [1, 2, 3]);
    });
}

#[test]
fn a_task_that_took_the_last_item_is_woken_by_the_next() {
    model(|| {
        let queue = Arc::new(Queue::new(4));
        assert!(push(&queue, 1));
        let producer = {
            let queue = queue.clone();
            thread::spawn(move || assert!(push(&queue, 2)))
        };
        // As the intake does: having taken the last one, it relies on being woken without polling once more.
        let mut left = None;
        block_on(poll_fn(|task| match left {
            Some(0) => Poll::Ready(()),
            _ => {
                let Poll::Ready(Some((_, after))) = queue.poll_pop(task) else { return Poll::Pending };
                let first = left.is_none();
                left = Some(after);
                if after > 0 {
                    task.waker().wake_by_ref();
                } else if !first || queue.is_empty() {
                    return Poll::Ready(());
                }
                Poll::Pending
            }
        }));
        producer.join().unwrap();
    });
}

#[test]
fn a_task_that_heeds_the_quiet_misses_nothing() {
    model(|| {
        let queue = Arc::new(Queue::new(4));
        let producer = {
            let queue = queue.clone();
            thread::spawn(move || [1, 2].map(|item| assert!(push(&queue, item))))
        };
        // As the cell does with its commands: all there are at each poll, and no look at a queue that is quiet.
        let mut taken = Vec::new();
        block_on(poll_fn(|task| {
            if queue.is_quiet() {
                return Poll::Pending;
            }
            while let Poll::Ready(Some((item, _))) = queue.poll_pop(task) {
                taken.push(item);
            }
            if taken.len() == 2 { Poll::Ready(()) } else { Poll::Pending }
        }));
        producer.join().unwrap();
        assert_eq!(taken, [1, 2]);
        assert!(queue.is_quiet());
        queue.close();
        assert!(!queue.is_quiet(), "the end is to be seen, too");
    });
}

#[test]
fn the_bound_holds_however_many_push_at_once() {
    model(|| {
        let queue = Arc::new(Queue::new(1));
        let pushing = [1, 2].map(|item| {
            let queue = queue.clone();
            thread::spawn(move || push(&queue, item))
        });
        let admitted = pushing.map(|pushing| pushing.join().unwrap());
        assert_eq!(admitted.iter().filter(|&&admitted| admitted).count(), 1);
        assert_eq!(queue.len(), 1);
    });
}

#[test]
fn what_was_accepted_before_the_close_is_there_and_nothing_after_it() {
    model(|| {
        let queue = Arc::new(Queue::new(4));
        let pushing = {
            let queue = queue.clone();
            thread::spawn(move || push(&queue, 1))
        };
        queue.close();
        let seen_closed: Vec<u32> = std::iter::from_fn(|| queue.pop()).collect();
        let accepted = pushing.join().unwrap();
        assert_eq!(seen_closed.len(), usize::from(accepted), "an item entered a closed queue, or was lost");
        assert_eq!(take(&queue), None);
    });
}

#[test]
fn a_sweep_loses_nothing_that_is_wanted() {
    model(|| {
        let queue = Arc::new(Queue::new(4));
        assert!(push(&queue, 1) && push(&queue, 2));
        let pushing = {
            let queue = queue.clone();
            thread::spawn(move || assert!(push(&queue, 4)))
        };
        let swept = queue.take_out(|item| item % 2 == 1);
        assert_eq!(swept, [1]);
        pushing.join().unwrap();
        assert_eq!((queue.len(), queue.pop(), queue.pop(), queue.pop()), (2, Some(2), Some(4), None));
    });
}

#[test]
fn a_full_queue_hands_the_item_back() {
    model(|| {
        let queue = Queue::new(1);
        queue.push(Instant::now(), 'a').unwrap();
        assert!(matches!(queue.push(Instant::now(), 'b'), Err(Refused::Full('b'))));
        assert!(queue.force(Instant::now(), 'c').is_ok());
        assert_eq!(queue.len(), 2);
    });
}

#[test]
fn a_closed_queue_gives_out_what_it_holds_and_then_ends() {
    model(|| {
        let queue = Queue::new(4);
        queue.push(Instant::now(), 'a').unwrap();
        queue.close();
        assert!(matches!(queue.force(Instant::now(), 'b'), Err(Refused::Closed('b'))));
        let mut task = Context::from_waker(Waker::noop());
        assert_eq!(queue.poll_pop(&mut task), Poll::Ready(Some(('a', 0))));
        assert_eq!(queue.poll_pop(&mut task), Poll::Ready(None));
    });
}
