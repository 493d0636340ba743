//! A message on its way through the mailbox and the handler, back to the asker.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context as Task, Poll, ready};

use actix::dev::MessageResponse;
use actix::{Actor, Context, Handler, Message};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::Instant;

use super::fate::Fate;
use super::guard::discard;
use super::histogram::add_alone;
use super::reply::Outcome;
use super::scope::Scope;
use super::tally::{Tallies, Tally, short_name};
use super::{AskError, Deadline};

/// A message of some type for an actor `A`.
///
/// Life: [`deliver`](Envelope::deliver), then [`poll_answer`](Envelope::poll_answer) until there is one, then
/// [`reply`](Envelope::reply); at any point [`fail`](Envelope::fail) instead.
pub(super) trait Envelope<A: Actor>: Send {
    /// The message type.
    fn name(&self) -> &'static str;
    /// What to do with it at `now`.
    fn fate(&self, now: Instant) -> Fate;
    /// Runs the handler. This is foreign code: it may panic.
    fn deliver(&mut self, tallies: &Tallies, now: Instant, actor: &mut A, context: &mut A::Context);
    /// Whether the handler is done with the message: it has answered, or can no longer do so.
    fn is_answered(&mut self) -> bool;
    /// As [`is_answered`](Envelope::is_answered), and wakes `task` when it comes to be.
    fn poll_answer(&mut self, task: &mut Task<'_>) -> Poll<()>;
    /// Passes the answer on, or, where the handler left none, `missing`. Whether there was one.
    fn reply(self: Box<Self>, tallies: &Tallies, now: Instant, missing: &dyn Fn() -> AskError) -> bool;
    /// Lets go of a message nobody waits for.
    fn abandon(self: Box<Self>, tallies: &Tallies);
    /// Tells the asker why there will be no answer.
    fn fail(self: Box<Self>, tallies: &Tallies, error: AskError);
}

pub(super) type BoxEnvelope<A> = Box<dyn Envelope<A>>;

/// Where the answer goes; `None` for a message that was told, not asked.
pub(super) type ReplyTo<M> = Option<oneshot::Sender<Outcome<<M as Message>::Result>>>;

/// The only kind of [`Envelope`].
pub(super) struct Letter<M: Message> {
    stage: Stage<M>,
    reply_to: ReplyTo<M>,
    scope: Scope,
    sent_at: Instant,
}

enum Stage<M: Message> {
    Queued(M),
    Delivered(oneshot::Receiver<M::Result>),
    /// `None` when the handler dropped its reply.
    Answered(Option<M::Result>),
}

impl<M: Message> Letter<M> {
    pub(super) fn new(message: M, reply_to: ReplyTo<M>, scope: Scope, sent_at: Instant) -> Self {
        let stage = Stage::Queued(message);
        Letter { stage, reply_to, scope, sent_at }
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.scope.deadline()
    }
}

impl<A, M> Envelope<A> for Letter<M>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn name(&self) -> &'static str {
        short_name::<M>()
    }

    fn fate(&self, now: Instant) -> Fate {
        Fate::of(&self.scope, self.reply_to.as_ref().is_some_and(oneshot::Sender::is_closed), now)
    }

    fn deliver(&mut self, tallies: &Tallies, now: Instant, actor: &mut A, context: &mut A::Context) {
        let (answer, answered) = oneshot::channel();
        let Stage::Queued(message) = std::mem::replace(&mut self.stage, Stage::Delivered(answered)) else {
            unreachable!("a letter is delivered once");
        };
        let wait = now.saturating_duration_since(self.sent_at);
        tallies.of::<M>().wait.record_alone(wait);
        self.scope.delivered(wait);
        self.scope.run(|| actor.handle(message, context).handle(context, Some(answer)));
    }

    fn is_answered(&mut self) -> bool {
        if let Stage::Delivered(answer) = &mut self.stage {
            match answer.try_recv() {
                Ok(answer) => self.stage = Stage::Answered(Some(answer)),
                Err(TryRecvError::Closed) => self.stage = Stage::Answered(None),
                Err(TryRecvError::Empty) => {}
            }
        }
        matches!(self.stage, Stage::Answered(_))
    }

    fn poll_answer(&mut self, task: &mut Task<'_>) -> Poll<()> {
        if let Stage::Delivered(answer) = &mut self.stage {
            let answer = ready!(Pin::new(answer).poll(task));
            self.stage = Stage::Answered(answer.ok());
        }
        Poll::Ready(())
    }

    fn reply(self: Box<Self>, tallies: &Tallies, now: Instant, missing: &dyn Fn() -> AskError) -> bool {
        let Stage::Answered(Some(answer)) = self.stage else {
            Letter::fail(*self, tallies, missing());
            return false;
        };
        let tally = tallies.of::<M>();
        add_alone(&tally.ok, 1);
        tally.total.record_alone(now.saturating_duration_since(self.sent_at));
        send(self.reply_to, Ok(answer));
        true
    }

    fn abandon(self: Box<Self>, tallies: &Tallies) {
        tallies.of::<M>().abandoned.fetch_add(1, Relaxed);
        discard(self);
    }

    fn fail(self: Box<Self>, tallies: &Tallies, error: AskError) {
        Letter::fail(*self, tallies, error);
    }
}

impl<M: Message + 'static> Letter<M> {
    /// Tells the asker why there will be no answer, and counts it.
    pub(super) fn fail(self, tallies: &Tallies, error: AskError) {
        counter_of(tallies.of::<M>(), &error).fetch_add(1, Relaxed);
        self.scope.failed(&error);
        send(self.reply_to, Err(Box::new(error)));
        discard(self.stage);
    }
}

fn counter_of<'t>(tally: &'t Tally, error: &AskError) -> &'t AtomicU64 {
    match error {
        AskError::Crashed { .. } => &tally.crashed,
        AskError::DeadlineExceeded => &tally.expired,
        AskError::Overloaded { .. } | AskError::Unavailable { .. } | AskError::Stopped => &tally.shed,
    }
}

/// Sends to an asker who may be gone; the answer then ends here, and its drop is foreign code.
fn send<R>(reply_to: Option<oneshot::Sender<Outcome<R>>>, answer: Outcome<R>) {
    let unwanted = match reply_to {
        Some(reply_to) => reply_to.send(answer).err(),
        None => Some(answer),
    };
    if let Some(Ok(answer)) = unwanted {
        discard(answer);
    }
}
