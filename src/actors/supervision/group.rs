//! Actors that depend on each other are replaced together.

use actix::{Actor, ArbiterHandle, Context};

use super::cell::boxed;
use super::ties::Ties;
use super::{ActorSpec, Mailbox, StartError, Supervisor};

/// Who is replaced together with a member of a [`Group`] that came to an unforeseen end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Nobody: the members do without each other.
    OneForOne,
    /// Everybody: each depends on all others.
    OneForAll,
    /// Those that were started after it: each depends on those before.
    RestForOne,
}

/// Actors that depend on each other; made by [`Supervisor::group`]. Clones start members of the same group.
///
/// Invariants, but for [`Strategy::OneForOne`]: a member is made only while all that were started before it run; when
/// one ends unforeseen, the dependents are replaced as [`Mailbox::restart`] does it (what is in flight has its grace,
/// nothing queued is lost) and in the order of their start; while one has failed, its dependents are
/// [`Suspended`](super::State::Suspended). A replacement is not counted against the restart intensity of the replaced.
#[derive(Clone)]
pub struct Group {
    supervisor: Supervisor,
    ties: Option<Ties>,
}

impl Group {
    pub(super) fn new(supervisor: Supervisor, strategy: Strategy) -> Self {
        let ties = match strategy {
            Strategy::OneForOne => None,
            Strategy::OneForAll => Some(Ties::among_all()),
            Strategy::RestForOne => Some(Ties::to_those_before()),
        };
        Group { supervisor, ties }
    }

    /// Starts the next member on the present thread; see [`Supervisor::spawn`].
    ///
    /// # Panics
    /// As [`Supervisor::spawn`].
    pub fn spawn<A, F, Fut>(&self, spec: ActorSpec, factory: F) -> Mailbox<A>
    where
        A: Actor<Context = Context<A>>,
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, StartError>> + 'static,
    {
        let (mailbox, cell) = self.supervisor.open(spec, boxed(factory), self.ties.as_ref());
        actix::spawn(cell.run());
        mailbox
    }

    /// Starts the next member on the thread of `arbiter`; see [`Supervisor::spawn_on`].
    pub fn spawn_on<A, F, Fut>(&self, arbiter: &ArbiterHandle, spec: ActorSpec, factory: F) -> Mailbox<A>
    where
        A: Actor<Context = Context<A>>,
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, StartError>> + 'static,
    {
        let (mailbox, cell) = self.supervisor.open(spec, boxed(factory), self.ties.as_ref());
        arbiter.spawn_fn(move || {
            actix::spawn(cell.run());
        });
        mailbox
    }
}
