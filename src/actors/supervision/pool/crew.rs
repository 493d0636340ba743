//! The threads of a pool: who is there, who is stuck, and how many are missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::actors::supervision::clock::Moment;

/// One thread, as it is seen from outside.
pub(super) struct Seat {
    /// Counted from 0 over all threads that the pool ever had.
    pub(super) number: usize,
    /// Since when it has been at work on one job.
    pub(super) busy: Moment,
    live: AtomicBool,
    /// Its place is taken by another: it is to end after its job.
    retired: AtomicBool,
}

impl Seat {
    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Relaxed)
    }

    pub(super) fn set_live(&self) {
        self.live.store(true, Relaxed);
    }
}

/// Invariants: at most `expected` seats are not retired, and at most `expected` are retired but still there; so a
/// pool has at most twice as many threads as it was asked for, and only while jobs are stuck.
pub(super) struct Crew {
    expected: usize,
    epoch: Instant,
    seats: Mutex<Seats>,
    lost: AtomicU64,
    replaced: AtomicU64,
    /// Told whenever a thread has ended.
    left: Notify,
}

#[derive(Default)]
struct Seats {
    present: Vec<Arc<Seat>>,
    /// How many there ever were.
    hired: usize,
}

/// What is to be done for the pool to be complete.
#[derive(Default)]
pub(super) struct Remedy {
    /// Those that are stuck and were retired for it, and for how long they have been.
    pub(super) stuck: Vec<(Arc<Seat>, Duration)>,
    /// The seats of threads that are to be started.
    pub(super) vacant: Vec<Arc<Seat>>,
}

/// How many threads there are, and what has become of the others.
pub(super) struct Muster {
    pub(super) live: usize,
    pub(super) stuck: usize,
    pub(super) running: usize,
    pub(super) lost: u64,
    pub(super) replaced: u64,
    /// For how long the longest job has been at work, of those that nobody replaces.
    pub(super) longest: Option<Duration>,
}

impl Crew {
    pub(super) fn new(expected: usize) -> Self {
        Crew {
            expected,
            epoch: Instant::now(),
            seats: Mutex::default(),
            lost: AtomicU64::new(0),
            replaced: AtomicU64::new(0),
            left: Notify::new(),
        }
    }

    /// Retires who is stuck for longer than `stall`, and makes seats for those who are missing.
    pub(super) fn remedy(&self, stall: Duration, now: Instant) -> Remedy {
        let mut seats = self.seats.lock();
        let mut remedy = Remedy::default();
        let mut retired = seats.present.iter().filter(|seat| seat.is_retired()).count();
        for seat in seats.present.iter().filter(|seat| !seat.is_retired()) {
            let stuck = seat.busy.age(now).filter(|&age| age > stall);
            if let (Some(age), true) = (stuck, retired < self.expected) {
                seat.retired.store(true, Relaxed);
                retired += 1;
                remedy.stuck.push((seat.clone(), age));
            }
        }
        for _ in seats.present.len()..self.expected + retired {
            let seat = Arc::new(Seat {
                number: seats.hired,
                busy: Moment::unset(self.epoch),
                live: AtomicBool::new(false),
                retired: AtomicBool::new(false),
            });
            if seats.hired >= self.expected {
                self.replaced.fetch_add(1, Relaxed);
            }
            seats.hired += 1;
            seats.present.push(seat.clone());
            remedy.vacant.push(seat);
        }
        remedy
    }

    /// A thread has ended. Whether it leaves a gap.
    pub(super) fn leave(&self, gone: &Arc<Seat>) -> bool {
        self.seats.lock().present.retain(|seat| !Arc::ptr_eq(seat, gone));
        self.left.notify_waiters();
        !gone.is_retired()
    }

    pub(super) fn note_lost(&self) {
        self.lost.fetch_add(1, Relaxed);
    }

    /// Waits until no thread is left.
    pub(super) async fn gone(&self) {
        loop {
            let mut left = std::pin::pin!(self.left.notified());
            left.as_mut().enable(); // so that one who leaves between the look and the wait is not missed
            if self.seats.lock().present.is_empty() {
                return;
            }
            left.await;
        }
    }

    pub(super) fn muster(&self, now: Instant) -> Muster {
        let seats = &self.seats.lock().present;
        let age = |seat: &Arc<Seat>| seat.busy.age(now);
        let (retired, present): (Vec<_>, Vec<_>) = seats.iter().partition(|seat| seat.is_retired());
        Muster {
            live: present.iter().filter(|seat| seat.live.load(Relaxed)).count(),
            stuck: retired.len(),
            running: seats.iter().filter(|seat| age(seat).is_some()).count(),
            lost: self.lost.load(Relaxed),
            replaced: self.replaced.load(Relaxed),
            longest: present.iter().filter_map(|seat| age(seat)).max(),
        }
    }
}
