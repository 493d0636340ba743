//! What the supervisor needs of those it watches over, whatever their types.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::{ActorStatus, Deadline, Drained, Emitter, Mailbox, PoolStatus, RestartCause, State};

/// An actor.
pub(super) trait Child: Send + Sync {
    /// Name and replica, as in `customers/1`.
    fn full_name(&self) -> &Arc<str>;
    /// Whether it is, or is a replica of, the actor of this name.
    fn is_named(&self, name: &str) -> bool;
    fn status(&self) -> ActorStatus;
    fn state(&self) -> State;
    /// Whether it has come to its end, by its policy or because that was wanted.
    fn has_finished(&self) -> bool;
    /// The name, if the actor ought to take messages and does not.
    fn unready(&self) -> Option<Arc<str>>;
    /// For how long it has made no progress, if that is longer than allowed.
    fn stalled(&self) -> Option<Duration>;
    fn emitter(&self) -> &Emitter;
    fn restart(&self, cause: RestartCause);
    fn drain(&self, deadline: Deadline) -> BoxFuture<'static, Drained>;
}

impl<A: Actor<Context = Context<A>>> Child for Mailbox<A> {
    fn full_name(&self) -> &Arc<str> {
        Mailbox::full_name(self)
    }

    fn is_named(&self, name: &str) -> bool {
        self.shared().vitals.spec.name == name || **self.full_name() == *name
    }

    fn status(&self) -> ActorStatus {
        Mailbox::status(self)
    }

    fn state(&self) -> State {
        Mailbox::state(self)
    }

    fn has_finished(&self) -> bool {
        self.state() == State::Stopped && self.shared().vitals.is_at_its_end()
    }

    fn unready(&self) -> Option<Arc<str>> {
        let ready = Mailbox::status(self).ready || self.shared().vitals.is_at_its_end();
        (!ready).then(|| self.full_name().clone())
    }

    fn stalled(&self) -> Option<Duration> {
        Mailbox::stalled(self, Instant::now())
    }

    fn emitter(&self) -> &Emitter {
        &self.shared().vitals.emitter
    }

    fn restart(&self, cause: RestartCause) {
        self.restart_because(cause);
    }

    fn drain(&self, deadline: Deadline) -> BoxFuture<'static, Drained> {
        let mailbox = self.clone();
        Box::pin(async move { mailbox.drain(deadline).await })
    }
}

/// A pool.
pub(super) trait Tended: Send + Sync {
    fn status(&self) -> PoolStatus;

    /// Has the pool tell what happens to its threads.
    fn report_to(&self, emitter: Emitter);

    /// Puts threads in the place of those that ended or are stuck. Called from time to time by a thread that is
    /// none of the pool's; returns at once.
    fn tend(&self);

    /// Has every thread remake its worker before its next job. How many threads that are.
    fn restart(&self) -> usize;

    /// Takes no more jobs, has those accepted done until `deadline`, and ends the threads.
    fn drain(&self, deadline: Deadline) -> BoxFuture<'static, Drained>;
}
