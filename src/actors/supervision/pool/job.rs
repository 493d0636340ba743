//! A message on its way through a pool.

use std::sync::atomic::Ordering::Relaxed;

use actix::Message;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Work;
use super::fault::PoolFault;
use super::shared::Counters;
use crate::actors::supervision::fault::Armory;
use crate::actors::supervision::guard::{Panic, discard, guarded};
use crate::actors::supervision::{AskError, Deadline};

/// Whether a job that has waited is still worth doing.
pub(super) enum Fate {
    Run,
    Expired,
    Abandoned,
}

/// A message of some type for a worker `W`.
pub(super) trait Job<W>: Send {
    fn fate(&self, now: Instant) -> Fate;
    /// Does the work, counts it, and answers, also that it panicked.
    fn run(self: Box<Self>, worker: &mut W, counters: &Counters, faults: &Armory<PoolFault>) -> Result<(), Panic>;
    /// Answers that the work will not be done.
    fn fail(self: Box<Self>, error: AskError);
}

/// The only kind of [`Job`].
pub(super) struct Order<M: Message> {
    message: M,
    reply_to: oneshot::Sender<Result<M::Result, AskError>>,
    deadline: Deadline,
}

impl<M: Message> Order<M> {
    pub(super) fn new(message: M, reply_to: oneshot::Sender<Result<M::Result, AskError>>, deadline: Deadline) -> Self {
        Order { message, reply_to, deadline }
    }
}

impl<W, M> Job<W> for Order<M>
where
    W: Work<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn fate(&self, now: Instant) -> Fate {
        if self.deadline.passed_by(now) {
            Fate::Expired
        } else if self.reply_to.is_closed() {
            Fate::Abandoned
        } else {
            Fate::Run
        }
    }

    fn run(self: Box<Self>, worker: &mut W, counters: &Counters, faults: &Armory<PoolFault>) -> Result<(), Panic> {
        let Order { message, reply_to, .. } = *self;
        let worked = guarded(|| {
            faults.in_job();
            worker.work(message)
        });
        match worked {
            Ok(result) => {
                counters.done.fetch_add(1, Relaxed);
                discard(reply_to.send(Ok(result)));
                Ok(())
            }
            Err(panic) => {
                counters.panics.fetch_add(1, Relaxed);
                let reason = panic.reason.clone();
                discard(reply_to.send(Err(AskError::Crashed { reason })));
                Err(panic)
            }
        }
    }

    fn fail(self: Box<Self>, error: AskError) {
        let Order { message, reply_to, .. } = *self;
        discard(reply_to.send(Err(error)));
        discard(message);
    }
}
