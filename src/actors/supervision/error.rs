//! What an asker can be told instead of an answer, and why an actor could not be made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::State;

/// Bounds of the estimate given to those who are refused.
pub(super) const SHORTEST_RETRY: Duration = Duration::from_millis(1);
pub(super) const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Why a message was not answered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AskError {
    /// The mailbox, or the queue of the pool, is full.
    #[error("overloaded, retry in {retry_after:?}")]
    Overloaded {
        /// When the backlog seen now will have been worked off, by the recent pace.
        retry_after: Duration,
    },
    /// The actor takes no messages, or none that this message's deadline allows to wait for.
    #[error("unavailable while {}, retry in {retry_after:?}", .state.as_str())]
    Unavailable {
        /// The state that stands in the way.
        state: State,
        /// When the actor will be tried again.
        retry_after: Duration,
    },
    /// The deadline passed before there was an answer.
    #[error("the deadline passed")]
    DeadlineExceeded,
    /// The handler panicked, or its incarnation ended under it.
    #[error("crashed: {reason}")]
    Crashed {
        /// The panic's message, or how the incarnation ended. Fit for logs, not for clients.
        reason: Arc<str>,
    },
    /// The actor was shut down before it came to the message.
    #[error("stopped")]
    Stopped,
}

impl AskError {
    /// One word for it, of a few.
    pub fn kind(&self) -> &'static str {
        match self {
            AskError::Overloaded { .. } => "overloaded",
            AskError::Unavailable { .. } => "unavailable",
            AskError::DeadlineExceeded => "deadline_exceeded",
            AskError::Crashed { .. } => "crashed",
            AskError::Stopped => "stopped",
        }
    }
}

/// Why a factory could not make an actor or a worker.
///
/// The text ends up in logs and in the actor's status: name what failed, leave out secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError(Arc<str>);

impl StartError {
    /// A failure described by `reason`, usually the error that stopped the factory.
    pub fn new(reason: impl fmt::Display) -> Self {
        StartError(reason.to_string().into())
    }

    /// The description, shared.
    pub(super) fn reason(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// `StartError` itself is no `std::error::Error`, which is what lets `?` turn any error into one.
impl<E: std::error::Error> From<E> for StartError {
    fn from(error: E) -> Self {
        StartError::new(error)
    }
}
