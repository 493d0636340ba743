//! CPU-bound and blocking work, on threads of its own behind a bounded queue.

mod bench;
mod job;
mod queue;
mod tended;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use actix::{Message, SyncArbiter};
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::bench::{Bench, Make};
use self::job::{Job, Order};
use self::queue::{JobQueue, Refused};
use super::clock::Moment;
use super::histogram::Histogram;
use super::reply::Reply;
use super::{AskError, Deadline, PoolStatus, StartError};

/// The shortest and the longest estimate given to those who are refused.
const SHORTEST_RETRY: Duration = Duration::from_millis(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// A worker that does what `M` asks for, blocking its thread.
pub trait Work<M: Message>: Unpin + 'static {
    /// Does the work. A panic fails this message alone; the worker is replaced.
    fn work(&mut self, message: M) -> M::Result;
}

/// Name and bounds of a pool.
#[derive(Clone, Debug)]
pub struct PoolSpec {
    name: String,
    threads: usize,
    queue: usize,
    stall: Duration,
}

impl PoolSpec {
    /// A pool of one thread, with the defaults named at each setting below.
    pub fn new(name: impl Into<String>) -> Self {
        PoolSpec { name: name.into(), threads: 1, queue: 16, stall: Duration::from_secs(30) }
    }

    /// How many threads work; 1 by default, at least 1.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// How many jobs may wait; one more is told [`AskError::Overloaded`]. 16 by default, at least 1.
    pub fn queue(mut self, bound: usize) -> Self {
        self.queue = bound.max(1);
        self
    }

    /// A job at work for longer than this counts as stalled. 30 s by default.
    pub fn stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }
}

/// Threads of an actix [`SyncArbiter`] that share one bounded queue: cheap to clone, usable from every thread.
///
/// Invariants: never more than `queue` jobs wait; a job whose deadline has passed or whose asker is gone is skipped;
/// no panic costs a thread. When the last clone is dropped, what is queued is done, then the threads end.
pub struct Pool<W: 'static> {
    shared: Arc<Shared<W>>,
    _closer: Arc<Closer<W>>,
}

struct Shared<W: 'static> {
    spec: PoolSpec,
    queue: JobQueue<Box<dyn Job<W>>>,
    /// Since when each thread has been at work.
    busy: Vec<Moment>,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    live: AtomicUsize,
    done: AtomicU64,
    panics: AtomicU64,
    shed: AtomicU64,
    expired: AtomicU64,
    abandoned: AtomicU64,
    wait: Histogram,
    run: Histogram,
}

/// Closes the queue with the last handle; the threads hold `Shared`, but not this.
struct Closer<W: 'static>(Arc<Shared<W>>);

impl<W: 'static> Drop for Closer<W> {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

impl<W: Unpin + 'static> Pool<W> {
    /// Starts the threads. `make` is called on each of them with its first job, and again after a panic.
    ///
    /// # Panics
    /// Outside of an actix system, or when the operating system gives no thread.
    pub fn start(spec: PoolSpec, make: impl Fn() -> Result<W, StartError> + Send + Sync + 'static) -> Self {
        let epoch = Instant::now();
        let shared = Arc::new(Shared {
            queue: JobQueue::new(spec.queue),
            busy: (0..spec.threads).map(|_| Moment::unset(epoch)).collect(),
            counters: Counters::default(),
            spec,
        });
        let make: Arc<Make<W>> = Arc::new(make);
        for place in 0..shared.spec.threads {
            start_thread(place, &make, &shared);
        }
        Pool { _closer: Arc::new(Closer(shared.clone())), shared }
    }

    /// Sends `message` and waits for the answer until `deadline`.
    ///
    /// The message is taken in, or refused, at the call; the future only waits. Dropping the future cancels a job
    /// that is still queued; one at work is done to its end.
    ///
    /// # Errors
    /// See [`AskError`]. [`AskError::Unavailable`] when the worker could not be made.
    pub fn ask<M>(
        &self,
        deadline: Deadline,
        message: M,
    ) -> impl Future<Output = Result<M::Result, AskError>> + Send + use<W, M>
    where
        W: Work<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let (reply_to, answer) = oneshot::channel();
        let order = Box::new(Order::new(message, reply_to, deadline));
        let admitted = self.shared.admit(order).map(|()| answer);
        Reply::new(admitted, deadline)
    }

    /// Whether a message sent now would be taken in. Asked before work that a refusal would make useless.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], as [`ask`](Pool::ask) would answer; it counts as refused there too.
    pub fn has_room(&self) -> Result<(), AskError> {
        if self.shared.queue.len() < self.shared.spec.queue { Ok(()) } else { Err(self.shared.shed()) }
    }

    /// The pool at this moment.
    pub fn status(&self) -> PoolStatus {
        self.shared.status()
    }
}

fn start_thread<W: Unpin + 'static>(place: usize, make: &Arc<Make<W>>, shared: &Arc<Shared<W>>) {
    let (make, shared) = (make.clone(), shared.clone());
    let name = format!("{}-{place}", shared.spec.name);
    SyncArbiter::start_with_thread_builder(
        1,
        move || thread::Builder::new().name(name.clone()),
        move || Bench { place, worker: None, make: make.clone(), shared: shared.clone() },
    );
}

impl<W> Shared<W> {
    fn admit(&self, job: Box<dyn Job<W>>) -> Result<(), AskError> {
        self.queue.push(job).map_err(|refused| match refused {
            Refused::Full(_) => self.shed(),
            Refused::Closed(_) => AskError::Stopped,
        })
    }

    /// Counts a refusal.
    fn shed(&self) -> AskError {
        self.counters.shed.fetch_add(1, Relaxed);
        AskError::Overloaded { retry_after: self.retry_after() }
    }

    /// When the jobs that wait now will have been done, going by the median.
    fn retry_after(&self) -> Duration {
        let rounds = self.spec.queue.div_ceil(self.spec.threads);
        let median = self.counters.run.quantile(0.5);
        let expected = median.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX));
        expected.clamp(SHORTEST_RETRY, LONGEST_RETRY)
    }

    fn status(&self) -> PoolStatus {
        let now = Instant::now();
        let busy: Vec<_> = self.busy.iter().filter_map(|since| since.age(now)).collect();
        let counters = &self.counters;
        let run = counters.run.distribution();
        PoolStatus {
            name: self.spec.name.clone(),
            threads_expected: self.spec.threads,
            threads_live: counters.live.load(Relaxed),
            queue_depth: self.queue.len(),
            queue_bound: self.spec.queue,
            running: busy.len(),
            stalled: busy.into_iter().max().filter(|&longest| longest > self.spec.stall),
            done: counters.done.load(Relaxed),
            panics: counters.panics.load(Relaxed),
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

impl<W> Clone for Pool<W> {
    fn clone(&self) -> Self {
        Pool { shared: self.shared.clone(), _closer: self._closer.clone() }
    }
}

impl<W> fmt::Debug for Pool<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({})", self.shared.spec.name)
    }
}
