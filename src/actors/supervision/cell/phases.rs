//! The phases a cell goes through: making an incarnation, living, pausing.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context as Task, Poll};
use std::time::Duration;

use actix::{Actor, Context};
use futures_util::future::LocalBoxFuture;
use tokio::time::{Instant, Sleep, sleep};

use super::{Cell, Life};
use crate::actors::supervision::guard::{Panic, discard, guarded};
use crate::actors::supervision::incarnation::{End, Incarnation, crashed};
use crate::actors::supervision::ties::Obstacle;
use crate::actors::supervision::{AskError, RestartCause, StartError, State};

/// A pause that only a command ends.
const FOR_EVER: Duration = Duration::from_secs(60 * 60 * 24 * 365);

impl<A: Actor<Context = Context<A>>> Cell<A> {
    /// One incarnation, from its making to its end.
    pub(super) async fn live(&mut self) -> Life {
        if let Some(end) = self.await_turn().await {
            return Life { end, served: false, lost: 0 };
        }
        self.show(State::Starting);
        let cause = self.cause.take();
        self.vitals().begin_incarnation(cause, self.lost);
        let actor = match self.make().await {
            Ok(actor) => actor,
            Err(end) => return Life { end, served: false, lost: 0 },
        };
        let mut incarnation = Incarnation::new(actor, self.tenancy.shared());
        self.vitals().up();
        let end = poll_fn(|task| self.poll_life(&mut incarnation, task)).await;
        let served = incarnation.has_served();
        let lost = incarnation.retire(&crashed(&end));
        Life { end, served, lost }
    }

    /// Waits until those run that this actor depends on. The end, if a drain comes to its own meanwhile, or cannot
    /// come to any because one of them has failed.
    async fn await_turn(&mut self) -> Option<End> {
        poll_fn(|task| {
            let _ = self.obey(task); // there is nothing to be replaced
            if let Poll::Ready(end) = self.poll_drained(true, task) {
                return Poll::Ready(Some(end));
            }
            match self.membership.as_mut().map_or(Ok(()), |membership| membership.ask_turn(task)) {
                Ok(()) => return Poll::Ready(None),
                Err(Obstacle::Absence) => self.show(State::Starting),
                Err(Obstacle::Failure) if self.draining.is_some() => {
                    return Poll::Ready(Some(End::Drained { timed_out: false }));
                }
                Err(Obstacle::Failure) => {
                    self.show(State::Suspended);
                    discard(std::mem::take(&mut self.visits));
                }
            }
            Poll::Pending
        })
        .await
    }

    async fn make(&mut self) -> Result<A, End> {
        let mut making = match guarded(|| self.tenancy.faults.at_factory().map(|()| (self.factory)())) {
            Ok(making) => making.map_err(End::StartFailed)?,
            Err(panic) => return Err(self.unmade(panic)),
        };
        let mut timeout = pin!(sleep(self.vitals().spec.start_timeout));
        let made = poll_fn(|task| self.poll_make(&mut making, timeout.as_mut(), task)).await;
        discard(making);
        made
    }

    fn poll_make(
        &mut self,
        making: &mut LocalBoxFuture<'static, Result<A, StartError>>,
        timeout: Pin<&mut Sleep>,
        task: &mut Task<'_>,
    ) -> Poll<Result<A, End>> {
        if let Some(cause) = self.obey(task) {
            self.cause = Some(cause);
            return Poll::Ready(Err(End::Replaced));
        }
        if let Poll::Ready(end) = self.poll_drained(true, task) {
            return Poll::Ready(Err(end));
        }
        self.vitals().busy(Instant::now());
        let polled = guarded(|| making.as_mut().poll(task));
        self.vitals().idle();
        match polled {
            Ok(Poll::Ready(made)) => Poll::Ready(made.map_err(End::StartFailed)),
            Ok(Poll::Pending) => timeout.poll(task).map(|()| Err(self.overdue())),
            Err(panic) => Poll::Ready(Err(self.unmade(panic))),
        }
    }

    fn overdue(&self) -> End {
        let timeout = self.vitals().spec.start_timeout;
        End::StartFailed(StartError::new(format_args!("not started within {timeout:?}")))
    }

    fn unmade(&self, panic: Panic) -> End {
        self.vitals().note_panic();
        End::Panicked(panic, Some("factory"))
    }

    fn poll_life(&mut self, incarnation: &mut Incarnation<A>, task: &mut Task<'_>) -> Poll<End> {
        if let Some(cause) = self.obey(task) {
            self.cause = Some(cause);
            incarnation.leave(End::Replaced);
        }
        for visit in self.visits.drain(..) {
            incarnation.receive(visit);
        }
        self.show_life(incarnation);
        incarnation.open(!self.suspended);
        if let Poll::Ready(end) = incarnation.poll(task) {
            return Poll::Ready(end);
        }
        self.show_life(incarnation);
        if let Some(membership) = &mut self.membership {
            membership.runs();
        }
        self.poll_drained(incarnation.is_idle(), task)
    }

    /// Shows whether this incarnation takes messages; else they wait for the next.
    fn show_life(&self, incarnation: &Incarnation<A>) {
        if incarnation.is_leaving() {
            self.vitals().away();
            self.show(State::Starting);
        } else {
            self.show(State::Running);
        }
    }

    /// Waits for `delay`, or until told to go on. The end, if a drain comes to its own meanwhile.
    pub(super) async fn pause(&mut self, state: State, delay: Option<Duration>) -> Option<End> {
        let until = delay.map(|delay| Instant::now() + delay);
        self.vitals().resume_at(until);
        self.show(state);
        if let Some(until) = until {
            self.refuse_hopeless(state, until);
        }
        let mut alarm = pin!(sleep(delay.unwrap_or(FOR_EVER)));
        let was_draining = self.draining.is_some();
        poll_fn(|task| {
            if let Some(RestartCause::Operator) = self.obey(task) {
                self.cause = Some(RestartCause::Operator);
                self.ledger.clear();
                return Poll::Ready(None);
            }
            discard(std::mem::take(&mut self.visits));
            if state == State::Failed {
                self.refuse_messages(task);
            }
            if let Poll::Ready(end) = self.poll_drained(true, task) {
                return Poll::Ready(Some(end));
            }
            if self.draining.is_some() && !was_draining {
                return Poll::Ready(None); // what is queued is to be answered without further delay
            }
            alarm.as_mut().poll(task).map(|()| None)
        })
        .await
    }

    /// At the beginning of a pause until `until`: those for whom that is too late are told so at once. While draining
    /// there is no later, and the end tells them.
    fn refuse_hopeless(&self, state: State, until: Instant) {
        if self.draining.is_none() {
            let retry_after = self.vitals().retry_after_pause(Instant::now());
            self.tenancy.refuse_hopeless(until, &AskError::Unavailable { state, retry_after });
        }
    }

    /// Fails what is queued, also what still comes in from askers who saw another state a moment ago.
    fn refuse_messages(&self, task: &mut Task<'_>) {
        while let Poll::Ready(Some((envelope, _))) = self.tenancy.queue.poll_pop(task) {
            let retry_after = self.vitals().retry_after_pause(Instant::now());
            let error = AskError::Unavailable { state: State::Failed, retry_after };
            envelope.fail(&self.vitals().tallies, error);
        }
    }
}
