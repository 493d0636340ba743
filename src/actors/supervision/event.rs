//! What can happen to actors and pools.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Failure, State};

/// Something that happened to one actor or pool.
#[derive(Clone, Debug)]
pub struct Event {
    /// Which event of this supervisor it is: without gaps, from the start of the supervisor on in microseconds since 1970.
    /// So those of a process that is started later are greater than those of one before; all are safe integers of JSON.
    pub sequence: u64,
    /// When.
    pub at: SystemTime,
    /// The actor with its replica, as in `customers/1`, or the pool.
    pub actor: Arc<str>,
    /// What.
    pub happening: Happening,
}

/// What can happen to an actor or a pool.
#[derive(Clone, Debug)]
pub enum Happening {
    /// The actor entered another state.
    StateChanged {
        /// The state before.
        from: State,
        /// The state now.
        to: State,
    },
    /// An incarnation that is not the first is being made; of a pool, all workers are for their next jobs.
    Restarted {
        /// Its number, counted from 1.
        incarnation: u64,
        /// What made it necessary.
        cause: RestartCause,
        /// Messages in flight that went down with the one before; not those whose own panic ended it.
        lost: usize,
    },
    /// Too many restarts: the actor takes no messages for now.
    Failed {
        /// The failure that was one too many.
        failure: Failure,
        /// When it will be tried again; `None` leaves that to an operator.
        cool_down: Option<Duration>,
    },
    /// The actor makes no progress, or a job of the pool does not end.
    Stalled {
        /// For how long already.
        silent: Duration,
    },
    /// The stall told of before is over.
    Recovered,
    /// A thread of the pool takes no more jobs.
    ThreadLost {
        /// Which one, counted from 0.
        thread: usize,
        /// Why.
        loss: ThreadLoss,
    },
    /// Another thread has taken the place of one that was lost.
    ThreadReplaced {
        /// Which one, counted from 0.
        thread: usize,
    },
}

/// Why an actor was given another incarnation.
#[derive(Clone, Debug)]
pub enum RestartCause {
    /// The one before ended; this is how.
    Failure(Failure),
    /// An operator wanted it.
    Operator,
    /// An actor it depends on was given another incarnation.
    Dependency(Arc<str>),
}

/// How a pool lost a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadLoss {
    /// It ended.
    Ended,
    /// A job has been keeping it for this long.
    Stuck(Duration),
}

impl Happening {
    /// The name used in logs, metrics and views.
    pub const fn kind(&self) -> &'static str {
        match self {
            Happening::StateChanged { .. } => "state_changed",
            Happening::Restarted { .. } => "restarted",
            Happening::Failed { .. } => "failed",
            Happening::Stalled { .. } => "stalled",
            Happening::Recovered => "recovered",
            Happening::ThreadLost { .. } => "thread_lost",
            Happening::ThreadReplaced { .. } => "thread_replaced",
        }
    }
}

impl fmt::Display for RestartCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestartCause::Failure(failure) => f.write_str(&failure.reason),
            RestartCause::Operator => f.write_str("restarted by an operator"),
            RestartCause::Dependency(actor) => write!(f, "restarted together with {actor}"),
        }
    }
}
