//! The start and the end of service: before the one and after the other no request is begun, and probes are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use tokio::sync::Notify;

/// Knows whether the server starts or stops, and what is under way. Clones know the same.
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    starting: AtomicBool,
    begun: AtomicBool,
    beginning: Notify,
    under_way: AtomicUsize,
    idle: Notify,
    closed: AtomicBool,
    closing: Notify,
}

/// A request that is under way until this is dropped.
#[must_use = "the request is under way until this is dropped"]
pub(super) struct UnderWay(Arc<Inner>);

impl Drain {
    /// That of a server which has still to [start](Self::has_started).
    pub fn starting() -> Self {
        let drain = Self::default();
        drain.0.starting.store(true, SeqCst);
        drain
    }

    /// The server has started: requests may come.
    pub fn has_started(&self) {
        self.0.starting.store(false, SeqCst);
    }

    /// Whether the server has still to start.
    pub fn is_starting(&self) -> bool {
        self.0.starting.load(SeqCst)
    }

    /// Why nothing is begun now; `None`: it is.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        match (self.is_starting(), self.has_begun()) {
            (_, true) => Some("The server is shutting down"),
            (true, false) => Some("The server is starting"),
            (false, false) => None,
        }
    }

    /// Begins to drain, for good.
    pub fn begin(&self) {
        self.0.begun.store(true, SeqCst);
        self.0.beginning.notify_waiters();
    }

    /// Waits until the server drains: the end of answers that have none of their own.
    pub(super) async fn begun(&self) {
        let beginning = self.0.beginning.notified();
        if !self.has_begun() {
            beginning.await;
        }
    }

    /// Whether the server drains.
    pub fn has_begun(&self) -> bool {
        self.0.begun.load(SeqCst)
    }

    /// Has connections closed on which nothing goes on.
    pub fn close_idle(&self) {
        self.0.closed.store(true, SeqCst);
        self.0.closing.notify_waiters();
    }

    /// Waits until idle connections are to be closed.
    pub(super) async fn closes_idle(&self) {
        let closing = self.0.closing.notified();
        if !self.0.closed.load(SeqCst) {
            closing.await;
        }
    }

    /// Counts a request as under way.
    pub(super) fn enter(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, SeqCst);
        UnderWay(Arc::clone(&self.0))
    }

    /// Waits, once the server drains, until no request is under way.
    pub async fn finished(&self) {
        loop {
            let idle = self.0.idle.notified();
            if self.0.under_way.load(SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // A permit that was left while nobody waited makes `finished` look once more, no harm done.
        if self.0.under_way.fetch_sub(1, SeqCst) == 1 && self.0.begun.load(SeqCst) {
            self.0.idle.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[actix_web::test]
    async fn whoever_waits_for_the_drain_to_begin_is_told() {
        let drain = Drain::default();
        let mut begun = Box::pin(drain.begun());
        assert_eq!((&mut begun).now_or_never(), None);
        drain.begin();
        assert_eq!(begun.now_or_never(), Some(()));
        assert_eq!(drain.begun().now_or_never(), Some(()), "it has begun already");
    }

    #[actix_web::test]
    async fn draining_has_finished_when_the_last_request_is_answered() {
        let drain = Drain::default();
        let (one, other) = (drain.enter(), drain.enter());
        drain.begin();
        let mut finished = Box::pin(drain.finished());
        assert_eq!((&mut finished).now_or_never(), None);
        drop(one);
        assert_eq!((&mut finished).now_or_never(), None);
        drop(other);
        assert_eq!((&mut finished).now_or_never(), Some(()));
        assert_eq!(drain.finished().now_or_never(), Some(()), "nothing has begun since");
    }
}
