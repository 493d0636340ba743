//! Asynchronous answers whose panic is their own.

use std::pin::Pin;
use std::task::{Context as Task, Poll};

use actix::dev::{MessageResponse, OneshotSender};
use actix::fut::{ActorFuture, LocalBoxActorFuture, wrap_future};
use actix::{Actor, AsyncContext, Message};

use super::fault::Poison;
use super::guard::{discard, guarded};
use super::scope::Scope;

/// The result of an asynchronous handler whose panic fails its own message alone.
///
/// The future is gone before the panic reaches the cell, so that neighbours in flight go on undisturbed
/// until the actor is replaced. A plain [`ResponseActFuture`](actix::ResponseActFuture) is contained too, but a second
/// poll of it may panic again and cost the neighbours their grace; a plain
/// [`ResponseFuture`](actix::ResponseFuture) runs apart from its actor, which is not restarted by its panic.
///
/// ```
/// use actix::prelude::*;
/// use clientele::actors::supervision::{Isolated, isolated};
///
/// #[derive(Message)]
/// #[rtype(result = "u64")]
/// struct Count;
///
/// struct Counter(u64);
/// impl Actor for Counter {
///     type Context = Context<Self>;
/// }
/// impl Handler<Count> for Counter {
///     type Result = Isolated<Self, u64>;
///     fn handle(&mut self, _: Count, _: &mut Context<Self>) -> Self::Result {
///         let lookup = async { 1 };
///         isolated(lookup.into_actor(self).map(|step, counter, _| {
///             counter.0 += step;
///             counter.0
///         }))
///     }
/// }
/// ```
#[must_use = "the handler returns it"]
pub struct Isolated<A: Actor, R>(Work<A, R>);

enum Work<A: Actor, R> {
    Done(R),
    ToDo(LocalBoxActorFuture<A, R>),
}

/// The answer that `future`, which may use the actor's state, comes to.
pub fn isolated<A: Actor, R>(future: impl ActorFuture<A, Output = R> + 'static) -> Isolated<A, R> {
    Isolated(Work::ToDo(Box::pin(future)))
}

/// An answer that is at hand: it costs a quarter of one that has to be waited for.
pub fn at_hand<A: Actor, R>(answer: R) -> Isolated<A, R> {
    Isolated(Work::Done(answer))
}

/// The answer that `future`, which does not touch the actor's state, comes to.
pub fn isolated_future<A: Actor, R: 'static>(future: impl Future<Output = R> + 'static) -> Isolated<A, R> {
    isolated(wrap_future(future))
}

impl<A, M> MessageResponse<A, M> for Isolated<A, M::Result>
where
    A: Actor,
    A::Context: AsyncContext<A>,
    M: Message,
{
    fn handle(self, context: &mut A::Context, answer: Option<OneshotSender<M::Result>>) {
        match self.0 {
            Work::Done(result) => discard(answer.map(|answer| answer.send(result))),
            Work::ToDo(work) => {
                context.spawn(Answering { work: Some(work), answer, scope: Scope::current(), poison: Poison::take() });
            }
        }
    }
}

/// The work on one answer.
struct Answering<A: Actor, R> {
    /// Gone once it is done or has panicked: it is not polled again.
    work: Option<LocalBoxActorFuture<A, R>>,
    answer: Option<OneshotSender<R>>,
    scope: Scope,
    /// An injected fault, which strikes here.
    poison: Option<Poison>,
}

impl<A: Actor, R> Unpin for Answering<A, R> {}

impl<A: Actor, R> ActorFuture<A> for Answering<A, R> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, actor: &mut A, context: &mut A::Context, task: &mut Task<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(work) = &mut this.work else { return Poll::Ready(()) };
        let polled = guarded(|| {
            this.scope.run(|| {
                if let Some(poison) = &mut this.poison {
                    poison.sting();
                }
                work.as_mut().poll(actor, context, task)
            })
        });
        let finished = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => Ok(result),
            Err(panic) => Err(panic),
        };
        discard((this.work.take(), this.poison.take()));
        let answer = this.answer.take();
        match finished {
            Ok(result) => discard(answer.map(|answer| answer.send(result))),
            Err(panic) => {
                drop(answer);
                panic.resume();
            }
        }
        Poll::Ready(())
    }
}
