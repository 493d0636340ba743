//! Work that comes to its end although nobody waits for it any more.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

/// Waits for `work`; dropped before that is done, it has the runtime do the rest. A message may end with its actor at any
/// point of its handling, and what it has begun must not be left half done.
///
/// Work that panics is not gone on with, nor is any once the runtime is gone.
pub(super) fn to_the_end<T: Send + 'static>(work: BoxFuture<'static, T>) -> impl Future<Output = T> + Unpin {
    ToTheEnd(Some(work))
}

struct ToTheEnd<T: Send + 'static>(Option<BoxFuture<'static, T>>);

impl<T: Send + 'static> Future for ToTheEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<T> {
        let mut work = self.0.take().expect("it is polled until it is done");
        let polled = work.poll_unpin(task);
        if polled.is_pending() {
            self.0 = Some(work);
        }
        polled
    }
}

impl<T: Send + 'static> Drop for ToTheEnd<T> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(work.map(drop));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[actix_web::test]
    async fn what_was_begun_is_done_although_nobody_waits() {
        let (go_on, told) = oneshot::channel();
        let (done, is_done) = oneshot::channel();
        let mut work = to_the_end(
            async move {
                told.await.unwrap();
                done.send("done").unwrap();
            }
            .boxed(),
        );
        assert_eq!((&mut work).now_or_never(), None);
        drop(work);
        go_on.send(()).unwrap();
        assert_eq!(is_done.await, Ok("done"));
    }
}
