//! The address of a supervised actor.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use actix::{Actor, Context, Handler, Message};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::clock::Moment;
use super::control::{CONTROL_BOUND, Command};
use super::envelope::{BoxEnvelope, Letter};
use super::fault::Armory;
use super::guard::discard;
use super::queue::{Queue, Refused};
use super::reply::Reply;
use super::scope::{Scope, ask_span};
use super::vitals::Vitals;
use super::{
    ActorSpec, ActorStatus, AskError, Deadline, Drained, Emitter, Fault, Injected, Injection, RestartCause, State,
};

/// How long after its deadline a drain may take to be reported by a cell whose thread is not stuck.
const REPORT_SLACK: Duration = Duration::from_millis(250);

/// What those are told who come to an actor that will not come back: another process may serve them.
const RETRY_ELSEWHERE: Duration = Duration::from_secs(1);

/// The address of a supervised actor: cheap to clone, usable from every thread, valid through all restarts.
///
/// Messages wait in one bounded queue that outlives the incarnations of the actor. None is lost by a restart,
/// and none is taken beyond the bound, however many clones of the mailbox there are.
///
/// Invariant: a message is refused at the call, or answered, or told why not, or its asker has gone; one of these.
pub struct Mailbox<A: Actor<Context = Context<A>>> {
    shared: Arc<Shared<A>>,
}

/// What the mailboxes of an actor share with its cell.
pub(super) struct Shared<A: Actor<Context = Context<A>>> {
    pub(super) vitals: Vitals,
    pub(super) queue: Queue<BoxEnvelope<A>>,
    pub(super) control: Queue<Command<A>>,
    pub(super) faults: Arc<Armory<Fault>>,
    pub(super) swept_at: Moment,
}

impl<A: Actor<Context = Context<A>>> Mailbox<A> {
    /// A mailbox nobody serves yet.
    pub(super) fn open(spec: ActorSpec, emitter: Emitter) -> Self {
        let shared = Shared {
            queue: Queue::new(spec.mailbox),
            control: Queue::new(CONTROL_BOUND),
            swept_at: Moment::unset(Instant::now()),
            faults: Arc::new(Armory::new()),
            vitals: Vitals::new(spec, emitter),
        };
        Mailbox { shared: Arc::new(shared) }
    }

    pub(super) fn shared(&self) -> &Arc<Shared<A>> {
        &self.shared
    }

