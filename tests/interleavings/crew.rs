//! The threads of a pool: they come, end and are replaced while one waits for their end.

use std::time::Duration;

use loom::future::block_on;
use loom::model;
use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::Relaxed;
use loom::thread::{self, JoinHandle};
use tokio::time::Instant;

use super::crew::Crew;
use super::queue::JobQueue;

const STALL: Duration = Duration::from_secs(30);

/// A pool in miniature: what its threads share, without the threads.
struct Pool {
    crew: Crew,
    queue: JobQueue<u32>,
    done: AtomicUsize,
}

impl Pool {
    /// Of so many threads, closed with so many jobs in its queue.
    fn closed_with(threads: usize, jobs: u32) -> Arc<Self> {
        let pool = Pool { crew: Crew::new(threads), queue: JobQueue::new(4), done: AtomicUsize::new(0) };
        (0..jobs).for_each(|job| assert!(pool.queue.push(job).is_ok()));
        pool.queue.close();
        Arc::new(pool)
    }

    fn done(&self) -> usize {
        self.done.load(Relaxed)
    }
}

/// Puts threads in the place of those that are missing, as `Shared::tend` does.
fn tend(pool: &Arc<Pool>, mut jobs_until_it_ends: usize) -> Vec<JoinHandle<()>> {
    if pool.queue.is_finished() {
        return vec![];
    }
    let vacant = pool.crew.remedy(STALL, Instant::now()).vacant.into_iter();
    let start = vacant.map(|seat| {
        let pool = pool.clone();
        thread::spawn(move || {
            pool.crew.arrive(&seat);
            while jobs_until_it_ends > 0 && pool.queue.pop().is_some() {
                pool.done.fetch_add(1, Relaxed);
                jobs_until_it_ends -= 1;
            }
            let replaced = if pool.crew.leave(&seat) { tend(&pool, usize::MAX) } else { vec![] };
            replaced.into_iter().for_each(|thread| thread.join().unwrap());
        })
    });
    start.collect()
}

#[test]
fn nobody_is_gone_before_the_last_job_is_done_although_the_only_thread_ends_before() {
    model(|| {
        let pool = Pool::closed_with(1, 2);
        let threads = tend(&pool, 1);
        block_on(pool.crew.gone(|| pool.queue.is_finished()));
        assert_eq!(pool.done(), 2);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn who_waits_for_the_end_of_two_threads_is_told_of_it() {
    // Without this bound it takes minutes.
    let mut two_preemptions = Builder::new();
    two_preemptions.preemption_bound = Some(2);
    two_preemptions.check(|| {
        let pool = Pool::closed_with(2, 1);
        let seats = pool.crew.remedy(STALL, Instant::now()).vacant;
        let threads: Vec<_> = seats
            .into_iter()
            .map(|seat| {
                let pool = pool.clone();
                thread::spawn(move || {
                    while pool.queue.pop().is_some() {
                        pool.done.fetch_add(1, Relaxed);
                    }
                    pool.crew.leave(&seat);
                })
            })
            .collect();
        block_on(pool.crew.gone(|| pool.queue.is_finished()));
        assert_eq!(pool.done(), 1);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_thread_that_ends_is_replaced_once_however_many_look_after_the_pool() {
    model(|| {
        let crew = Arc::new(Crew::new(1));
        let first = crew.remedy(STALL, Instant::now()).vacant.remove(0);
        crew.arrive(&first);
        let watching = {
            let crew = crew.clone();
            thread::spawn(move || crew.remedy(STALL, Instant::now()).vacant)
        };
        assert!(crew.leave(&first));
        let mut vacant = crew.remedy(STALL, Instant::now()).vacant;
        vacant.extend(watching.join().unwrap());
        assert_eq!(vacant.len(), 1);
        assert_eq!(crew.muster(Instant::now()).replaced, 0, "it has not started yet");
        crew.arrive(&vacant[0]);
        let muster = crew.muster(Instant::now());
        assert_eq!((muster.live, muster.replaced), (1, 1));
    });
}
