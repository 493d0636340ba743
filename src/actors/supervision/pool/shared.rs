//! What the handles of a pool share with its threads.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use actix::{SyncArbiter, System};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::PoolSpec;
use super::bench::{Bench, Make};
use super::crew::{Crew, Seat};
use super::fault::PoolFault;
use super::job::Job;
use super::pace::Pace;
use super::queue::{JobQueue, Refused};
use super::spec::ALWAYS_WAITING;
use crate::actors::supervision::error::{LONGEST_RETRY, SHORTEST_RETRY};
use crate::actors::supervision::fate::Fate;
use crate::actors::supervision::fault::Armory;
use crate::actors::supervision::guard::{Panic, discard, guarded};
use crate::actors::supervision::histogram::Histogram;
use crate::actors::supervision::{AskError, Emitter, Failure, Happening, PoolStatus, RestartCause, ThreadLoss};

pub(super) struct Shared<W: 'static> {
    pub(super) spec: PoolSpec,
    pub(super) make: Box<Make<W>>,
    pub(super) queue: JobQueue<Box<dyn Job<W>>>,
    pub(super) crew: Crew,
    pub(super) counters: Counters,
    pub(super) pace: Pace,
    pub(super) faults: Arc<Armory<PoolFault>>,
    /// How many times fresh workers were wanted.
    pub(super) generation: AtomicU64,
    last_failure: Mutex<Option<Failure>>,
    /// Whom what happens to the threads is told.
    emitter: OnceLock<Emitter>,
    /// Threads of a `SyncArbiter` are started under a system.
    system: System,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) done: AtomicU64,
    pub(super) panics: AtomicU64,
    pub(super) shed: AtomicU64,
    pub(super) expired: AtomicU64,
    pub(super) abandoned: AtomicU64,
    pub(super) wait: Histogram,
    pub(super) run: Histogram,
}

