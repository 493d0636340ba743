//! How messages get from the durable mailbox into the actor.
//!
//! An actix context lends its actor only to the futures spawned on it. So each incarnation is given one such
//! future at birth, the [`Intake`]: it takes messages out of the mailbox and calls their handlers. What it
//! and the incarnation around it must agree on lies on the [`Desk`] between them, on their one thread.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context as Task, Poll};

use actix::fut::ActorFuture;
use actix::{Actor, ActorContext, AsyncContext, Context};
use tokio::time::Instant;

use super::AskError;
use super::control::Visit;
use super::envelope::BoxEnvelope;
use super::fault::offered;
use super::guard::{Panic, guarded};
use super::mailbox::Shared;
use super::pace::Pace;
use super::vitals::Vitals;

/// Messages taken in one go, before other tasks of the thread get their turn.
const BURST: usize = 64;

/// What an incarnation and its intake share.
///
/// Invariants: each message taken is either among those in flight, or answered, or told why not; messages are taken
/// only while the desk is open and fewer are in flight than may be; no borrow is held while foreign code runs.
pub(super) struct Desk<A: Actor<Context = Context<A>>> {
    shared: Arc<Shared<A>>,
    /// When the actor was last polled.
    pub(super) polled_at: Cell<Instant>,
    /// Whether messages may be taken.
    pub(super) open: Cell<bool>,
    /// Whether the intake was ever polled, which is after `started` has returned.
    pub(super) started: Cell<bool>,
    /// Whether messages were left waiting because too many are in flight.
    pub(super) saturated: Cell<bool>,
    /// Whether a message has been answered.
    pub(super) served: Cell<bool>,
    /// What is to be run in the actor before it takes a message.
    visits: RefCell<VecDeque<Visit<A>>>,
    /// A panic in a handler or a visit, and the name of that.
    pub(super) mishap: Cell<Option<(Panic, &'static str)>>,
    pace: RefCell<Pace>,
    in_flight: RefCell<Vec<BoxEnvelope<A>>>,
}

impl<A: Actor<Context = Context<A>>> Desk<A> {
    pub(super) fn new(shared: Arc<Shared<A>>) -> Rc<Self> {
        let known_pace = shared.vitals.knows_pace();
        Rc::new(Desk {
            shared,
            polled_at: Cell::new(Instant::now()),
            open: Cell::new(false),
            started: Cell::new(false),
            saturated: Cell::new(false),
            served: Cell::new(false),
            visits: RefCell::new(VecDeque::new()),
            mishap: Cell::new(None),
            pace: RefCell::new(Pace::new(known_pace)),
            in_flight: RefCell::new(Vec::new()),
        })
    }

    /// Has `visit` run at the next poll.
    pub(super) fn receive(&self, visit: Visit<A>) {
        self.visits.borrow_mut().push_back(visit);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.borrow().len()
    }

    /// A message in flight that has come to its end, searched for among the first `unseen` ones.
    ///
    /// They are bounded and mostly few: looking at each is cheaper than a list of those that are done.
    pub(super) fn next_landed(&self, unseen: &mut usize, task: &mut Task<'_>) -> Option<BoxEnvelope<A>> {
        let mut in_flight = self.in_flight.borrow_mut();
        while *unseen > 0 {
            *unseen -= 1;
            if in_flight[*unseen].poll_answer(task).is_ready() {
                let landed = in_flight.swap_remove(*unseen);
                self.vitals().in_flight.store(in_flight.len(), Relaxed);
                return Some(landed);
            }
        }
        None
    }

    /// Takes all messages in flight away.
    pub(super) fn clear(&self) -> Vec<BoxEnvelope<A>> {
        self.vitals().in_flight.store(0, Relaxed);
        self.in_flight.take()
    }

    /// Passes the answer of `envelope` on, or `missing` if it has none. Whether it had one.
    pub(super) fn reply(&self, envelope: BoxEnvelope<A>, now: Instant, missing: &dyn Fn() -> AskError) -> bool {
        let answered = envelope.reply(&self.vitals().tallies, now, missing);
        if answered {
            self.served.set(true);
        }
        answered
    }

