//! The asker's side of an ask: waiting for the answer, but not beyond the deadline.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};

use super::{AskError, Deadline};

/// What an asker is sent. An error is boxed, so that answers, which are many, are not moved at its width.
pub(super) type Outcome<R> = Result<R, Box<AskError>>;

/// Resolves to the answer, or to why there is none.
///
/// To wait costs as much as the rest of an ask: a timer is set, and unset when the answer comes. So the asker first
/// lets the other tasks of its thread go; when its turn comes again, an actor among them has mostly answered.
pub(super) struct Reply<R> {
    answer: oneshot::Receiver<Outcome<R>>,
    deadline: Deadline,
    gave_way: bool,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<R> Reply<R> {
    /// Waits for what [`ReplyTo`](super::envelope::ReplyTo) is sent: also the reason why a message was not taken in.
    pub(super) fn new(answer: oneshot::Receiver<Outcome<R>>, deadline: Deadline) -> Self {
        Reply { answer, deadline, gave_way: false, alarm: None }
    }
}

impl<R> Future for Reply<R> {
    type Output = Result<R, AskError>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if !this.gave_way && this.answer.is_empty() {
            // Nor is a waker left with the answer: this task has been woken already.
            this.gave_way = true;
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Poll::Ready(answered) = Pin::new(&mut this.answer).poll(task) {
            return Poll::Ready(match answered {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(*error),
                // An envelope that is dropped unanswered went down with its thread.
                Err(_) => Err(AskError::Stopped),
            });
        }
        let deadline = this.deadline;
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline.instant())));
        alarm.as_mut().poll(task).map(|()| Err(AskError::DeadlineExceeded))
    }
}
