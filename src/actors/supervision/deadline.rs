//! How long a caller is willing to wait.

use std::time::Duration;

use tokio::time::Instant;

use super::scope::current_deadline;

/// Stands in for "never" where a duration is too long to be added to the clock.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// The moment at which an answer stops being of use.
///
/// A deadline travels with a message and is handed on from hop to hop, so that a request has one budget however many
/// actors serve it: an ask that is made while another is worked on ends when that one does, at the latest. It is a point in tokio's time: virtual in tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that lies `duration` ahead of now.
    pub fn within(duration: Duration) -> Self {
        let now = Instant::now();
        Deadline(now.checked_add(duration).unwrap_or(now + FAR))
    }

    /// The deadline at a given instant.
    pub fn at(instant: Instant) -> Self {
        Deadline(instant)
    }

    /// The deadline of the message, or the request, that is being worked on here; `None` outside of any.
    pub fn current() -> Option<Self> {
        current_deadline()
    }

    /// This deadline or the [current](Self::current) one, whichever comes first.
    pub fn capped(self) -> Self {
        current_deadline().map_or(self, |current| self.min(current))
    }

    /// The instant at which the deadline passes.
    pub fn instant(self) -> Instant {
        self.0
    }

    /// The time left; zero when the deadline is past.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether the deadline has passed.
    pub fn is_past(self) -> bool {
        self.passed_by(Instant::now())
    }

    /// Whether the deadline has passed at `now`; spares a look at the clock.
    pub(super) fn passed_by(self, now: Instant) -> bool {
        now >= self.0
    }
}
