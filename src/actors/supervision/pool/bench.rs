//! A worker's place: the thread it lives on and the loop that feeds it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use actix::{Actor, SyncContext};
use tokio::time::Instant;

use super::crew::Seat;
use super::job::Job;
use super::shared::Shared;
use crate::actors::supervision::guard::{Panic, discard, guarded};
use crate::actors::supervision::{AskError, Backoff, Failure, FailureKind, StartError, State};

/// A worker that could not be made is tried again with the next job; from the second failure on, with the first job
/// after a pause.
const REMAKE: Backoff =
    Backoff { initial: Duration::from_millis(10), max: Duration::from_secs(1), factor: 2.0, jitter: 0.0 };

/// Makes workers, on the thread they are to live on.
pub(super) type Make<W> = dyn Fn() -> Result<W, StartError> + Send + Sync;

/// The actor that holds one thread of a pool.
///
/// It takes jobs from the pool's own queue as soon as it has started, and never comes to take a message: the queue
/// of a `SyncArbiter` has no bound, and whatever enters it waits for the system's arbiter first.
/// Should its loop end by a panic all the same, another thread is started in its place before it is gone.
pub(super) struct Bench<W: 'static> {
    seat: Arc<Seat>,
    shared: Arc<Shared<W>>,
    worker: Option<W>,
    /// Which generation the worker is of.
    generation: u64,
    /// Failures to make a worker, one after the other, and when the next attempt is due.
    unmade: Option<(usize, Instant)>,
}

impl<W: Unpin + 'static> Actor for Bench<W> {
    type Context = SyncContext<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.shared.crew.arrive(&self.seat);
        let ended = guarded(|| self.serve());
        discard(self.worker.take());
        let leaves_a_gap = self.shared.crew.leave(&self.seat);
        if let Err(panic) = ended {
            self.shared.note_lost(self.seat.number, &panic);
        }
        if leaves_a_gap {
            self.shared.tend();
        }
    }
}

impl<W: Unpin + 'static> Bench<W> {
    pub(super) fn new(seat: Arc<Seat>, shared: Arc<Shared<W>>) -> Self {
        Bench { seat, shared, worker: None, generation: 0, unmade: None }
    }

    fn serve(&mut self) {
        while !self.seat.is_retired() {
            let Some(job) = self.shared.queue.pop() else { return };
            self.take(job);
            self.shared.faults.between_jobs();
        }
    }

    fn take(&mut self, job: Box<dyn Job<W>>) {
        let now = Instant::now();
        let Some(job) = self.shared.skip(job, now) else { return };
        self.shared.counters.wait.record(now.saturating_duration_since(job.sent_at()));
        self.seat.busy.set(now);
        let has_run = self.run(job);
        self.seat.busy.clear();
        if has_run {
            let took = now.elapsed();
            self.shared.counters.run.record(took);
            self.shared.pace.note(took);
        }
    }

    /// Does a job. Whether it was begun: what fails for want of a worker says nothing of how long jobs take.
    fn run(&mut self, job: Box<dyn Job<W>>) -> bool {
        let mut worker = match self.fresh() {
            Ok(worker) => worker,
            Err(error) => {
                job.fail(error);
                return false;
            }
        };
        match job.run(&mut worker, &self.shared.counters, &self.shared.faults) {
            Ok(()) => self.worker = Some(worker),
            Err(panic) => {
                self.log(&panic);
                discard(worker);
            }
        }
        true
    }

    /// The worker, unless it is gone or a fresh one is wanted: then a new one.
    fn fresh(&mut self) -> Result<W, AskError> {
        let generation = self.shared.generation.load(Relaxed);
        if generation != self.generation {
            discard(self.worker.take());
            self.generation = generation;
        }
        match self.worker.take() {
            Some(worker) => Ok(worker),
            None => self.remake(),
        }
    }

    fn remake(&mut self) -> Result<W, AskError> {
        let now = Instant::now();
        let failures = match self.unmade {
            Some((_, due)) if now < due => return Err(unmade(due - now)),
            Some((failures, _)) => failures,
            None => 0,
        };
        let failure = match guarded(|| self.shared.faults.in_make().and_then(|()| (self.shared.make)())) {
            Ok(Ok(worker)) => {
                self.unmade = None;
                return Ok(worker);
            }
            Ok(Err(error)) => Failure::now(FailureKind::Start, error.reason(), None, Some("factory")),
            Err(panic) => {
                self.shared.counters.panics.fetch_add(1, Relaxed);
                Failure::panic(&panic, Some("factory"))
            }
        };
        let pause = if failures == 0 { Duration::ZERO } else { REMAKE.delay(failures, 0.0) };
        self.unmade = Some((failures + 1, now + pause));
        tracing::error!(pool = %self.shared.spec.name, reason = %failure.reason, ?pause, "a worker could not be made");
        self.shared.note_failure(failure);
        Err(unmade(pause))
    }

    fn log(&self, panic: &Panic) {
        let (reason, location) = (&panic.reason, &panic.location);
        tracing::warn!(pool = %self.shared.spec.name, %reason, %location, "a worker panicked and is replaced");
        self.shared.note_failure(Failure::panic(panic, Some("job")));
    }
}

fn unmade(retry_after: Duration) -> AskError {
    AskError::Unavailable { state: State::Failed, retry_after }
}
