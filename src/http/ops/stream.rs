//! The stream of events: an answer that goes on until its reader, the server or the reader's session ends.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{Stream, StreamExt as _, once, unfold};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Interval, interval_at};

use crate::actors::supervision::Events;

use super::super::drain::Drain;
use super::told::{HEARTBEAT, OPENING, told, told_missed};

/// How often a reader is shown that the stream is open while nothing happens. With that, and with each event, it is found
/// out whether they may still read it.
pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);

/// Finds out whether the reader may go on.
pub(super) type Admission = Box<dyn Fn() -> LocalBoxFuture<'static, bool>>;

/// Follows events on behalf of one reader.
///
/// Invariant: nothing is buffered here. A slow reader is not waited for; what it misses, the ring forgets and it is told.
pub(super) struct Follower {
    events: Events,
    drain: Drain,
    admission: Admission,
    heartbeat: Interval,
    /// Under way; events go on meanwhile.
    checking: Option<LocalBoxFuture<'static, bool>>,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// Follows `events` while `admission` allows it and the server does not drain.
    pub(super) fn new(events: Events, drain: Drain, admission: Admission, place: OwnedSemaphorePermit) -> Self {
        let heartbeat = interval_at(Instant::now() + HEARTBEAT_INTERVAL, HEARTBEAT_INTERVAL);
        Self { events, drain, admission, heartbeat, checking: None, _place: place }
    }

    /// The messages, the opening first.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
        let messages = unfold(self, |mut follower| async move { Some((Ok(follower.next().await?), follower)) });
        once(std::future::ready(Ok(OPENING))).chain(messages)
    }

    /// The next message; `None`: it is over.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let checking = async {
                match &mut self.checking {
                    Some(checking) => checking.await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.drain.begun() => return None,
                may = checking => {
                    self.checking = None;
                    if !may {
                        return None;
                    }
                }
                _ = self.heartbeat.tick() => {
                    self.check();
                    return Some(HEARTBEAT);
                }
                event = self.events.next() => {
                    self.check();
                    return Some(event.map_or_else(told_missed, |event| told(&event)));
                }
            }
        }
    }

    /// Has it found out whether the reader may go on, unless that is being found out already.
    fn check(&mut self) {
        if self.checking.is_none() {
            self.checking = Some((self.admission)());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::Pin;
    use std::rc::Rc;
    use std::sync::Arc;

    use futures_util::FutureExt as _;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::actors::supervision::Supervisor;
    use crate::actors::supervision::testkit::paused;

    type Messages = Pin<Box<dyn Stream<Item = Result<Bytes, std::convert::Infallible>>>>;

    struct Reader {
        drain: Drain,
        welcome: Rc<Cell<bool>>,
        places: Arc<Semaphore>,
        messages: Messages,
    }

    fn reader() -> Reader {
        let (drain, welcome, places) = (Drain::default(), Rc::new(Cell::new(true)), Arc::new(Semaphore::new(1)));
        let admission = Rc::clone(&welcome);
        let follower = Follower::new(
            Supervisor::new().events(),
            drain.clone(),
            Box::new(move || std::future::ready(admission.get()).boxed_local()),
            Arc::clone(&places).try_acquire_owned().expect("a place"),
        );
        Reader { drain, welcome, places, messages: Box::pin(follower.into_stream()) }
    }

    impl Reader {
        async fn next(&mut self) -> Option<Bytes> {
            self.messages.next().await.map(|message| message.unwrap())
        }
    }

    #[test]
    fn a_reader_is_shown_that_the_stream_is_open_while_nothing_happens() {
        paused(async {
            let mut reader = reader();
            let begun = Instant::now();
            assert_eq!(reader.next().await, Some(OPENING));
            assert_eq!(begun.elapsed(), Duration::ZERO);
            for count in 1..=3 {
                assert_eq!(reader.next().await, Some(HEARTBEAT));
                assert_eq!(begun.elapsed().as_secs(), count * HEARTBEAT_INTERVAL.as_secs());
            }
        });
    }

    #[test]
    fn a_reader_who_may_not_read_any_more_is_let_go_at_the_next_heartbeat() {
        paused(async {
            let mut reader = reader();
            assert_eq!(reader.next().await, Some(OPENING));
            assert_eq!(reader.next().await, Some(HEARTBEAT), "they were welcome then");
            reader.welcome.set(false);
            assert_eq!(reader.next().await, Some(HEARTBEAT));
            assert_eq!(reader.next().await, None);
            drop(reader.messages);
            assert_eq!(reader.places.available_permits(), 1, "the place is free again");
        });
    }

    #[test]
    fn a_server_that_stops_waits_for_no_reader() {
        paused(async {
            let mut reader = reader();
            assert_eq!(reader.next().await, Some(OPENING));
            let begun = Instant::now();
            reader.drain.begin();
            assert_eq!(reader.next().await, None);
            assert_eq!(begun.elapsed(), Duration::ZERO);
        });
    }
}
