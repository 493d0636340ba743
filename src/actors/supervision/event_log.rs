//! What happens to actors and pools, told to whoever listens.
//!
//! One log a supervisor: a ring of the newest events, numbered without gaps. A listener is a place in that ring and
//! nothing more, so nobody waits for a slow one: it is told how many events it has missed, and goes on.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::sync::{Mutex, Notify};
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
#[derive(Clone)]
pub(super) struct EventLog(Arc<Log>);

struct Log {
    /// So many events are kept at most.
    bound: usize,
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

#[expect(clippy::disallowed_methods, reason = "told to operators; nothing is decided by it")]
fn now() -> SystemTime {
    SystemTime::now()
}

impl Default for EventLog {
    fn default() -> Self {
        EventLog::keeping(KEPT)
    }
}

impl EventLog {
    /// Without events yet; of those to come, so many are kept.
    pub(super) fn keeping(bound: usize) -> Self {
        let since_1970 = now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let origin = u64::try_from(since_1970.as_micros()).unwrap_or_default();
        let ring = Mutex::new(Ring { origin, newest: origin, kept: VecDeque::new() });
        EventLog(Arc::new(Log { bound, ring, grown: Notify::new() }))
    }

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
        let oldest = if ring.kept.len() == self.0.bound { ring.kept.pop_front() } else { None };
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
