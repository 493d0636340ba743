//! A stand-in for whoever answers messages.

use std::fmt;

use actix::Message;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::PATIENCE;
use crate::actors::supervision::{Answers, AskError, Deadline};

/// Answers messages of type `M` as the test says, one by one.
///
/// Give an `Arc<Probe<M>>` to the actor under test in place of a mailbox or a pool.
pub struct Probe<M: Message> {
    sent: mpsc::UnboundedSender<Asked<M>>,
    seen: Mutex<Option<mpsc::UnboundedReceiver<Asked<M>>>>,
}

impl<M: Message> Probe<M> {
    /// A probe that has not been asked yet.
    pub fn new() -> Self {
        let (sent, seen) = mpsc::unbounded_channel();
        Probe { sent, seen: Mutex::new(Some(seen)) }
    }

    /// The next message.
    ///
    /// # Panics
    /// When none comes within a minute, or when two tasks expect one at once.
    pub async fn expect(&self) -> Asked<M> {
        let mut seen = self.seen.lock().take().expect("one task at a time looks at a probe");
        let asked = timeout(PATIENCE, seen.recv()).await;
        *self.seen.lock() = Some(seen);
        asked.ok().flatten().expect("the probe was to be asked")
    }

    /// Checks that no message has come that was not expected.
    ///
    /// # Panics
    /// When one has.
    pub fn expect_none(&self) {
        let mut seen = self.seen.lock();
        let seen = seen.as_mut().expect("one task at a time looks at a probe");
        assert!(seen.try_recv().is_err(), "the probe was asked without need");
    }
}

impl<M: Message> Default for Probe<M> {
    fn default() -> Self {
        Probe::new()
    }
}

impl<M: Message> fmt::Debug for Probe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

impl<M> Answers<M> for Probe<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn ask_boxed(&self, deadline: Deadline, message: M) -> BoxFuture<'static, Result<M::Result, AskError>> {
        let (reply_to, answer) = oneshot::channel();
        let asked = Asked { message, at: Instant::now(), reply_to };
        let sent = self.sent.send(asked);
        Box::pin(async move {
            sent.map_err(|_| AskError::Stopped)?;
            match timeout_at(deadline.instant(), answer).await {
                Ok(answer) => answer.unwrap_or(Err(AskError::Stopped)),
                Err(_) => Err(AskError::DeadlineExceeded),
            }
        })
    }
}

/// A message that a [`Probe`] was sent, and the means to answer it. Dropped, it counts as [`AskError::Stopped`].
pub struct Asked<M: Message> {
    /// The message.
    pub message: M,
    /// When it was sent.
    pub at: Instant,
    reply_to: oneshot::Sender<Result<M::Result, AskError>>,
}

impl<M: Message> Asked<M> {
    /// Answers.
    pub fn reply(self, answer: M::Result) {
        let _ = self.reply_to.send(Ok(answer));
    }

    /// Answers with a failure.
    pub fn fail(self, error: AskError) {
        let _ = self.reply_to.send(Err(error));
    }
}
