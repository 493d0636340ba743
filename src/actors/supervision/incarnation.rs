//! One life of an actor: a fresh struct in a fresh context.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as Task, Poll, Waker};

use actix::dev::ContextFut;
use actix::{Actor, ActorContext, AsyncContext, Context};
use tokio::time::{Instant, Sleep, sleep};

use super::control::Visit;
use super::guard::{Panic, discard, guarded};
use super::intake::{Desk, Intake, reply_dropped};
use super::mailbox::Shared;
use super::vitals::Vitals;
use super::{AskError, StartError};

/// How an incarnation ended, or failed to begin.
#[derive(Debug)]
pub(super) enum End {
    /// It panicked, while it did this.
    Panicked(Panic, Option<&'static str>),
    /// The factory did not make one.
    StartFailed(StartError),
    /// It stopped itself.
    Stopped,
    /// An operator wanted another one.
    Replaced,
    /// The actor is to end; this says whether the deadline came before the last answer.
    Drained { timed_out: bool },
}

/// An actor in its context, driven by the cell.
///
/// Invariants: no panic leaves this type; messages are taken only while the desk is open; what is in flight is
/// answered, or told why not, before the incarnation is gone.
pub(super) struct Incarnation<A: Actor<Context = Context<A>>> {
    body: Pin<Box<ContextFut<A, Context<A>>>>,
    desk: Rc<Desk<A>>,
    shared: Arc<Shared<A>>,
    leaving: Option<Leaving>,
}

/// An end that was decided upon, but waits for messages in flight.
struct Leaving {
    end: End,
    grace: Pin<Box<Sleep>>,
    /// Messages in flight at the latest panic.
    left: usize,
}

impl<A: Actor<Context = Context<A>>> Incarnation<A> {
    pub(super) fn new(actor: A, shared: Arc<Shared<A>>) -> Self {
        let desk = Desk::new(shared.clone());
        let mut context = Context::new();
        // Spawned first, so that it is polled before anything else the actor spawns.
        context.spawn(Intake(desk.clone()));
        if shared.faults.before_started() {
            context.stop();
        }
        let body = Box::pin(context.into_future(actor));
        Incarnation { body, desk, shared, leaving: None }
    }

    /// Lets messages in, or holds them back.
    pub(super) fn open(&self, open: bool) {
        self.desk.open.set(open && self.leaving.is_none());
    }

    /// Whether its end is decided upon, so that it takes no more messages.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// Whether it has answered a message.
    pub(super) fn has_served(&self) -> bool {
        self.desk.served.get()
    }

    /// Whether no message is in flight.
    pub(super) fn is_idle(&self) -> bool {
        self.desk.in_flight() == 0
    }

    /// Runs `visit` in the actor at the next poll.
    pub(super) fn receive(&self, visit: Visit<A>) {
        self.desk.receive(visit);
    }

    /// Decides upon `end`: no more messages are taken, and those in flight have a grace to finish.
    pub(super) fn leave(&mut self, end: End) {
        self.desk.open.set(false);
        if self.leaving.is_none() {
            let grace = Box::pin(sleep(self.vitals().spec.grace));
            let left = self.desk.in_flight();
            self.leaving = Some(Leaving { end, grace, left });
        }
    }

    /// Drives the actor until it has nothing more to do for now, or has come to its end.
    pub(super) fn poll(&mut self, task: &mut Task<'_>) -> Poll<End> {
        loop {
            match self.poll_body(task) {
                Err(panic) => {
                    if self.stumble(panic, task) {
                        continue;
                    }
                    return Poll::Ready(self.end());
                }
                Ok(Poll::Ready(())) => {
                    self.settle(task);
                    return Poll::Ready(self.end());
                }
                Ok(Poll::Pending) => self.heed_mishap(),
            }
            let landed = self.settle(task);
            if let Some(leaving) = &mut self.leaving {
                if self.desk.in_flight() > 0 && leaving.grace.as_mut().poll(task).is_pending() {
                    return Poll::Pending;
                }
                return Poll::Ready(self.end());
            }
            // A message that was held back by too many in flight may go now.
            if !(landed && self.desk.saturated.get()) {
                return Poll::Pending;
            }
        }
    }

