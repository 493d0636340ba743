//! A worker's place: the thread it lives on and the loop that feeds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use actix::{Actor, SyncContext};
use tokio::time::Instant;

use super::Shared;
use super::job::{Fate, Job};
use crate::actors::supervision::guard::{Panic, discard, guarded};
use crate::actors::supervision::{AskError, StartError, State};

/// When a worker that could not be made will be tried again, at the earliest: with the next job after that.
const REMAKE_AFTER: Duration = Duration::from_secs(1);

/// Makes workers, on the thread they are to live on.
pub(super) type Make<W> = dyn Fn() -> Result<W, StartError> + Send + Sync;

/// The actor that holds one thread of a pool.
///
/// It takes jobs from the pool's own queue as soon as it has started, and never comes to take a message: the queue
/// of a `SyncArbiter` has no bound, and whatever enters it waits for the system's arbiter first.
/// No panic leaves its loop, so the thread lives as long as the pool.
pub(super) struct Bench<W: 'static> {
    pub(super) place: usize,
    pub(super) worker: Option<W>,
    pub(super) make: Arc<Make<W>>,
    pub(super) shared: Arc<Shared<W>>,
}

impl<W: Unpin + 'static> Actor for Bench<W> {
    type Context = SyncContext<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        let shared = self.shared.clone();
        let _live = Live::on(&shared.counters.live);
        while let Some(job) = shared.queue.pop() {
            self.take(job);
        }
        discard(self.worker.take());
    }
}

impl<W: Unpin + 'static> Bench<W> {
    fn take(&mut self, job: Box<dyn Job<W>>) {
        let counters = &self.shared.counters;
        let now = Instant::now();
        match job.fate(now) {
            Fate::Expired => {
                counters.expired.fetch_add(1, Relaxed);
                return job.fail(AskError::DeadlineExceeded);
            }
            Fate::Abandoned => {
                counters.abandoned.fetch_add(1, Relaxed);
                return discard(job);
            }
            Fate::Run => {}
        }
        counters.wait.record(now.saturating_duration_since(job.sent_at()));
        let shared = self.shared.clone();
        let busy = &shared.busy[self.place];
        busy.set(now);
        self.run(job);
        busy.clear();
        shared.counters.run.record(now.elapsed());
    }

    fn run(&mut self, job: Box<dyn Job<W>>) {
        let worker = match self.worker.take() {
            Some(worker) => Ok(worker),
            None => self.remake(),
        };
        let mut worker = match worker {
            Ok(worker) => worker,
            Err(error) => return job.fail(error),
        };
        match job.run(&mut worker, &self.shared.counters) {
            Ok(()) => self.worker = Some(worker),
            Err(panic) => {
                self.log(&panic);
                discard(worker);
            }
        }
    }

    fn remake(&self) -> Result<W, AskError> {
        let reason = match guarded(|| (self.make)()) {
            Ok(Ok(worker)) => return Ok(worker),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => {
                self.shared.counters.panics.fetch_add(1, Relaxed);
                panic.to_string()
            }
        };
        tracing::error!(pool = %self.shared.spec.name, %reason, "a worker could not be made");
        Err(AskError::Unavailable { state: State::Failed, retry_after: REMAKE_AFTER })
    }

    fn log(&self, panic: &Panic) {
        let (reason, location) = (&panic.reason, &panic.location);
        tracing::warn!(pool = %self.shared.spec.name, %reason, %location, "a worker panicked and is replaced");
    }
}

/// Counts a thread for as long as it takes jobs.
struct Live<'c>(&'c AtomicUsize);

impl<'c> Live<'c> {
    fn on(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Live(count)
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
