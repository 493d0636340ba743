//! What an actor is doing, seen from outside.

use std::fmt;

/// The state of a supervised actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// An incarnation is being made, or the one before has only to finish what is in flight; messages wait.
    Starting,
    /// Messages are taken.
    Running,
    /// The next incarnation is due after a delay; messages wait if their deadline allows it.
    BackingOff,
    /// Too many restarts in too short a time; messages are refused until the cool-down is over.
    Failed,
    /// An operator holds the actor; messages wait.
    Suspended,
    /// What was accepted is being answered; nothing new is taken.
    Draining,
    /// The end: no incarnation will follow.
    Stopped,
}

impl State {
    /// All of them.
    pub const ALL: [State; 7] = [
        State::Starting,
        State::Running,
        State::BackingOff,
        State::Failed,
        State::Suspended,
        State::Draining,
        State::Stopped,
    ];

    /// The name used in logs, metrics and views.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Running => "running",
            State::BackingOff => "backing_off",
            State::Failed => "failed",
            State::Suspended => "suspended",
            State::Draining => "draining",
            State::Stopped => "stopped",
        }
    }

    /// The state stored as `code`, the inverse of `self as u8`.
    pub(super) fn from_code(code: u8) -> State {
        Self::ALL[usize::from(code)]
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn every_state_survives_the_way_through_its_code() {
        for state in State::ALL {
            assert_eq!(State::from_code(state as u8), state);
        }
    }
}
