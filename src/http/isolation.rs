//! Keeps a request's failure to itself: a panic in its handler, or one that takes too long.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::time::{Sleep, sleep_until};

use crate::actors::supervision::{AskError, Deadline, guarded};

use super::error::ApiError;

/// Runs the work of one request until it is done, panics or its deadline passes.
///
/// # Errors
/// 503 / 5001 for a panic, 504 / 5003 for one that is late; else its own.
pub(super) async fn isolated<T>(
    deadline: Deadline,
    work: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    Isolated { work: pin!(work), deadline, gave_way: false, alarm: None }.await
}

/// A future each of whose polls is guarded, and whose time is bounded.
///
/// Most work is done when an actor of the same thread has had its turn. The alarm is set if it takes longer than that.
struct Isolated<'a, F> {
    work: Pin<&'a mut F>,
    deadline: Deadline,
    gave_way: bool,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<T, F: Future<Output = Result<T, ApiError>>> Future for Isolated<'_, F> {
    type Output = Result<T, ApiError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match guarded(|| self.work.as_mut().poll(context)) {
            Ok(Poll::Ready(done)) => return Poll::Ready(done),
            Ok(Poll::Pending) => {}
            Err(panic) => return Poll::Ready(Err(AskError::Crashed { reason: panic.to_string().into() }.into())),
        }
        if !self.gave_way {
            self.gave_way = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let until = self.deadline.instant();
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(until)));
        alarm.as_mut().poll(context).map(|()| Err(AskError::DeadlineExceeded.into()))
    }
}
