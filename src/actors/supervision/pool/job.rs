//! A message on its way through a pool.

use std::sync::atomic::Ordering::Relaxed;

use actix::Message;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Counters, Work};
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
    /// When it was put into the queue.
    fn sent_at(&self) -> Instant;
    /// Does the work, counts it, and answers, also that it panicked.
    fn run(self: Box<Self>, worker: &mut W, counters: &Counters) -> Result<(), Panic>;
    /// Answers that the work will not be done.
    fn fail(self: Box<Self>, error: AskError);
}

/// The only kind of [`Job`].
pub(super) struct Order<M: Message> {
    message: M,
    reply_to: oneshot::Sender<Result<M::Result, AskError>>,
    deadline: Deadline,
    sent_at: Instant,
}

impl<M: Message> Order<M> {
    pub(super) fn new(message: M, reply_to: oneshot::Sender<Result<M::Result, AskError>>, deadline: Deadline) -> Self {
        Order { message, reply_to, deadline, sent_at: Instant::now() }
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

    fn sent_at(&self) -> Instant {
        self.sent_at
    }

    fn run(self: Box<Self>, worker: &mut W, counters: &Counters) -> Result<(), Panic> {
        let Order { message, reply_to, .. } = *self;
        match guarded(|| worker.work(message)) {
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
