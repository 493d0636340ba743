//! Blocking work on threads of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;

use actix::prelude::*;
use clientele::actors::supervision::testkit::{hold_clock, paused};
use clientele::actors::supervision::{
    AskError, Deadline, Pool, PoolFault, PoolSpec, StartError, State, Supervisor, Work,
};
use futures_util::future::join_all;

use crate::counter::{ample, crash_of, ms};

/// Counts from zero in each life.
struct Worker {
    done: u64,
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Toil;

#[derive(Message)]
#[rtype(result = "u64")]
struct Stumble;

/// Occupies the thread until released.
#[derive(Message)]
#[rtype(result = "()")]
struct Occupy {
    begun: mpsc::Sender<()>,
    released: mpsc::Receiver<()>,
}

impl Work<Toil> for Worker {
    fn work(&mut self, _: Toil) -> u64 {
        self.done += 1;
        self.done
    }
}

impl Work<Stumble> for Worker {
    fn work(&mut self, _: Stumble) -> u64 {
        panic!("at work")
    }
}

impl Work<Occupy> for Worker {
    fn work(&mut self, occupy: Occupy) {
        let _ = occupy.begun.send(());
        let _ = occupy.released.recv();
    }
}

fn start(spec: PoolSpec) -> Pool<Worker> {
    Pool::start(spec, || Ok(Worker { done: 0 }))
}

fn spec() -> PoolSpec {
    PoolSpec::new("toil")
}

/// Occupies one thread of `pool` until what is returned is dropped.
fn occupy(pool: &Pool<Worker>) -> mpsc::Sender<()> {
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let job = pool.ask(ample(), Occupy { begun, released });
    actix::spawn(job);
    has_begun.recv().expect("the job begins");
    release
}

#[test]
fn a_panic_fails_its_own_job_and_costs_no_thread() {
    System::new().block_on(async {
        let pool = start(spec());
        assert_eq!(pool.ask(ample(), Toil).await, Ok(1));
        for _ in 0..20 {
            assert_eq!(crash_of(pool.ask(ample(), Stumble).await), "at work");
        }
        assert_eq!(pool.ask(ample(), Toil).await, Ok(1), "the worker is a fresh one");
        let status = pool.status();
        assert_eq!((status.panics, status.done, status.threads_live, status.threads_expected), (20, 2, 1, 1));
    });
}

#[test]
fn the_queue_is_bounded_and_refuses_at_once() {
    System::new().block_on(async {
        let pool = start(spec().threads(2).queue(3));
        let occupied = [occupy(&pool), occupy(&pool)];
        let jobs: Vec<_> = (0..10).map(|_| pool.ask(ample(), Toil)).collect();
        let status = pool.status();
        assert_eq!((status.queue_depth, status.queue_bound, status.running, status.shed), (3, 3, 2, 7));
        drop(occupied);
        let answers = join_all(jobs).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3, "{answers:?}");
        let refused = answers.iter().filter(|answer| matches!(answer, Err(AskError::Overloaded { .. })));
        assert_eq!(refused.count(), 7);
    });
}

#[test]
fn jobs_that_nobody_waits_for_are_skipped() {
    System::new().block_on(async {
        let pool = start(spec());
        let occupied = occupy(&pool);
        let late = pool.ask(Deadline::within(ms(10)), Toil);
        drop(pool.ask(ample(), Toil));
        assert_eq!(late.await, Err(AskError::DeadlineExceeded));
        drop(occupied);
        assert_eq!(pool.ask(ample(), Toil).await, Ok(1), "neither was done");
        let status = pool.status();
        assert_eq!((status.expired, status.abandoned), (1, 1));
    });
}

#[test]
fn a_worker_that_cannot_be_made_is_tried_again() {
    System::new().block_on(async {
        let calls = Arc::new(AtomicUsize::new(0));
        let pool = Pool::start(spec(), move || match calls.fetch_add(1, SeqCst) {
            0 => Err(StartError::new("no such file")),
            1 => panic!("while making"),
            _ => Ok(Worker { done: 0 }),
        });
        let mut refusals = Vec::new();
        let answer = loop {
            match pool.ask(ample(), Toil).await {
                Err(AskError::Unavailable { state: State::Failed, retry_after }) => refusals.push(retry_after),
                answer => break answer,
            }
        };
        assert_eq!(answer, Ok(1));
        assert_eq!(refusals[..2], [ms(0), ms(10)], "at once, and from the second failure on after a pause");
        assert!(refusals.windows(2).skip(1).all(|pair| pair[0] >= pair[1]), "the pause runs out: {refusals:?}");
    });
}

