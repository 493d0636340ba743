//! The stream of events: an answer that goes on until its reader, the server or the reader's session ends.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{Stream, StreamExt as _, once, unfold};
use tokio::time::{Instant, Interval, interval_at};

use crate::actors::supervision::Events;

use super::super::drain::Drain;
use super::places::Place;
use super::told::{HEARTBEAT, OPENING, told, told_missed};

/// How often a reader is shown that the stream is open while nothing happens, and it is found out whether they may still
/// read it.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);

/// For how long it is taken for granted that the reader may read. An event after that waits until it is known.
const TRUST: Duration = Duration::from_secs(1);

/// Finds out whether the reader may go on.
pub(super) type Admission = Box<dyn Fn() -> LocalBoxFuture<'static, bool>>;

/// Follows events on behalf of one reader.
///
/// Invariants: no event is told to a reader who was let in longer than [`TRUST`] ago; at most one event waits for that. A slow reader is not waited for; what it misses, the ring forgets and it is told.
pub(super) struct Follower {
    events: Events,
    drain: Drain,
    admission: Admission,
    heartbeat: Interval,
    /// Under way; events go on meanwhile.
    checking: Option<LocalBoxFuture<'static, bool>>,
    checked_at: Instant,
    /// An event that waits until it is known whether the reader may read it.
    held: Option<Bytes>,
    _place: Place,
}

impl Follower {
    /// Follows `events` while `admission` allows it and the server does not drain.
    pub(super) fn new(events: Events, drain: Drain, admission: Admission, place: Place) -> Self {
        let now = Instant::now();
        let heartbeat = interval_at(now + HEARTBEAT_INTERVAL, HEARTBEAT_INTERVAL);
        Self { events, drain, admission, heartbeat, checking: None, checked_at: now, held: None, _place: place }
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
                    self.checked_at = Instant::now();
                    if !may {
                        return None;
                    }
                    if let Some(event) = self.held.take() {
                        return Some(event);
                    }
                }
                _ = self.heartbeat.tick() => {
                    self.check();
                    return Some(HEARTBEAT);
                }
                event = self.events.next(), if self.held.is_none() => {
                    let event = event.map_or_else(told_missed, |event| told(&event));
                    if self.checked_at.elapsed() < TRUST {
                        return Some(event);
                    }
                    self.held = Some(event);
                    self.check();
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

    use super::super::places::Places;
    use super::*;
    use crate::actors::supervision::testkit::paused;
    use crate::actors::supervision::{Pool, PoolSpec, Supervisor};
    use crate::model::id::UserId;
    use crate::model::time::Clock;

    type Messages = Pin<Box<dyn Stream<Item = Result<Bytes, std::convert::Infallible>>>>;

    struct Reader {
        drain: Drain,
        welcome: Rc<Cell<bool>>,
        checks: Rc<Cell<usize>>,
        messages: Messages,
    }

    fn reader() -> Reader {
        reader_of(&Supervisor::new())
    }

    fn reader_of(supervisor: &Supervisor) -> Reader {
        let (drain, welcome) = (Drain::default(), Rc::new(Cell::new(true)));
        let checks = Rc::new(Cell::new(0));
        let (may, made) = (Rc::clone(&welcome), Rc::clone(&checks));
        let place = Arc::new(Places::default()).take(UserId::new(Clock::system().now()));
        let follower = Follower::new(
            supervisor.events(),
            drain.clone(),
            Box::new(move || {
                made.set(made.get() + 1);
                std::future::ready(may.get()).boxed_local()
            }),
            place.expect("a place"),
        );
        Reader { drain, welcome, checks, messages: Box::pin(follower.into_stream()) }
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
        });
    }

    #[test]
    fn an_event_waits_for_a_check_of_a_reader_who_was_not_checked_of_late() {
        paused(async {
            let supervisor = Supervisor::new();
            let pool = Pool::<()>::start(PoolSpec::new("toil").threads(1), || Ok(()));
            supervisor.register_pool(&pool);
            let (mut staying, mut leaving) = (reader_of(&supervisor), reader_of(&supervisor));
            assert_eq!((staying.next().await, leaving.next().await), (Some(OPENING), Some(OPENING)));
            leaving.welcome.set(false);
            pool.restart();
            assert!(leaving.next().await.is_some(), "they were let in a moment ago");
            assert!(staying.next().await.is_some());
            tokio::time::advance(TRUST).await;
            pool.restart();
            assert_eq!(leaving.next().await, None);
            let told = staying.next().await.expect("the event that waited");
            let told = String::from_utf8_lossy(&told);
            assert!(told.contains("\nevent: restarted\n") && told.contains("\"incarnation\":3"), "{told}");
            assert_eq!(staying.checks.get(), 1);
            pool.restart();
            let told = staying.next().await.expect("another event");
            assert!(String::from_utf8_lossy(&told).contains("\"incarnation\":4"), "{told:?}");
            assert_eq!(staying.checks.get(), 1, "one check does for the events of a second");
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
