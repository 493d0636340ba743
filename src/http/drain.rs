//! The start and the end of service: before the one and after the other no request is begun, and probes are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

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
    has_refused: AtomicBool,
    refusing: Notify,
}

/// How long nobody may have been refused for a moment to be a lull.
const LULL: Duration = Duration::from_millis(200);

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
            (_, true) => {
                self.0.has_refused.store(true, SeqCst);
                self.0.refusing.notify_waiters();
                Some("The server is shutting down")
            }
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

    /// Whether anybody was refused since the server drains.
    pub fn has_refused(&self) -> bool {
        self.0.has_refused.load(SeqCst)
    }

    /// Waits until somebody is refused, and nobody else is for a moment. A proxy that was just refused sends nothing for a
    /// while: this is when nothing of its can meet the closing of what listens.
    pub async fn lull(&self) {
        self.0.refusing.notified().await;
        while tokio::time::timeout(LULL, self.0.refusing.notified()).await.is_ok() {}
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

    /// How many requests are under way.
    pub fn under_way(&self) -> usize {
        self.0.under_way.load(SeqCst)
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
    use crate::actors::supervision::testkit::paused;

    #[actix_web::test]
    async fn whoever_waits_for_the_drain_to_begin_is_told() {
        let drain = Drain::default();
        let mut begun = Box::pin(drain.begun());
        assert_eq!((&mut begun).now_or_never(), None);
        drain.begin();
        assert_eq!(begun.now_or_never(), Some(()));
        assert_eq!(drain.begun().now_or_never(), Some(()), "it has begun already");
    }

    #[test]
    fn a_lull_comes_after_a_refusal_and_not_between_two() {
        paused(async {
            let drain = Drain::default();
            assert!(drain.refusal().is_none() && !drain.has_refused());
            drain.begin();
            let mut lull = Box::pin(drain.lull());
            assert_eq!((&mut lull).now_or_never(), None);
            for _ in 0..3 {
                assert!(drain.refusal().is_some() && drain.has_refused());
                assert_eq!((&mut lull).now_or_never(), None);
                tokio::time::advance(LULL / 2).await;
                assert_eq!((&mut lull).now_or_never(), None);
            }
            tokio::time::advance(LULL).await;
            assert_eq!(lull.now_or_never(), Some(()));
        });
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
