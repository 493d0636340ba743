//! Letting go of messages that nobody waits for any more: when their turn comes, and when a mailbox is full.

use std::time::Duration;

use actix::{Actor, Context};
use tokio::time::Instant;

use super::AskError;
use super::envelope::BoxEnvelope;
use super::fate::Fate;
use super::mailbox::Shared;

/// A sweep looks at the whole mailbox, so a flood of refusals gets no more than one in this time.
const BETWEEN_SWEEPS: Duration = Duration::from_millis(10);

impl<A: Actor<Context = Context<A>>> Shared<A> {
    /// Makes room: lets go of messages whose deadline has passed or whose asker is gone. Whether there were any.
    pub(super) fn sweep(&self, now: Instant) -> bool {
        if self.swept_at.age(now).is_some_and(|age| age < BETWEEN_SWEEPS) {
            return false;
        }
        self.swept_at.set(now);
        let useless = self.queue.take_out(|envelope| envelope.fate(now) != Fate::Wanted);
        let swept = !useless.is_empty();
        for envelope in useless {
            self.skip(envelope, now);
        }
        swept
    }

    /// Lets go of a message that is not to be handled, and counts it; gives it back if it is.
    pub(super) fn skip(&self, envelope: BoxEnvelope<A>, now: Instant) -> Option<BoxEnvelope<A>> {
        match envelope.fate(now) {
            Fate::Wanted => return Some(envelope),
            Fate::Expired => envelope.fail(&self.vitals.tallies, AskError::DeadlineExceeded),
            Fate::Abandoned => envelope.abandon(&self.vitals.tallies),
        }
        None
    }
}
