//! Clearing a full mailbox of messages that nobody waits for any more.

use std::time::Duration;

use actix::{Actor, Context};
use tokio::time::Instant;

use super::AskError;
use super::envelope::Fate;
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
        let useless = self.queue.take_out(|envelope| envelope.fate(now) != Fate::Deliver);
        let swept = !useless.is_empty();
        for envelope in useless {
            match envelope.fate(now) {
                Fate::Expired => envelope.fail(&self.vitals.tallies, AskError::DeadlineExceeded),
                Fate::Abandoned | Fate::Deliver => envelope.abandon(&self.vitals.tallies),
            }
        }
        swept
    }
}
