//! Pools whose threads are lost or stuck, whose workers are replaced, and which are drained.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};

use actix::{Message, System};
use clientele::actors::supervision::{
    AskError, Deadline, Drained, FailureKind, Happening, Pool, PoolFault, PoolSpec, PoolStatus, RestartCause, State,
    Supervisor, ThreadLoss, Work,
};
use futures_util::FutureExt;
use futures_util::future::join_all;

use crate::counter::{ample, crash_of, ms};

/// Knows which worker of the pool it is, counted from 1.
struct Worker(usize);

/// Answers with the number of the worker.
#[derive(Message)]
#[rtype(result = "usize")]
struct Who;

/// Occupies the thread until released.
#[derive(Message)]
#[rtype(result = "()")]
struct Occupy {
    begun: mpsc::Sender<()>,
    released: mpsc::Receiver<()>,
}

impl Work<Who> for Worker {
    fn work(&mut self, _: Who) -> usize {
        self.0
    }
}

impl Work<Occupy> for Worker {
    fn work(&mut self, occupy: Occupy) {
        let _ = occupy.begun.send(());
        let _ = occupy.released.recv();
    }
}

fn start(threads: usize) -> Pool<Worker> {
    let made = Arc::new(AtomicUsize::new(0));
    let spec = PoolSpec::new("toil").threads(threads).queue(4).stall(ms(20));
    Pool::start(spec, move || Ok(Worker(made.fetch_add(1, SeqCst) + 1)))
}

/// Occupies one thread of `pool` until the sender is dropped; the task gives the answer then.
fn occupy(pool: &Pool<Worker>) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), AskError>>) {
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let answer = actix::spawn(pool.ask(ample(), Occupy { begun, released }));
    let begins = has_begun.recv();
    begins.expect("the job begins");
    (release, answer)
}

