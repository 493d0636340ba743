//! The lane beside the mailbox, which a flood of messages does not block.

use actix::{Actor, Context};
use tokio::sync::oneshot;

use super::{Deadline, RestartCause};

/// Commands that may wait to be obeyed; the cell obeys them before it takes a message.
pub(super) const CONTROL_BOUND: usize = 1024;

/// Something to be run inside the actor.
pub(super) type Visit<A> = Box<dyn FnOnce(&mut A, &mut Context<A>) + Send>;

/// What operators, tests and the supervisor tell a cell.
pub(super) enum Command<A: Actor<Context = Context<A>>> {
    /// Run this in the actor. Forgotten when no incarnation lives or is being made.
    Visit(Visit<A>),
    /// Replace the incarnation by a fresh one; wake a failed actor.
    Restart(RestartCause),
    /// Take no messages, until [`Command::Resume`].
    Suspend,
    Resume,
    /// Answer what was accepted, then end.
    Drain {
        deadline: Deadline,
        done: oneshot::Sender<Drained>,
    },
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Messages that had been accepted and were not answered.
    pub dropped: usize,
    /// Whether the deadline came first.
    pub timed_out: bool,
}