    /// Sends `message` and waits for the answer until `deadline`, or that of the message which is being handled here, if
    /// that comes first.
    ///
    /// The message is taken in, or refused, at the call; the future only waits. Dropping the future
    /// cancels a message that is still queued; one that is being handled is handled to its end.
    ///
    /// # Errors
    /// See [`AskError`]; refusals are there at once.
    pub fn ask<M>(
        &self,
        deadline: Deadline,
        message: M,
    ) -> impl Future<Output = Result<M::Result, AskError>> + Send + use<A, M>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let (now, deadline) = (Instant::now(), deadline.capped());
        let (reply_to, answer) = oneshot::channel();
        let scope = Scope::new(Some(deadline), ask_span::<M>(&self.shared.vitals.spec));
        let _ = self.admit(Box::new(Letter::new(message, Some(reply_to), scope, now)), now); // the answer says so, too
        Reply::new(answer, deadline)
    }

    /// Sends `message` without waiting for it to be handled.
    ///
    /// # Errors
    /// [`AskError::Overloaded`], [`AskError::Unavailable`] or [`AskError::Stopped`] when it was not taken in.
    pub fn tell<M>(&self, message: M) -> Result<(), AskError>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let (now, scope) = (Instant::now(), Scope::apart());
        self.admit(Box::new(Letter::new(message, None, scope, now)), now)
    }

    /// Queues a letter, or fails it.
    fn admit<M>(&self, letter: Box<Letter<M>>, now: Instant) -> Result<(), AskError>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        if let Err(error) = self.admission(letter.deadline(), now) {
            letter.fail(&self.shared.vitals.tallies, error.clone());
            return Err(error);
        }
        self.post(now, letter)
    }

    /// Queues an envelope, or fails it; what is in a full mailbox to no purpose makes room for it.
    fn post(&self, now: Instant, envelope: BoxEnvelope<A>) -> Result<(), AskError> {
        let queue = &self.shared.queue;
        match queue.push(now, envelope) {
            Ok(()) => Ok(()),
            Err(Refused::Full(envelope)) if self.shared.sweep(now) => {
                queue.push(now, envelope).map_err(|refused| self.refuse(refused, now))
            }
            Err(refused) => Err(self.refuse(refused, now)),
        }
    }

    fn refuse(&self, refused: Refused<BoxEnvelope<A>>, now: Instant) -> AskError {
        let (envelope, error) = match refused {
            Refused::Full(envelope) => (envelope, AskError::Overloaded { retry_after: self.retry_after(now) }),
            Refused::Closed(envelope) => (envelope, AskError::Stopped),
        };
        envelope.fail(&self.shared.vitals.tallies, error.clone());
        error
    }

    /// Whether the actor's state lets a message with this deadline in.
    pub(super) fn admission(&self, deadline: Option<Deadline>, now: Instant) -> Result<(), AskError> {
        if deadline.is_some_and(|deadline| deadline.passed_by(now)) {
            return Err(AskError::DeadlineExceeded);
        }
        let vitals = &self.shared.vitals;
        let state = vitals.state();
        let may_wait = match state {
            State::Starting | State::Running | State::Suspended => true,
            State::BackingOff => {
                let resumes_at = now + vitals.resumes_in(now).unwrap_or_default();
                deadline.is_none_or(|deadline| !deadline.passed_by(resumes_at))
            }
            State::Failed | State::Draining => false,
            State::Stopped => return Err(AskError::Stopped),
        };
        if may_wait {
            return Ok(());
        }
        let retry_after = match state {
            State::Draining => RETRY_ELSEWHERE,
            _ => vitals.retry_after_pause(now),
        };
        Err(AskError::Unavailable { state, retry_after })
    }

    pub(super) fn state(&self) -> State {
        self.shared.vitals.state()
    }

    /// For how long it has made no progress, if that is longer than allowed.
    pub(super) fn stalled(&self, now: Instant) -> Option<Duration> {
        self.shared.vitals.stalled(self.shared.queue.backlog().1, now)
    }

    /// Name and replica, as in `customers/1`.
    pub(super) fn full_name(&self) -> &Arc<str> {
        self.shared.vitals.emitter.actor()
    }

    fn retry_after(&self, now: Instant) -> Duration {
        self.shared.vitals.retry_after(self.shared.queue.bound(), now)
    }

    /// Runs `visit` in the actor, ahead of waiting messages; waits for an actor that is just starting.
    ///
    /// `None` when there is no incarnation to visit, or it ended before or during the visit.
    pub async fn inspect<R>(&self, visit: impl FnOnce(&mut A, &mut Context<A>) -> R + Send + 'static) -> Option<R>
    where
        R: Send + 'static,
    {
        let (reply_to, answer) = oneshot::channel();
        self.visit(move |actor, context| {
            let _ = reply_to.send(visit(actor, context));
        });
        answer.await.ok()
    }

    /// Replaces the incarnation by a fresh one, after a grace for messages in flight; wakes a failed actor.
    pub fn restart(&self) {
        self.restart_because(RestartCause::Operator);
    }

    pub(super) fn restart_because(&self, cause: RestartCause) {
        let restart = Command::Restart(cause);
        match &restart {
            // Told once for each incarnation, and never again if it were dropped.
            Command::Restart(RestartCause::Dependency(_)) => {
                discard(self.shared.control.force(Instant::now(), restart));
            }
            _ => self.command(restart),
        }
    }

    /// Has the actor take no messages; they wait. Control goes on.
    pub fn suspend(&self) {
        self.command(Command::Suspend);
    }

    /// Ends a suspension.
    pub fn resume(&self) {
        self.command(Command::Resume);
    }

    /// Injects a fault, which goes off at its next occasion; for tests and drills.
    ///
    /// Several may be armed at once. One that waits for a start needs something that brings one about: a
    /// [`restart`](Mailbox::restart), or another fault.
    pub fn inject(&self, fault: impl Into<Injection<Fault>>) -> Injected {
        let injected = self.shared.faults.arm(fault.into());
        self.visit(|_, _| {}); // an idle actor is to meet it, too
        injected
    }

    /// Takes no more messages, has those accepted answered until `deadline`, and ends the actor.
    pub async fn drain(&self, deadline: Deadline) -> Drained {
        let (done, drained) = oneshot::channel();
        let command = Command::Drain { deadline, done };
        if self.shared.control.force(Instant::now(), command).is_err() {
            return Drained::default();
        }
        match timeout_at(deadline.instant() + REPORT_SLACK, drained).await {
            Ok(Ok(drained)) => drained,
            Ok(Err(_ended_before)) => Drained { dropped: self.unanswered(), timed_out: false },
            Err(_) => self.give_up(),
        }
    }

    /// The cell did not obey: its thread is stuck. At least nothing more is taken in.
    fn give_up(&self) -> Drained {
        self.shared.queue.close();
        let vitals = &self.shared.vitals;
        let dropped = self.shared.queue.len() + vitals.in_flight.load(Relaxed) + self.unanswered();
        Drained { dropped, timed_out: true }
    }

    fn unanswered(&self) -> usize {
        self.shared.vitals.unanswered.load(Relaxed)
    }

    /// The actor at this moment.
    pub fn status(&self) -> ActorStatus {
        let (depth, oldest) = self.shared.queue.backlog();
        self.shared.vitals.status(depth, oldest)
    }

    fn visit(&self, visit: impl FnOnce(&mut A, &mut Context<A>) + Send + 'static) {
        self.command(Command::Visit(Box::new(visit)));
    }

    fn command(&self, command: Command<A>) {
        if let Err(Refused::Full(_)) = self.shared.control.push(Instant::now(), command) {
            let actor = self.shared.vitals.spec.full_name();
            tracing::error!(%actor, "a command was dropped: the control lane is full");
        }
    }
}

impl<A: Actor<Context = Context<A>>> Clone for Mailbox<A> {
    fn clone(&self) -> Self {
        Mailbox { shared: self.shared.clone() }
    }
}

impl<A: Actor<Context = Context<A>>> fmt::Debug for Mailbox<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({})", self.shared.vitals.spec.full_name())
    }
}