async fn until(pool: &Pool<Worker>, wanted: impl Fn(&PoolStatus) -> bool) -> PoolStatus {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let status = pool.status();
        if wanted(&status) {
            return status;
        }
        assert!(std::time::Instant::now() < patience, "waited in vain; the pool: {status:#?}");
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_thread_that_ends_is_replaced_at_once_and_no_job_is_lost() {
    System::new().block_on(async {
        let pool = start(1);
        let (release, occupied) = occupy(&pool);
        let ended = pool.inject(PoolFault::EndThread);
        let queued: Vec<_> = (0..3).map(|_| pool.ask(ample(), Who)).collect();
        drop(release);
        assert_eq!(occupied.await.unwrap(), Ok(()));
        assert_eq!(join_all(queued).await, [Ok(2), Ok(2), Ok(2)], "by another worker, on another thread");
        assert_eq!(ended.strikes(), 1);
        let status = pool.status();
        assert_eq!((status.threads_live, status.threads_lost, status.threads_replaced), (1, 1, 1));
        assert!(status.ready());
    });
}

#[test]
fn a_stuck_thread_is_replaced_answers_in_the_end_and_retires() {
    System::new().block_on(async {
        let pool = start(1);
        let (release, occupied) = occupy(&pool);
        let queued = pool.ask(ample(), Who);
        until(&pool, |pool| pool.stalled.is_some()).await;
        assert!(!pool.status().ready());
        pool.tend();
        assert_eq!(queued.await, Ok(2));
        let status = until(&pool, PoolStatus::ready).await;
        assert_eq!((status.threads_live, status.threads_stuck, status.threads_replaced), (1, 1, 1));
        pool.tend();
        assert_eq!(pool.status().threads_replaced, 1, "it is replaced once");
        drop(release);
        assert_eq!(occupied.await.unwrap(), Ok(()), "what it was at is answered");
        let status = until(&pool, |pool| pool.threads_stuck == 0).await;
        assert_eq!((status.threads_live, status.threads_lost), (1, 0));
        assert_eq!(pool.ask(ample(), Who).await, Ok(2));
    });
}

#[test]
fn the_threads_put_in_the_place_of_stuck_ones_are_bounded() {
    System::new().block_on(async {
        let pool = start(2);
        let mut occupied = Vec::new();
        for _ in 0..2 {
            occupied.extend([occupy(&pool), occupy(&pool)]);
            until(&pool, |pool| pool.stalled.is_some()).await;
            while pool.status().threads_replaced < 2 {
                pool.tend();
            }
            until(&pool, |pool| pool.threads_live == 2).await;
        }
        until(&pool, |pool| pool.stalled.is_some()).await;
        pool.tend();
        let status = pool.status();
        assert_eq!((status.running, status.threads_stuck, status.threads_replaced), (4, 2, 2));
        assert!(!status.ready(), "now it is only reported");
        let (releases, answers): (Vec<_>, Vec<_>) = occupied.into_iter().unzip();
        drop(releases);
        for answer in answers {
            assert_eq!(answer.await.unwrap(), Ok(()));
        }
        until(&pool, |pool| pool.ready() && pool.threads_stuck == 0).await;
    });
}

#[test]
fn a_pool_is_tended_from_a_thread_outside_of_the_system() {
    System::new().block_on(async {
        let pool = start(1);
        let (_release, _occupied) = occupy(&pool);
        until(&pool, |pool| pool.stalled.is_some()).await;
        let tended = pool.clone();
        std::thread::spawn(move || tended.tend()).join().unwrap();
        assert_eq!(pool.ask(ample(), Who).await, Ok(2));
    });
}

#[test]
fn a_restart_gives_each_thread_a_fresh_worker_for_its_next_job() {
    System::new().block_on(async {
        let pool = start(1);
        let supervisor = Supervisor::new();
        supervisor.register_pool(&pool);
        let mut events = supervisor.events();
        assert_eq!(pool.ask(ample(), Who).await, Ok(1));
        assert_eq!(supervisor.restart("toil"), 1);
        let told = events.next().await.expect("none was missed");
        let by_operator = Happening::Restarted { incarnation: 2, cause: RestartCause::Operator, lost: 0 };
        assert_eq!((&*told.actor, format!("{:?}", told.happening)), ("toil", format!("{by_operator:?}")));
        assert_eq!(pool.status().restarts, 1);
        assert_eq!(pool.ask(ample(), Who).await, Ok(2));
        assert_eq!(pool.ask(ample(), Who).await, Ok(2));
        assert_eq!(pool.status().panics, 0);

        pool.drain(ample()).await;
        assert_eq!((pool.restart(), pool.status().restarts), (0, 1), "it has ended");
        assert!(events.try_next().is_none());
    });
}

#[test]
fn a_restart_puts_a_thread_in_the_place_of_a_stuck_one_at_once() {
    System::new().block_on(async {
        let pool = start(1);
        let (release, _occupied) = occupy(&pool);
        until(&pool, |status| status.stalled.is_some()).await;
        assert_eq!(pool.restart(), 1);
        assert_eq!(pool.ask(ample(), Who).await, Ok(2), "although the first job goes on");
        drop(release);
    });
}

#[test]
fn what_was_accepted_is_done_before_a_drained_pool_ends() {
    System::new().block_on(async {
        let pool = start(2);
        let held = [occupy(&pool), occupy(&pool)];
        let queued: Vec<_> = (0..3).map(|_| pool.ask(ample(), Who)).collect();
        // A thread that is lost meanwhile is replaced even now: jobs wait.
        let ended = pool.inject(PoolFault::EndThread);
        let draining = actix::spawn({
            let pool = pool.clone();
            async move { pool.drain(ample()).await }
        });
        while pool.ask(ample(), Who).now_or_never() != Some(Err(AskError::Stopped)) {
            tokio::task::yield_now().await;
        }
        drop(held);
        assert!(join_all(queued).await.iter().all(Result::is_ok));
        assert_eq!(draining.await.unwrap(), Drained::default());
        let status = pool.status();
        assert_eq!((status.threads_live, status.running, ended.strikes()), (0, 0, 1));
    });
}

#[test]
fn a_drain_is_over_when_the_last_job_is_done_although_the_last_thread_ends_before() {
    System::new().block_on(async {
        for _ in 0..100 {
            let pool = start(1);
            let (release, _occupied) = occupy(&pool);
            pool.inject(PoolFault::EndThread);
            let mut queued: Vec<_> = (0..3).map(|_| pool.ask(ample(), Who)).collect();
            let draining = actix::spawn({
                let pool = pool.clone();
                async move { (pool.drain(ample()).await, pool.status()) }
            });
            while pool.ask(ample(), Who).now_or_never() != Some(Err(AskError::Stopped)) {
                tokio::task::yield_now().await;
            }
            drop(release);
            let (drained, status) = draining.await.unwrap();
            assert_eq!((drained, status.queue_depth, status.running), (Drained::default(), 0, 0));
            let answers: Vec<_> = queued.iter_mut().map(FutureExt::now_or_never).collect();
            assert!(answers.iter().all(|answer| matches!(answer, Some(Ok(2)))), "{answers:?}");
        }
    });
}

#[test]
fn a_thread_that_could_not_be_started_replaces_nobody() {
    System::new().block_on(async {
        // The operating system takes no such name.
        let pool = Pool::start(PoolSpec::new("to\0il"), || Ok(Worker(1)));
        pool.tend();
        pool.tend();
        let status = pool.status();
        assert_eq!((status.threads_live, status.threads_replaced), (0, 0));
        assert!(!status.ready());
    });
}

#[test]
fn a_pool_is_tended_until_it_is_drained() {
    System::new().block_on(async {
        let (supervisor, pool) = (Supervisor::new(), start(1));
        supervisor.register_pool(&pool);
        supervisor.watch(ms(5));
        let (release, occupied) = occupy(&pool);
        let queued = pool.ask(ample(), Who);
        let stopping = actix::spawn(async move { supervisor.shutdown(ample()).await });
        assert_eq!(queued.await, Ok(2), "by the thread in the place of the one that is stuck");
        drop(release);
        assert_eq!(occupied.await.unwrap(), Ok(()));
        assert_eq!(stopping.await.unwrap(), [("toil".to_owned(), Drained::default())]);
    });
}

#[test]
fn a_drain_does_not_wait_beyond_its_deadline() {
    System::new().block_on(async {
        let pool = start(1);
        let (release, _occupied) = occupy(&pool);
        let queued = pool.ask(ample(), Who);
        let drained = pool.drain(Deadline::within(ms(20))).await;
        assert_eq!(drained, Drained { dropped: 2, timed_out: true });
        assert_eq!(queued.await, Err(AskError::Stopped));
        drop(release);
    });
}

#[test]
fn jobs_that_nobody_waits_for_hold_no_place_against_others() {
    System::new().block_on(async {
        let pool = start(1);
        let (release, _occupied) = occupy(&pool);
        let abandoned: Vec<_> = (0..4).map(|_| pool.ask(ample(), Who)).collect();
        drop(abandoned);
        let wanted: Vec<_> = (0..4).map(|_| pool.ask(ample(), Who)).collect();
        let status = pool.status();
        assert_eq!((status.abandoned, status.queue_depth, status.shed), (4, 4, 0));
        assert!(pool.has_room().is_err());
        drop(release);
        assert_eq!(join_all(wanted).await, [Ok(1), Ok(1), Ok(1), Ok(1)]);
    });
}

#[test]
fn each_fault_of_a_pool_costs_its_own_job_at_most() {
    System::new().block_on(async {
        let pool = start(1);
        let injected = pool.inject(PoolFault::PanicInJob.after(1));
        assert_eq!(pool.ask(ample(), Who).await, Ok(1));
        assert_eq!(crash_of(pool.ask(ample(), Who).await), "injected: panic in a job");
        assert!(injected.has_struck());
        let last = async || until(&pool, |pool| pool.running == 0).await.last_failure.expect("there was one");
        let failure = last().await;
        assert_eq!((failure.kind, &*failure.reason), (FailureKind::Panic, "injected: panic in a job"));
        assert_eq!(failure.during, Some("job"));

        // The worker is gone with the panic, so that the next job needs another one.
        pool.inject(PoolFault::RefuseMake(1));
        let refused = pool.ask(ample(), Who).await;
        assert!(matches!(refused, Err(AskError::Unavailable { state: State::Failed, .. })), "{refused:?}");
        let failure = last().await;
        assert_eq!((failure.kind, failure.during), (FailureKind::Start, Some("factory")));
        assert_eq!(pool.ask(ample(), Who).await, Ok(2));

        pool.restart();
        pool.inject(PoolFault::PanicInMake);
        let refused = pool.ask(ample(), Who).await;
        assert!(matches!(refused, Err(AskError::Unavailable { state: State::Failed, .. })), "{refused:?}");
        assert_eq!(pool.ask(ample(), Who).await, Ok(3));

        let begun = std::time::Instant::now();
        pool.inject(PoolFault::Stall(ms(30)));
        assert_eq!(pool.ask(ample(), Who).await, Ok(3));
        assert!(begun.elapsed() >= ms(30));
        assert_eq!(pool.status().panics, 2);
    });
}

#[test]
fn what_happens_to_threads_is_told_and_the_pool_ends_with_the_supervisor() {
    System::new().block_on(async {
        let (supervisor, pool) = (Supervisor::new(), start(1));
        supervisor.register_pool(&pool);
        let mut events = supervisor.events();
        pool.inject(PoolFault::EndThread);
        assert_eq!(pool.ask(ample(), Who).await, Ok(1));
        let mut told = async || events.next().await.expect("none was missed").happening.clone();
        assert!(matches!(told().await, Happening::ThreadLost { thread: 0, loss: ThreadLoss::Ended }));
        assert!(matches!(told().await, Happening::ThreadReplaced { thread: 1 }));

        let (release, _occupied) = occupy(&pool);
        until(&pool, |pool| pool.stalled.is_some()).await;
        pool.tend();
        assert!(matches!(told().await, Happening::ThreadLost { thread: 1, loss: ThreadLoss::Stuck(_) }));
        assert!(matches!(told().await, Happening::ThreadReplaced { thread: 2 }));
        drop(release);

        assert_eq!(supervisor.restart("toil"), 1);
        let drained = supervisor.shutdown(ample()).await;
        assert_eq!(drained, [("toil".to_owned(), Drained::default())]);
        assert_eq!(pool.ask(ample(), Who).await, Err(AskError::Stopped));
        assert_eq!(supervisor.restart("toil"), 0, "it has ended");
    });
}
