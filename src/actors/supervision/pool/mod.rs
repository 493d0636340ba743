//! CPU-bound and blocking work, on threads of its own behind a bounded queue.

mod bench;
mod crew;
mod fault;
mod job;
mod pace;
mod queue;
mod shared;
mod spec;
mod tended;

use std::fmt;
use std::sync::Arc;

use actix::Message;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

pub use self::fault::PoolFault;
use self::job::Order;
use self::shared::Shared;
pub use self::spec::PoolSpec;
use super::reply::Reply;
use super::scope::{Scope, job_span};
use super::{AskError, Deadline, Drained, Injected, Injection, PoolStatus, StartError};

/// A worker that does what `M` asks for, blocking its thread.
pub trait Work<M: Message>: Unpin + 'static {
    /// Does the work. A panic fails this message alone; the worker is replaced.
    fn work(&mut self, message: M) -> M::Result;
}

/// Threads of an actix [`SyncArbiter`](actix::SyncArbiter) that share one bounded queue: cheap to clone, usable from
/// every thread.
///
/// Invariants: never more than `queue` jobs wait; a job whose deadline has passed or whose asker is gone is skipped;
/// a panic costs no thread. A thread that ends all the same is replaced at once, and one that is stuck with a job when
/// the pool is next [tended](Pool::tend): it answers when it can, and retires. When the last clone is dropped, what is
/// queued is done, then the threads end.
pub struct Pool<W: 'static> {
    shared: Arc<Shared<W>>,
    _closer: Arc<Closer<W>>,
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
    /// Outside of an actix system.
    pub fn start(spec: PoolSpec, make: impl Fn() -> Result<W, StartError> + Send + Sync + 'static) -> Self {
        let shared = Shared::new(spec, Box::new(make));
        shared.tend();
        Pool { _closer: Arc::new(Closer(shared.clone())), shared }
    }

    /// Sends `message` and waits for the answer until `deadline`, or that of the message which is being handled here, if
    /// that comes first.
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
        let (now, deadline) = (Instant::now(), deadline.capped());
        let scope = Scope::new(Some(deadline), job_span::<M>(&self.shared.spec.name));
        let order = Box::new(Order::new(message, reply_to, scope, now));
        self.shared.admit(order, now);
        Reply::new(answer, deadline)
    }

    /// Whether there is room for what a message will need: the queue is not full, the wait is not longer than the
    /// spec's [`max_wait`](PoolSpec::max_wait), and the threads are not stuck. Asked before work that a refusal in the middle of it would make useless.
    ///
    /// # Errors
    /// [`AskError::Overloaded`]; it counts as refused here too.
    pub fn has_room(&self) -> Result<(), AskError> {
        self.shared.has_room()
    }

    /// Puts threads in the place of those that are missing, or stuck with a job for longer than the spec's `stall`.
    ///
    /// Called from time to time, by a thread that is none of the pool's; returns at once. As many threads as the pool
    /// was started with can be replaced while they are stuck; more are only reported.
    pub fn tend(&self) {
        self.shared.tend();
    }

    /// Has each thread make a fresh worker for its next job, and [tends](Pool::tend) the pool. How many threads that
    /// are: none once the pool is drained.
    pub fn restart(&self) -> usize {
        self.shared.renew()
    }

    /// Takes no more jobs, has those accepted done until `deadline`, and ends the threads. What waits then is told
    /// [`AskError::Stopped`]; what is at work cannot be broken off.
    pub async fn drain(&self, deadline: Deadline) -> Drained {
        self.shared.queue.close();
        let gone = self.shared.crew.gone(|| self.shared.queue.is_finished());
        if timeout_at(deadline.instant(), gone).await.is_ok() {
            return Drained::default();
        }
        let waiting = self.shared.queue.take_all();
        let dropped = waiting.len() + self.shared.crew.muster(Instant::now()).running;
        for job in waiting {
            job.fail(AskError::Stopped);
        }
        Drained { dropped, timed_out: true }
    }

    /// Injects a fault, which goes off at its next occasion; for tests and drills.
    pub fn inject(&self, fault: impl Into<Injection<PoolFault>>) -> Injected {
        self.shared.faults.arm(fault.into())
    }

    /// The pool at this moment.
    pub fn status(&self) -> PoolStatus {
        self.shared.status()
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
