//! What a caller needs of whoever does the work.

use actix::{Actor, Context, Handler, Message};
use futures_util::future::BoxFuture;

use super::{AskError, Deadline, Mailbox, Pool, Router, Work};

/// Something that answers messages of type `M`: a [`Mailbox`], a [`Router`], a [`Pool`], or in tests a
/// [`Probe`](super::testkit::Probe).
///
/// An actor that holds an `Arc<dyn Answers<M>>` does not know which; one that holds a mailbox saves an allocation.
pub trait Answers<M: Message>: Send + Sync {
    /// As [`Mailbox::ask`].
    fn ask_boxed(&self, deadline: Deadline, message: M) -> BoxFuture<'static, Result<M::Result, AskError>>;
}

impl<A, M> Answers<M> for Mailbox<A>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn ask_boxed(&self, deadline: Deadline, message: M) -> BoxFuture<'static, Result<M::Result, AskError>> {
        Box::pin(self.ask(deadline, message))
    }
}

impl<A, M> Answers<M> for Router<A>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn ask_boxed(&self, deadline: Deadline, message: M) -> BoxFuture<'static, Result<M::Result, AskError>> {
        Box::pin(self.ask(deadline, message))
    }
}

impl<W, M> Answers<M> for Pool<W>
where
    W: Work<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn ask_boxed(&self, deadline: Deadline, message: M) -> BoxFuture<'static, Result<M::Result, AskError>> {
        Box::pin(self.ask(deadline, message))
    }
}
