//! What happens to actors and pools, told to whoever listens.
//!
//! One log a supervisor: a ring of the newest events, numbered without gaps. A listener is a place in that ring and
//! nothing more, so nobody waits for a slow one: it is told how many events it has missed, and goes on.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Event, Happening};

/// How many events are kept for those who come later, or are slow.
const KEPT: usize = 256;

/// Tells what happens to one actor or pool. Cheap to clone; never waits for a listener.
#[derive(Clone)]
pub struct Emitter {
    log: EventLog,
    actor: Arc<str>,
}

impl Emitter {
    /// The name under which it tells.
    pub(super) fn actor(&self) -> &Arc<str> {
        &self.actor
    }

    /// Tells that this has happened just now.
    pub fn emit(&self, happening: Happening) {
        self.log.append(self.actor.clone(), happening);
    }
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Emitter({})", self.actor)
    }
}

/// The events of one supervisor. Clones share them.
#[derive(Clone, Default)]
pub(super) struct EventLog(Arc<Log>);

#[derive(Default)]
struct Log {
    ring: Mutex<Ring>,
    grown: Notify,
}

/// Invariants: `kept` ends with the event numbered `newest`, and has no gaps; `origin <= newest`.
struct Ring {
    /// The number before that of the first event. With fewer than a million events a second, it is greater than all that
    /// were given by processes which have ended before.
    origin: u64,
    newest: u64,
    kept: VecDeque<Arc<Event>>,
}

impl Default for Ring {
    fn default() -> Self {
        let since_1970 = now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let origin = u64::try_from(since_1970.as_micros()).unwrap_or_default();
        Ring { origin, newest: origin, kept: VecDeque::new() }
    }
}

#[expect(clippy::disallowed_methods, reason = "told to operators; nothing is decided by it")]
fn now() -> SystemTime {
    SystemTime::now()
}

impl EventLog {
    /// A voice for the actor or pool of this name.
    pub(super) fn emitter(&self, actor: impl Into<Arc<str>>) -> Emitter {
        Emitter { log: self.clone(), actor: actor.into() }
    }

    /// What happens from now on.
    pub(super) fn follow(&self) -> Events {
        let heard = self.0.ring.lock().newest;
        Events { log: self.clone(), heard }
    }

    /// What happened after the event numbered `sequence`. A number that was never given here is another process's:
    /// everything is news.
    pub(super) fn follow_after(&self, sequence: u64) -> Events {
        let ring = self.0.ring.lock();
        let heard = if (ring.origin..=ring.newest).contains(&sequence) { sequence } else { ring.origin };
        Events { log: self.clone(), heard }
    }

    fn append(&self, actor: Arc<str>, happening: Happening) {
        let at = now();
        let mut ring = self.0.ring.lock();
        ring.newest += 1;
        let event = Arc::new(Event { sequence: ring.newest, at, actor, happening });
        let oldest = if ring.kept.len() == KEPT { ring.kept.pop_front() } else { None };
        ring.kept.push_back(event);
        drop(ring);
        drop(oldest);
        self.0.grown.notify_waiters();
    }
}

/// Some events went by unheard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{count} events were missed")]
pub struct Missed {
    /// How many.
    pub count: u64,
}

/// A listener to the events of one supervisor.
pub struct Events {
    log: EventLog,
    /// The number of the event heard last.
    heard: u64,
}

impl Events {
    /// Waits for the next event. Dropping the future loses none.
    ///
    /// # Errors
    /// [`Missed`], once, when the listener was so slow that events were forgotten; it goes on with the oldest kept.
    pub async fn next(&mut self) -> Result<Arc<Event>, Missed> {
        loop {
            let log = self.log.clone();
            let grown = log.0.grown.notified();
            if let Some(heard) = self.try_next() {
                return heard;
            }
            grown.await;
        }
    }

    /// The next event, if it has happened already.
    pub fn try_next(&mut self) -> Option<Result<Arc<Event>, Missed>> {
        let ring = self.log.0.ring.lock();
        let ahead = ring.newest - self.heard;
        let kept = ring.kept.len() as u64;
        if let Some(count @ 1..) = ahead.checked_sub(kept) {
            self.heard += count;
            return Some(Err(Missed { count }));
        }
        let index = usize::try_from(kept - ahead).expect("an index into the ring");
        let event = ring.kept.get(index)?.clone();
        self.heard = event.sequence;
        Some(Ok(event))
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("heard", &self.heard).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(count: usize) -> EventLog {
        let log = EventLog::default();
        let emitter = log.emitter("customers/0");
        (0..count).for_each(|_| emitter.emit(Happening::Recovered));
        log
    }

    /// The numbers of what is told, counted from 1.
    fn sequences(events: &mut Events) -> Vec<u64> {
        let origin = origin(&events.log);
        std::iter::from_fn(|| events.try_next()).map(|event| event.unwrap().sequence - origin).collect()
    }

    fn origin(log: &EventLog) -> u64 {
        log.0.ring.lock().origin
    }

    #[test]
    fn a_listener_hears_what_happens_after_it_came() {
        let log = log_of(3);
        let mut events = log.follow();
        assert!(events.try_next().is_none());
        log.emitter("groups/0").emit(Happening::Recovered);
        assert_eq!(sequences(&mut events), [4]);
    }

    #[test]
    fn a_listener_resumes_after_what_it_heard() {
        let log = log_of(5);
        let origin = origin(&log);
        assert_eq!(sequences(&mut log.follow_after(origin + 3)), [4, 5]);
        assert!(sequences(&mut log.follow_after(origin + 5)).is_empty());
        for foreign in [0, 3, origin - 1, origin + 99, u64::MAX] {
            assert_eq!(sequences(&mut log.follow_after(foreign)), [1, 2, 3, 4, 5], "a number of another process");
        }
    }

    #[test]
    fn numbers_rise_from_one_process_to_the_next_and_are_exact_in_every_reader() {
        const SAFE_INTEGER: u64 = (1 << 53) - 1;
        let (before, after) = (log_of(3), log_of(3));
        let heard = before.0.ring.lock().newest;
        assert!((1 << 50..SAFE_INTEGER).contains(&heard), "microseconds since 1970");
        assert!(origin(&before) <= origin(&after));
    }

    #[test]
    fn a_reader_of_another_process_is_told_what_is_forgotten_already() {
        let log = log_of(KEPT + 10);
        let mut events = log.follow_after(7);
        assert_eq!(events.try_next().unwrap().unwrap_err(), Missed { count: 10 });
        assert_eq!(sequences(&mut events).len(), KEPT);
    }

    #[test]
    fn a_slow_listener_is_told_how_much_it_missed_and_goes_on() {
        let log = log_of(KEPT + 10);
        let mut events = log.follow_after(origin(&log) + 2);
        assert_eq!(events.try_next().unwrap().unwrap_err(), Missed { count: 8 });
        assert_eq!(sequences(&mut events), (11..=KEPT as u64 + 10).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_listener_that_waits_is_woken_by_another_thread() {
        let log = log_of(0);
        let emitter = log.emitter("passwords");
        let (mut events, first) = (log.follow(), origin(&log) + 1);
        let waiting = tokio::spawn(async move { events.next().await });
        tokio::task::yield_now().await;
        std::thread::spawn(move || emitter.emit(Happening::Recovered)).join().unwrap();
        let event = waiting.await.unwrap().unwrap();
        assert_eq!((event.sequence, &*event.actor), (first, "passwords"));
    }
}
