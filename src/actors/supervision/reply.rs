//! The asker's side of an ask: waiting for the answer, but not beyond the deadline.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};

use super::{AskError, Deadline};

/// The receiving end of [`ReplyTo`](super::envelope::ReplyTo).
pub(super) type Answer<R> = oneshot::Receiver<Result<R, AskError>>;

pin_project! {
    /// Resolves to the answer, or to why there is none.
    ///
    /// A timer costs as much as the rest of an ask. So the first time there is no answer yet, the asker lets
    /// the other tasks of its thread go first: an actor among them has answered when its turn comes again.
    /// Only then the timer is set.
    pub(super) struct Reply<R> {
        admitted: Result<Answer<R>, AskError>,
        deadline: Deadline,
        gave_way: bool,
        #[pin]
        alarm: Option<Sleep>,
    }
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
        let mut this = self.project();
        let answer = match this.admitted {
            Ok(answer) => answer,
            Err(refusal) => return Poll::Ready(Err(refusal.clone())),
        };
        if let Poll::Ready(answered) = Pin::new(answer).poll(task) {
            // An envelope that is dropped unanswered went down with its thread.
            return Poll::Ready(answered.unwrap_or(Err(AskError::Stopped)));
        }
        if !*this.gave_way {
            *this.gave_way = true;
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.alarm.is_none() {
            this.alarm.set(Some(sleep_until(this.deadline.instant())));
        }
        let alarm = this.alarm.as_pin_mut().expect("the alarm has just been set");
        alarm.poll(task).map(|()| Err(AskError::DeadlineExceeded))
    }
}
