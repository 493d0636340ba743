//! How one actor is to be run.

use std::time::Duration;

use super::restart::{Backoff, Restart, RestartPolicy};

/// Name, bounds and restart policy of a supervised actor.
///
/// ```
/// use std::time::Duration;
/// use clientele::actors::supervision::ActorSpec;
///
/// let spec = ActorSpec::new("customers")
///     .replica(1)
///     .mailbox(512)
///     .intensity(10, Duration::from_secs(60));
/// assert_eq!(spec.full_name(), "customers/1");
/// ```
#[derive(Clone, Debug)]
pub struct ActorSpec {
    pub(super) name: String,
    pub(super) replica: usize,
    pub(super) mailbox: usize,
    pub(super) max_in_flight: usize,
    pub(super) policy: RestartPolicy,
    pub(super) cool_down: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) start_timeout: Duration,
    pub(super) stall: Duration,
}

impl ActorSpec {
    /// An actor with the defaults named at each setting below.
    pub fn new(name: impl Into<String>) -> Self {
        ActorSpec {
            name: name.into(),
            replica: 0,
            mailbox: 1024,
            max_in_flight: 64,
            policy: RestartPolicy::default(),
            cool_down: Some(Duration::from_secs(30)),
            grace: Duration::from_secs(1),
            start_timeout: Duration::from_secs(10),
            stall: Duration::from_secs(5),
        }
    }

    /// Which of several equal actors this one is; 0 by default.
    pub fn replica(mut self, replica: usize) -> Self {
        self.replica = replica;
        self
    }

    /// How many messages may wait; one more is told [`Overloaded`](super::AskError::Overloaded). 1024 by default, at least 1.
    pub fn mailbox(mut self, bound: usize) -> Self {
        self.mailbox = bound.max(1);
        self
    }

    /// How many asynchronous handlers may run at once; with 1 the actor is strictly serial. 64 by default, at least 1.
    pub fn max_in_flight(mut self, bound: usize) -> Self {
        self.max_in_flight = bound.max(1);
        self
    }

    /// Which ends are followed by a new incarnation; [`Restart::Permanent`] by default.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.policy.restart = restart;
        self
    }

    /// More than `max` restarts within `period` and the actor is [`Failed`](super::State::Failed). 10 in a minute by default.
    pub fn intensity(mut self, max: usize, period: Duration) -> Self {
        self.policy.max_restarts = max;
        self.policy.period = period;
        self
    }

    /// The delays before restarts; see [`Backoff::default`].
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.policy.backoff = backoff;
        self
    }

    /// How long a failed actor rests before it is tried again; `None` waits for an operator. 30 s by default.
    pub fn cool_down(mut self, cool_down: Option<Duration>) -> Self {
        self.cool_down = cool_down;
        self
    }

    /// How long messages in flight may go on after a neighbour panicked; 0 ends them at once. 1 s by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How long the factory may take. 10 s by default.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// Without progress for this long, messages waiting, the actor counts as stalled. 5 s by default.
    pub fn stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// Name and replica, as in `customers/1`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.name, self.replica)
    }
}