#[test]
fn a_job_at_work_for_too_long_makes_the_pool_unready() {
    System::new().block_on(async {
        let (supervisor, pool) = (Supervisor::new(), start(spec().stall(ms(100))));
        supervisor.register_pool(&pool);
        assert_eq!(pool.ask(ample(), Toil).await, Ok(1));
        let occupied = occupy(&pool);
        while supervisor.unready().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(supervisor.unready(), ["toil"]);
        assert!(supervisor.pools()[0].stalled.is_some_and(|stalled| stalled > ms(100)));
        drop(occupied);
        assert_eq!(pool.ask(ample(), Toil).await, Ok(2));
        while !supervisor.unready().is_empty() {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_pool_that_is_dropped_does_what_is_queued() {
    System::new().block_on(async {
        let pool = start(spec());
        let occupied = occupy(&pool);
        let jobs: Vec<_> = (0..3).map(|_| pool.ask(ample(), Toil)).collect();
        drop(pool);
        drop(occupied);
        assert_eq!(join_all(jobs).await, [Ok(1), Ok(2), Ok(3)]);
    });
}

#[test]
fn a_pool_works_even_while_the_systems_arbiter_is_blocked() {
    System::new().block_on(async {
        let pool = start(spec());
        let (tell, told) = mpsc::channel();
        let asker = Arbiter::new();
        asker.spawn(async move {
            let _ = tell.send(pool.ask(ample(), Toil).await);
        });
        // This blocks the system's own arbiter until the answer is there.
        assert_eq!(told.recv_timeout(Duration::from_secs(30)), Ok(Ok(1)));
        asker.stop();
        asker.join().unwrap();
    });
}

#[test]
fn a_held_clock_waits_for_a_pool_in_virtual_time() {
    paused(async {
        let pool = start(spec());
        let _held = hold_clock();
        assert_eq!(pool.ask(Deadline::within(Duration::from_secs(3_600)), Toil).await, Ok(1));
    });
}

#[test]
fn a_pool_whose_jobs_would_wait_for_too_long_has_no_room_although_its_queue_is_not_full() {
    System::new().block_on(async {
        let pool = start(spec().queue(64).max_wait(Duration::ZERO));
        // A slow one, by which one that goes on for some milliseconds is nothing unusual.
        pool.inject(PoolFault::Stall(ms(200)));
        pool.ask(ample(), Toil).await.expect("nobody waits");
        let release = occupy(&pool);
        let waiting: Vec<_> = (0..8)
            .map(|_| {
                pool.has_room().expect("so many may wait in any case");
                actix::spawn(pool.ask(ample(), Toil))
            })
            .collect();
        assert!(matches!(pool.has_room(), Err(AskError::Overloaded { .. })));
        let begun_before = actix::spawn(pool.ask(ample(), Toil));
        drop(release);
        for answer in join_all(waiting).await {
            answer.expect("no panic").expect("it was taken in");
        }
        begun_before.await.expect("no panic").expect("what was begun goes on");
        assert_eq!(pool.status().shed, 1);
    });
}

/// How long who is refused is told to stay away.
fn retry_after<T: std::fmt::Debug>(refused: Result<T, AskError>) -> Duration {
    match refused {
        Err(AskError::Overloaded { retry_after }) => retry_after,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_pool_whose_threads_are_stuck_says_so_at_once_and_by_how_long_they_have_been() {
    System::new().block_on(async {
        let pool = start(spec().threads(2).queue(2).max_wait(ms(20)).stall(ms(200)));
        for _ in 0..20 {
            assert!(pool.ask(ample(), Toil).await.is_ok());
        }
        let one = occupy(&pool);
        while pool.status().stalled.is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.has_room(), Ok(()), "the other thread takes jobs");
        let other = occupy(&pool);
        while pool.has_room().is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(retry_after(pool.has_room()) > ms(20), "although nobody waits yet");
        let queued = [pool.ask(ample(), Toil), pool.ask(ample(), Toil)];
        assert!(retry_after(pool.ask(ample(), Toil).await) > ms(20), "not what two jobs take as a rule");
        drop((one, other));
        assert!(join_all(queued).await.iter().all(Result::is_ok));
        assert_eq!(pool.has_room(), Ok(()));
    });
}

#[test]
fn jobs_that_fail_for_want_of_a_worker_tell_nothing_of_how_long_jobs_take() {
    System::new().block_on(async {
        let pool = start(spec().queue(1));
        pool.inject(PoolFault::Stall(ms(100)));
        assert!(pool.ask(ample(), Toil).await.is_ok());
        pool.restart();
        pool.inject(PoolFault::RefuseMake(u32::MAX));
        for _ in 0..200 {
            assert!(matches!(pool.ask(ample(), Toil).await, Err(AskError::Unavailable { .. })));
        }
        assert_eq!(pool.status().run.count(), 1, "that of the first job");
    });
}