    /// Polls everything of the actor: `started`, handlers, its futures and streams, `stopping`.
    fn poll_body(&mut self, task: &mut Task<'_>) -> Result<Poll<()>, Panic> {
        let now = Instant::now();
        self.desk.polled_at.set(now);
        self.vitals().busy(now);
        let polled = guarded(|| self.body.as_mut().poll(task));
        self.vitals().idle();
        polled
    }

    /// A panic went through the context. Whether the neighbours of what panicked can go on.
    fn stumble(&mut self, panic: Panic, task: &mut Task<'_>) -> bool {
        self.vitals().note_panic();
        // The context still names the future it was polling. Cancelled, it is dropped before its turn comes
        // again, because the intake is polled first; its message then lacks an answer and is told why.
        let culprit = self.body.ctx().handle();
        self.body.ctx().cancel_future(culprit);
        if self.leaving.is_none() {
            let during = (!self.desk.started.get()).then_some("started");
            self.leave(End::Panicked(panic, during));
            return during.is_none();
        }
        // Each further panic must have cost a message, else the same future panics for ever.
        self.settle(task);
        let left = self.desk.in_flight();
        self.leaving.as_mut().is_some_and(|leaving| std::mem::replace(&mut leaving.left, left) > left)
    }

    /// Acts upon a panic that the intake has caught.
    fn heed_mishap(&mut self) {
        if let Some((panic, message)) = self.desk.mishap.take() {
            self.vitals().note_panic();
            self.leave(End::Panicked(panic, Some(message)));
        }
    }

    /// Answers the messages whose handlers are done. Whether there were any.
    fn settle(&mut self, task: &mut Task<'_>) -> bool {
        let (mut unseen, mut landed_at) = (self.desk.in_flight(), None);
        while let Some(envelope) = self.desk.next_landed(&mut unseen, task) {
            let now = *landed_at.get_or_insert_with(Instant::now);
            let name = self.leaving.is_some().then(|| envelope.name());
            let missing = || self.leaving.as_ref().map_or_else(reply_dropped, |leaving| crashed(&leaving.end));
            let answered = self.desk.reply(envelope, now, &missing);
            if let (false, Some(Leaving { end: End::Panicked(_, during @ None), .. })) = (answered, &mut self.leaving) {
                *during = name;
            }
        }
        landed_at.is_some()
    }

    fn end(&mut self) -> End {
        self.leaving.take().map_or(End::Stopped, |leaving| leaving.end)
    }

    /// Ends the life: `stopping` and `stopped` are called, the actor is dropped, and messages still in flight
    /// are told `error`. How many these were.
    pub(super) fn retire(self, error: &AskError) -> usize {
        let Incarnation { mut body, desk, shared, .. } = self;
        desk.open.set(false);
        let stopped = guarded(|| {
            if body.alive() {
                body.ctx().stop();
                let _ = body.as_mut().poll(&mut Task::from_waker(Waker::noop()));
            }
        });
        // Now its drop has nothing left to call: a panic there would be a second one while unwinding.
        body.ctx().terminate();
        let dropped = guarded(|| {
            drop(body);
            shared.faults.after_drop();
        });
        for panic in [stopped.err(), dropped.err()].into_iter().flatten() {
            shared.vitals.note_panic();
            let actor = shared.vitals.spec.full_name();
            tracing::warn!(%actor, reason = %panic.reason, location = %panic.location, "panicked while stopping");
        }
        let lost = desk.clear();
        let count = lost.len();
        for envelope in lost {
            envelope.fail(&shared.vitals.tallies, error.clone());
        }
        discard(desk);
        count
    }

    fn vitals(&self) -> &Vitals {
        &self.shared.vitals
    }
}

/// What askers are told whose message went down with its incarnation.
pub(super) fn crashed(end: &End) -> AskError {
    let reason = match end {
        End::Panicked(panic, _) => panic.reason.clone(),
        End::StartFailed(error) => error.reason(),
        End::Stopped => "the actor stopped itself".into(),
        End::Replaced => "the actor was restarted".into(),
        End::Drained { .. } => return AskError::Stopped,
    };
    AskError::Crashed { reason }
}
