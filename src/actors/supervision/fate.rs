//! Whether a message, or a job, that has waited is still worth its work.

use tokio::time::Instant;

use super::Scope;

/// What is to become of a message that has waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Somebody waits for the answer, and there is time left.
    Wanted,
    /// Its deadline has passed.
    Expired,
    /// Nobody waits for the answer any more.
    Abandoned,
}

impl Fate {
    /// The fate at `now` of a message with this scope, whose asker `is_gone` or not.
    pub(super) fn of(scope: &Scope, is_gone: bool, now: Instant) -> Self {
        if scope.deadline().is_some_and(|deadline| deadline.passed_by(now)) {
            Fate::Expired
        } else if is_gone {
            Fate::Abandoned
        } else {
            Fate::Wanted
        }
    }
}
