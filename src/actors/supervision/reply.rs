//! The asker's side of an ask: waiting for the answer, but not beyond the deadline.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};

use super::{AskError, Deadline};

/// The receiving end of [`ReplyTo`](super::envelope::ReplyTo).
pub(super) type Answer<R> = oneshot::Receiver<Result<R, AskError>>;

/// Resolves to the answer, or to why there is none.
///
/// To wait costs as much as the rest of an ask: a timer is set, and unset when the answer comes. So the asker first
/// lets the other tasks of its thread go; when its turn comes again, an actor among them has mostly answered.
pub(super) struct Reply<R> {
    admitted: Result<Answer<R>, AskError>,
    deadline: Deadline,
    gave_way: bool,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<R> Reply<R> {
    /// The reply to a message that was taken in, or the reason why it was not.
    pub(super) fn new(admitted: Result<Answer<R>, AskError>, deadline: Deadline) -> Self {
        Reply { admitted, deadline, gave_way: false, alarm: None }
    }
}

impl<R> Future for Reply<R> {
    type Output = Result<R, AskError>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let answer = match &mut this.admitted {
            Ok(answer) => answer,
            Err(refusal) => return Poll::Ready(Err(refusal.clone())),
        };
        if answer.is_empty() && !this.gave_way {
            // Nor is a waker left with the answer: this task has been woken already.
            this.gave_way = true;
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Poll::Ready(answered) = Pin::new(answer).poll(task) {
            // An envelope that is dropped unanswered went down with its thread.
            return Poll::Ready(answered.unwrap_or(Err(AskError::Stopped)));
        }
        let deadline = this.deadline;
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline.instant())));
        alarm.as_mut().poll(task).map(|()| Err(AskError::DeadlineExceeded))
    }
}
