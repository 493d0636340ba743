//! The queue of a pool: many push, several threads take.

use loom::model;
use loom::sync::Arc;
use loom::thread;
use tokio::time::Instant;

use super::queue::JobQueue;

/// A thread of a pool: takes jobs until the queue is closed and empty. What it has taken.
fn worker(queue: &Arc<JobQueue<u32>>) -> thread::JoinHandle<Vec<u32>> {
    let queue = queue.clone();
    thread::spawn(move || std::iter::from_fn(|| queue.pop()).collect())
}

#[test]
fn a_job_is_taken_once_and_every_thread_ends_with_the_close() {
    model(|| {
        let queue = Arc::new(JobQueue::new(4));
        let other = worker(&queue);
        let pushing = {
            let queue = queue.clone();
            thread::spawn(move || {
                assert!(queue.push(1).is_ok());
                queue.close();
            })
        };
        let here = std::iter::from_fn(|| queue.pop()).count();
        pushing.join().unwrap();
        assert_eq!(here + other.join().unwrap().len(), 1);
        assert!(queue.is_finished());
    });
}

#[test]
fn two_jobs_keep_two_threads_from_sleeping() {
    model(|| {
        let queue = Arc::new(JobQueue::new(4));
        let workers = [(), ()].map(|()| {
            let queue = queue.clone();
            thread::spawn(move || queue.pop().unwrap())
        });
        assert!(queue.push(1).is_ok() && queue.push(2).is_ok());
        let taken = workers.map(|worker| worker.join().unwrap());
        assert!(taken == [1, 2] || taken == [2, 1], "{taken:?}");
    });
}

#[test]
fn what_was_accepted_before_the_close_is_done_and_nothing_after_it() {
    model(|| {
        let queue = Arc::new(JobQueue::new(4));
        let worker = worker(&queue);
        let pushing = {
            let queue = queue.clone();
            thread::spawn(move || queue.push(1).is_ok())
        };
        queue.close();
        let accepted = pushing.join().unwrap();
        assert_eq!(worker.join().unwrap().len(), usize::from(accepted));
    });
}

#[test]
fn the_bound_holds_and_a_sweep_takes_what_is_stale_alone() {
    model(|| {
        let queue = Arc::new(JobQueue::new(2));
        assert!(queue.push(1).is_ok());
        let pushing = [2, 4].map(|item| {
            let queue = queue.clone();
            thread::spawn(move || queue.push(item).is_ok())
        });
        let swept = queue.sweep(Instant::now(), |item| item % 2 == 1);
        assert_eq!(swept, [1]);
        let admitted = pushing.map(|pushing| pushing.join().unwrap()).into_iter().filter(|&admitted| admitted).count();
        assert!(admitted >= 1, "there was room for one in any case");
        assert_eq!(queue.take_all().len(), admitted);
    });
}
