//! A message on its way through a pool.

use std::sync::atomic::Ordering::Relaxed;

use actix::Message;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Work;
use super::fault::PoolFault;
use super::shared::Counters;
use crate::actors::supervision::fate::Fate;
use crate::actors::supervision::fault::Armory;
use crate::actors::supervision::guard::{Panic, discard, guarded};
use crate::actors::supervision::reply::Outcome;
use crate::actors::supervision::{AskError, Scope};

/// A message of some type for a worker `W`.
pub(super) trait Job<W>: Send {
    fn fate(&self, now: Instant) -> Fate;
    /// When it was put into the queue.
    fn sent_at(&self) -> Instant;
    /// Does the work, counts it, and answers, also that it panicked.
    fn run(self: Box<Self>, worker: &mut W, counters: &Counters, faults: &Armory<PoolFault>) -> Result<(), Panic>;
    /// Answers that the work will not be done.
    fn fail(self: Box<Self>, error: AskError);
}

/// The only kind of [`Job`].
pub(super) struct Order<M: Message> {
    message: M,
    reply_to: oneshot::Sender<Outcome<M::Result>>,
    scope: Scope,
    sent_at: Instant,
}

impl<M: Message> Order<M> {
    pub(super) fn new(
        message: M,
        reply_to: oneshot::Sender<Outcome<M::Result>>,
        scope: Scope,
        sent_at: Instant,
    ) -> Self {
        Order { message, reply_to, scope, sent_at }
    }
}

impl<W, M> Job<W> for Order<M>
where
    W: Work<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn fate(&self, now: Instant) -> Fate {
        Fate::of(&self.scope, self.reply_to.is_closed(), now)
    }

    fn sent_at(&self) -> Instant {
        self.sent_at
    }

    fn run(self: Box<Self>, worker: &mut W, counters: &Counters, faults: &Armory<PoolFault>) -> Result<(), Panic> {
        let Order { message, reply_to, scope, sent_at } = *self;
        scope.delivered(sent_at.elapsed());
        let worked = guarded(|| {
            faults.in_job();
            scope.run(|| worker.work(message))
        });
        match worked {
            Ok(result) => {
                counters.done.fetch_add(1, Relaxed);
                discard(reply_to.send(Ok(result)));
                Ok(())
            }
            Err(panic) => {
                counters.panics.fetch_add(1, Relaxed);
                let error = AskError::Crashed { reason: panic.reason.clone() };
                scope.failed(&error);
                discard(reply_to.send(Err(Box::new(error))));
                Err(panic)
            }
        }
    }

    fn fail(self: Box<Self>, error: AskError) {
        let Order { message, reply_to, scope, .. } = *self;
        scope.failed(&error);
        discard(reply_to.send(Err(Box::new(error))));
        discard(message);
    }
}
