//! What a node knows: its connection, its place in the log of changes, and since when it knows of all of them.

use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures_util::future::{BoxFuture, Shared};
use parking_lot::{Mutex, RwLock};

use super::client::Connection;
use super::news::{Changed, Follower, Position, hear};
use crate::model::id::ObjectId;

/// What a script answers of the log: the new position, whether the thread was lost, what others told.
pub(super) type News = (String, bool, Vec<String>);

/// A question for the news that several wait for.
pub(super) type Flight = Shared<BoxFuture<'static, bool>>;

/// A connection, and where its node is in the log.
#[derive(Clone)]
pub(super) struct Up {
    pub(super) number: u64,
    pub(super) connection: Connection,
    pub(super) position: Position,
}

/// Invariants, all under the one lock: what is pending is told before there is a connection; a connection is taken away
/// together with all trust in what is at hand; news of a connection that is gone moves nothing.
pub(super) struct State {
    guarded: Mutex<Guarded>,
    /// When the last question was sent whose answer was heard, in nanoseconds since `origin`; 0: not on this connection.
    synced: AtomicU64,
    origin: Instant,
    followers: RwLock<Vec<Weak<dyn Follower>>>,
}

#[derive(Default)]
struct Guarded {
    up: Option<Up>,
    connections: u64,
    pending: Changed,
    flight: Option<(Instant, Flight)>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            guarded: Mutex::default(),
            synced: AtomicU64::new(0),
            origin: Instant::now(),
            followers: RwLock::default(),
        }
    }

    pub(super) fn follow(&self, follower: Weak<dyn Follower>) {
        let mut followers = self.followers.write();
        followers.retain(|follower| follower.strong_count() > 0);
        followers.push(follower);
    }

    pub(super) fn up(&self) -> Option<Up> {
        self.guarded.lock().up.clone()
    }

    pub(super) fn is_up(&self) -> bool {
        self.guarded.lock().up.is_some()
    }

    /// Whether the news was asked for at `moment` or later, and heard.
    pub(super) fn is_synced_since(&self, moment: Instant) -> bool {
        let synced = self.synced.load(Ordering::Acquire);
        synced != 0 && synced >= self.nanos(moment)
    }

    /// The connection, unless there is none: then these are kept until there is.
    pub(super) fn up_or_keep(&self, changed: &[(&'static str, ObjectId)]) -> Option<Up> {
        let mut guarded = self.guarded.lock();
        if guarded.up.is_none() {
            guarded.pending.add(changed);
        }
        guarded.up.clone()
    }

    /// What is to be told as soon as there is a connection.
    pub(super) fn pending(&self) -> Changed {
        self.guarded.lock().pending.clone()
    }

    /// Takes a connection on which `told` was told, at `position`, by a call that was sent at `sent`. Not if more has come to
    /// be pending meanwhile.
    pub(super) fn connected(&self, connection: &Connection, told: &Changed, position: Position, sent: Instant) -> bool {
        let mut guarded = self.guarded.lock();
        if guarded.pending != *told {
            return false;
        }
        guarded.pending = Changed::default();
        guarded.connections += 1;
        // What was loaded since the last connection was lost is not known to be good either.
        self.outdate_all();
        guarded.up = Some(Up { number: guarded.connections, connection: connection.clone(), position });
        self.synced.store(self.nanos(sent), Ordering::Release);
        true
    }

    /// Lets go of a connection that failed, if it is still the one. Whether it was.
    pub(super) fn lost(&self, number: u64) -> bool {
        let mut guarded = self.guarded.lock();
        if guarded.up.as_ref().is_none_or(|up| up.number != number) {
            return false;
        }
        guarded.up = None;
        self.synced.store(0, Ordering::Release);
        self.outdate_all();
        true
    }

    /// Takes in the answer to a question that was sent at `sent` on the connection `number`. False if it makes no sense.
    pub(super) fn heard(&self, number: u64, sent: Instant, (position, is_lost, told): &News) -> bool {
        let Some(position) = Position::parse(position) else { return false };
        let mut guarded = self.guarded.lock();
        let Some(up) = guarded.up.as_mut().filter(|up| up.number == number) else { return true };
        // Answers may come in another order than they were made: then this one tells a part of what is known.
        up.position = up.position.max(position);
        if *is_lost {
            self.outdate_all();
        }
        for follower in self.followers.read().iter().filter_map(Weak::upgrade) {
            told.iter().for_each(|entry| hear(entry, &*follower));
        }
        // Behind all the rest: whoever sees it sees what was outdated.
        self.synced.fetch_max(self.nanos(sent), Ordering::AcqRel);
        true
    }

    /// The flight that was begun at `since` or later, or else the one that `begin` makes.
    pub(super) fn join_or_begin(&self, since: Instant, begin: impl FnOnce() -> Flight) -> Flight {
        let mut guarded = self.guarded.lock();
        if let Some((_, flight)) = guarded.flight.as_ref().filter(|(begun, _)| *begun >= since) {
            return flight.clone();
        }
        let (begun, flight) = (Instant::now(), begin());
        guarded.flight = Some((begun, flight.clone()));
        flight
    }

    /// Lets go of the last flight, which holds what holds this.
    pub(super) fn forget_flight(&self) {
        self.guarded.lock().flight = None;
    }

    fn outdate_all(&self) {
        for follower in self.followers.read().iter().filter_map(Weak::upgrade) {
            follower.outdate_all();
        }
    }

    /// At least 1. Rounded down: a moment of the past may lie before the origin.
    fn nanos(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.origin).as_nanos()).unwrap_or(u64::MAX).max(1)
    }
}
