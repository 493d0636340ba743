//! What the cell is told beside its messages.

use std::pin::Pin;
use std::task::{Context as Task, Poll};

use actix::{Actor, Context};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};

use super::Cell;
use crate::actors::supervision::control::{Command, Drained};
use crate::actors::supervision::incarnation::End;
use crate::actors::supervision::{Deadline, RestartCause, State};

/// The wish to end, and who waits for it.
pub(super) struct Draining {
    alarm: Pin<Box<Sleep>>,
    pub(super) done: Vec<oneshot::Sender<Drained>>,
}

impl<A: Actor<Context = Context<A>>> Cell<A> {
    /// Obeys the commands there are. Why the incarnation is to be replaced, if it is; an operator's word counts most.
    pub(super) fn obey(&mut self, task: &mut Task<'_>) -> Option<RestartCause> {
        if self.tenancy.control.is_quiet() {
            return None;
        }
        let mut replace = None;
        while let Poll::Ready(Some((command, _))) = self.tenancy.control.poll_pop(task) {
            match command {
                Command::Visit(visit) => self.visits.push(visit),
                Command::Restart(cause) => match replace {
                    Some(RestartCause::Operator) => {}
                    _ => replace = Some(cause),
                },
                Command::Suspend => self.suspended = self.draining.is_none(),
                Command::Resume => self.suspended = false,
                Command::Drain { deadline, done } => self.begin_drain(deadline, done),
            }
        }
        replace
    }

    /// The first wish to end counts; later ones only wait with it.
    fn begin_drain(&mut self, deadline: Deadline, done: oneshot::Sender<Drained>) {
        self.tenancy.queue.close();
        self.suspended = false;
        self.vitals().enter(State::Draining);
        let draining = self
            .draining
            .get_or_insert_with(|| Draining { alarm: Box::pin(sleep_until(deadline.instant())), done: Vec::new() });
        draining.done.push(done);
    }

    /// The end, once a drain has come to it; `idle` says that no message is in flight.
    pub(super) fn poll_drained(&mut self, idle: bool, task: &mut Task<'_>) -> Poll<End> {
        let Some(draining) = &mut self.draining else { return Poll::Pending };
        if idle && self.tenancy.queue.is_empty() {
            return Poll::Ready(End::Drained { timed_out: false });
        }
        draining.alarm.as_mut().poll(task).map(|()| End::Drained { timed_out: true })
    }

    /// Shows `state`, unless a drain or a suspension is what there is to be seen.
    pub(super) fn show(&self, state: State) {
        let shown = match state {
            _ if self.draining.is_some() => State::Draining,
            State::Running if self.suspended => State::Suspended,
            _ => state,
        };
        self.vitals().enter(shown);
    }
}