impl<W: Unpin + 'static> Shared<W> {
    pub(super) fn new(spec: PoolSpec, make: Box<Make<W>>) -> Arc<Self> {
        Arc::new(Shared {
            make,
            queue: JobQueue::new(spec.queue),
            crew: Crew::new(spec.threads),
            counters: Counters::default(),
            pace: Pace::default(),
            faults: Arc::new(Armory::new()),
            generation: AtomicU64::new(0),
            last_failure: Mutex::new(None),
            emitter: OnceLock::new(),
            system: System::current(),
            spec,
        })
    }

    /// Puts threads in the place of those that are missing or stuck, unless the pool is closed.
    pub(super) fn tend(self: &Arc<Self>) {
        if self.queue.is_finished() {
            return;
        }
        let remedy = self.crew.remedy(self.spec.stall, Instant::now());
        let pool = &self.spec.name;
        for (seat, silent) in remedy.stuck {
            tracing::error!(%pool, thread = seat.number, ?silent, "a thread of the pool is stuck");
            self.emit(Happening::ThreadLost { thread: seat.number, loss: ThreadLoss::Stuck(silent) });
        }
        for seat in remedy.vacant {
            let thread = seat.number;
            if let Err(panic) = guarded(|| self.start_thread(seat.clone())) {
                tracing::error!(%pool, thread, reason = %panic.reason, "a thread of the pool could not be started");
                self.crew.leave(&seat);
            } else if thread >= self.spec.threads {
                tracing::warn!(%pool, thread, "a thread of the pool has been replaced");
                self.emit(Happening::ThreadReplaced { thread });
            }
        }
    }

    /// Has each thread make a fresh worker for its next job, unless the pool is closed; how many threads that are.
    pub(super) fn renew(self: &Arc<Self>) -> usize {
        if self.queue.is_finished() {
            return 0;
        }
        let restarts = self.generation.fetch_add(1, Relaxed) + 1;
        self.emit(Happening::Restarted { incarnation: restarts + 1, cause: RestartCause::Operator, lost: 0 });
        self.tend();
        self.spec.threads
    }

    /// A thread has ended by a panic of its own.
    pub(super) fn note_lost(&self, thread: usize, panic: &Panic) {
        let (pool, reason, location) = (&self.spec.name, &panic.reason, &panic.location);
        tracing::error!(%pool, thread, %reason, %location, "a thread of the pool has ended");
        self.crew.note_lost();
        self.note_failure(Failure::panic(panic, Some("thread")));
        self.emit(Happening::ThreadLost { thread, loss: ThreadLoss::Ended });
    }

    /// Notes why something of the pool failed.
    pub(super) fn note_failure(&self, failure: Failure) {
        *self.last_failure.lock() = Some(failure);
    }

    /// Has `emitter` told what happens to the threads; the first one counts.
    pub(super) fn report_to(&self, emitter: Emitter) {
        let _ = self.emitter.set(emitter);
    }

    fn emit(&self, happening: Happening) {
        if let Some(emitter) = self.emitter.get() {
            emitter.emit(happening);
        }
    }

    fn start_thread(self: &Arc<Self>, seat: Arc<Seat>) {
        if System::try_current().is_none() {
            System::set_current(self.system.clone());
        }
        let (shared, name) = (self.clone(), format!("{}-{}", self.spec.name, seat.number));
        SyncArbiter::start_with_thread_builder(
            1,
            move || thread::Builder::new().name(name.clone()),
            move || Bench::new(seat.clone(), shared.clone()),
        );
    }

    /// Queues a job, or fails it.
    pub(super) fn admit(&self, job: Box<dyn Job<W>>, now: Instant) {
        let Some(job) = self.skip(job, now) else { return };
        let queued = match self.queue.push(job) {
            Err(Refused::Full(job)) if self.sweep() => self.queue.push(job),
            queued => queued,
        };
        match queued {
            Ok(()) => {}
            Err(Refused::Full(job)) => job.fail(self.shed()),
            Err(Refused::Closed(job)) => job.fail(AskError::Stopped),
        }
    }

    /// Whether a job would be taken in; a refusal is counted.
    pub(super) fn has_room(&self) -> Result<(), AskError> {
        let has_room = || {
            let (waiting, threads) = (self.queue.len(), self.spec.threads);
            let soon =
                || waiting < ALWAYS_WAITING * threads || self.pace.time_for(waiting, threads) <= self.spec.max_wait;
            waiting < self.spec.queue && soon() && !self.is_stuck()
        };
        if has_room() || self.sweep() && has_room() { Ok(()) } else { Err(self.shed()) }
    }

    /// Whether all threads have been at work for far longer than anybody may wait, and than what is usual: a thread that
    /// did not get a core for a moment is not stuck.
    fn is_stuck(&self) -> bool {
        let tolerable = || self.spec.max_wait.saturating_mul(4).max(self.pace.time_for(ALWAYS_WAITING, 1));
        self.crew.silent(Instant::now()).is_some_and(|silent| silent > tolerable())
    }

    /// Lets go of what waits in a full queue although nobody wants it any more. Whether that made room.
    fn sweep(&self) -> bool {
        let now = Instant::now();
        let stale = self.queue.sweep(now, |job| job.fate(now) != Fate::Wanted);
        let made_room = !stale.is_empty();
        for job in stale {
            self.skip(job, now);
        }
        made_room
    }

    /// Lets go of a job that is not to be done, and counts it; gives it back if it is.
    pub(super) fn skip(&self, job: Box<dyn Job<W>>, now: Instant) -> Option<Box<dyn Job<W>>> {
        match job.fate(now) {
            Fate::Wanted => return Some(job),
            Fate::Expired => {
                self.counters.expired.fetch_add(1, Relaxed);
                job.fail(AskError::DeadlineExceeded);
            }
            Fate::Abandoned => {
                self.counters.abandoned.fetch_add(1, Relaxed);
                discard(job);
            }
        }
        None
    }

    /// Counts a refusal.
    fn shed(&self) -> AskError {
        self.counters.shed.fetch_add(1, Relaxed);
        AskError::Overloaded { retry_after: self.retry_after() }
    }

    /// When the jobs that wait now will have been done, by what they took of late; if none has been begun for longer than
    /// that, it will take at least as long again.
    fn retry_after(&self) -> Duration {
        let expected = self.pace.time_for(self.queue.len(), self.spec.threads);
        let silent = self.crew.silent(Instant::now()).unwrap_or_default();
        expected.max(silent).clamp(SHORTEST_RETRY, LONGEST_RETRY)
    }

    pub(super) fn status(&self) -> PoolStatus {
        let now = Instant::now();
        let muster = self.crew.muster(now);
        let counters = &self.counters;
        let run = counters.run.distribution();
        PoolStatus {
            name: self.spec.name.clone(),
            threads_expected: self.spec.threads,
            threads_live: muster.live,
            threads_stuck: muster.stuck,
            threads_lost: muster.lost,
            threads_replaced: muster.replaced,
            queue_depth: self.queue.len(),
            queue_bound: self.spec.queue,
            oldest: self.queue.peek(|job| job.sent_at()).map(|at| now.saturating_duration_since(at)),
            running: muster.running,
            stalled: muster.longest.filter(|&longest| longest > self.spec.stall),
            done: counters.done.load(Relaxed),
            panics: counters.panics.load(Relaxed),
            restarts: self.generation.load(Relaxed),
            last_failure: self.last_failure.lock().clone(),
            shed: counters.shed.load(Relaxed),
            expired: counters.expired.load(Relaxed),
            abandoned: counters.abandoned.load(Relaxed),
            wait: counters.wait.distribution(),
            run_p50: run.quantile(0.5),
            run_p99: run.quantile(0.99),
            run,
        }
    }
}
