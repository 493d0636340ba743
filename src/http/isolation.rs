//! Keeps a request's failure to itself: a panic in its handler, or one that takes too long.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

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
    let work = Guarded { work: pin!(work) };
    match tokio::time::timeout_at(deadline.instant(), work).await {
        Ok(done) => done,
        Err(_) => Err(AskError::DeadlineExceeded.into()),
    }
}

/// A future each of whose polls is guarded.
struct Guarded<'a, F> {
    work: Pin<&'a mut F>,
}

impl<T, F: Future<Output = Result<T, ApiError>>> Future for Guarded<'_, F> {
    type Output = Result<T, ApiError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match guarded(|| self.work.as_mut().poll(context)) {
            Ok(polled) => polled,
            Err(panic) => Poll::Ready(Err(AskError::Crashed { reason: panic.to_string().into() }.into())),
        }
    }
}
