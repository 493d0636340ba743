//! Whoever serves a mailbox holds its tenancy; when that ends, so does the mailbox.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use actix::{Actor, Context};
use tokio::time::Instant;

use super::fate::Fate;
use super::guard::discard;
use super::mailbox::Shared;
use super::{AskError, State};

/// The one right to serve a mailbox.
///
/// It travels to the thread of the actor and lives in its cell. If either is dropped, because the thread is
/// gone, the mailbox is closed and everyone who waits is told so.
pub(super) struct Tenancy<A: Actor<Context = Context<A>>> {
    shared: Arc<Shared<A>>,
}

impl<A: Actor<Context = Context<A>>> Tenancy<A> {
    pub(super) fn new(shared: Arc<Shared<A>>) -> Self {
        Tenancy { shared }
    }

    pub(super) fn shared(&self) -> Arc<Shared<A>> {
        self.shared.clone()
    }

    /// Closes the mailbox and tells those who wait. How many messages are dropped by this.
    pub(super) fn end(&self) -> usize {
        let in_flight = self.vitals.in_flight.load(Relaxed);
        self.vitals.down();
        self.vitals.enter(State::Stopped);
        self.queue.close();
        self.control.close();
        let dropped = in_flight + self.refuse_queued(&AskError::Stopped);
        self.vitals.unanswered.fetch_add(dropped, Relaxed);
        // Only now: whoever drains learns by the drop of its command that there is no more to be dropped.
        while let Some(command) = self.control.pop() {
            discard(command);
        }
        dropped
    }

    /// Fails what waits and cannot be answered by its deadline, because no message is taken before `until`.
    pub(super) fn refuse_hopeless(&self, until: Instant, error: &AskError) {
        let now = Instant::now();
        for envelope in self.queue.take_out(|envelope| envelope.fate(until) == Fate::Expired) {
            if let Some(envelope) = self.skip(envelope, now) {
                envelope.fail(&self.vitals.tallies, error.clone());
            }
        }
    }

    /// Fails every message that waits. How many there were.
    pub(super) fn refuse_queued(&self, error: &AskError) -> usize {
        let mut refused = 0;
        while let Some(envelope) = self.queue.pop() {
            envelope.fail(&self.vitals.tallies, error.clone());
            refused += 1;
        }
        refused
    }
}

impl<A: Actor<Context = Context<A>>> Deref for Tenancy<A> {
    type Target = Shared<A>;

    fn deref(&self) -> &Shared<A> {
        &self.shared
    }
}

impl<A: Actor<Context = Context<A>>> Drop for Tenancy<A> {
    fn drop(&mut self) {
        if self.vitals.state() != State::Stopped {
            let dropped = self.end();
            let actor = self.vitals.spec.full_name();
            match dropped {
                0 => tracing::debug!(%actor, "the thread of the actor ended before the actor"),
                _ => tracing::warn!(%actor, dropped, "the thread of the actor ended before the actor"),
            }
        }
    }
}