    fn may_take(&self) -> bool {
        if !self.open.get() {
            return false;
        }
        let saturated = self.in_flight() >= self.vitals().spec.max_in_flight;
        self.saturated.set(saturated);
        !saturated
    }

    /// Takes one message through its handler, and gives the time at which the handler returned.
    fn attend(&self, envelope: BoxEnvelope<A>, now: Instant, actor: &mut A, context: &mut Context<A>) -> Instant {
        let Some(mut envelope) = self.shared.skip(envelope, now) else { return now };
        let (tallies, faults) = (&self.vitals().tallies, &self.shared.faults);
        let delivered = guarded(|| {
            if !faults.is_armed() {
                return envelope.deliver(tallies, now, actor, context);
            }
            faults.in_handler();
            offered(faults, || envelope.deliver(tallies, now, actor, context));
        });
        let now = Instant::now();
        match delivered {
            Ok(()) if envelope.is_answered() => {
                self.reply(envelope, now, &reply_dropped);
            }
            Ok(()) => {
                let mut in_flight = self.in_flight.borrow_mut();
                in_flight.push(envelope);
                self.vitals().in_flight.store(in_flight.len(), Relaxed);
            }
            Err(panic) => {
                let name = envelope.name();
                envelope.fail(tallies, AskError::Crashed { reason: panic.reason.clone() });
                self.note_mishap(panic, name);
            }
        }
        now
    }

    /// Runs the visits that have come, up to one that panics.
    fn pay_visits(&self, actor: &mut A, context: &mut Context<A>) {
        loop {
            let Some(visit) = self.visits.borrow_mut().pop_front() else { return };
            if let Err(panic) = guarded(|| visit(actor, context)) {
                return self.note_mishap(panic, "visit");
            }
        }
    }

    /// Has the actor meet what was injected to happen between two messages.
    fn meet_fault(&self, context: &mut Context<A>) {
        match guarded(|| self.shared.faults.between_messages()) {
            Ok(false) => {}
            Ok(true) => context.stop(),
            Err(panic) => self.note_mishap(panic, "poll"),
        }
    }

    fn note_mishap(&self, panic: Panic, during: &'static str) {
        self.open.set(false);
        self.mishap.set(Some((panic, during)));
    }

    /// A message is taken at `now`, others are left waiting or not.
    fn note_progress(&self, now: Instant, backlog: bool) {
        self.vitals().progress(self.pace.borrow_mut().take(now, backlog));
    }

    fn vitals(&self) -> &Vitals {
        &self.shared.vitals
    }
}

/// What askers are told when a handler let go of their reply without a trace of a panic.
pub(super) fn reply_dropped() -> AskError {
    AskError::Crashed { reason: "the handler dropped its reply".into() }
}

/// The future in which an incarnation takes its messages. It never ends by itself.
pub(super) struct Intake<A: Actor<Context = Context<A>>>(pub(super) Rc<Desk<A>>);

impl<A: Actor<Context = Context<A>>> ActorFuture<A> for Intake<A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, actor: &mut A, context: &mut Context<A>, task: &mut Task<'_>) -> Poll<()> {
        let desk = &self.0;
        if !desk.started.get() {
            desk.shared.faults.after_started();
            desk.started.set(true);
        }
        desk.pay_visits(actor, context);
        let mut now = desk.polled_at.get();
        for _ in 0..BURST {
            if desk.shared.faults.is_armed() {
                desk.meet_fault(context);
            }
            // A waiting context is stopping, or has a future that must come to its end before the next message.
            if context.waiting() || !desk.may_take() {
                return Poll::Pending;
            }
            let Poll::Ready(Some((envelope, left))) = desk.shared.queue.poll_pop(task) else {
                return Poll::Pending;
            };
            desk.note_progress(now, left > 0);
            now = desk.attend(envelope, now, actor, context);
            if left == 0 {
                return Poll::Pending; // the queue wakes this task with the next message
            }
            desk.vitals().busy(now);
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}
