//! The threads of a pool: who is there, who is stuck, and how many are missing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::clock::Moment;
use super::super::sync::{AtomicBool, AtomicU64, Mutex, Notify, Relaxed};

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
            seats: Mutex::new(Seats::default()),
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
            seats.hired += 1;
            seats.present.push(seat.clone());
            remedy.vacant.push(seat);
        }
        remedy
    }

    /// A thread has started. Beyond the first ones, it is there in the place of another.
    pub(super) fn arrive(&self, seat: &Seat) {
        let _seats = self.seats.lock(); // so that a muster tells both or neither
        if seat.number >= self.expected {
            self.replaced.fetch_add(1, Relaxed);
        }
        seat.live.store(true, Relaxed);
    }

    /// A thread has ended, or could not be started. Whether it leaves a gap.
    pub(super) fn leave(&self, gone: &Arc<Seat>) -> bool {
        self.seats.lock().present.retain(|seat| !Arc::ptr_eq(seat, gone));
        self.left.notify_waiters();
        !gone.is_retired()
    }

    pub(super) fn note_lost(&self) {
        self.lost.fetch_add(1, Relaxed);
    }

    /// Waits until everything is `finished` and no thread is left.
    ///
    /// In this order: who took the last job was present before, so that nobody is at work once nobody is present. The
    /// other way round, a thread could be put in the place of the last one, and take that job, between the two looks.
    pub(super) async fn gone(&self, finished: impl Fn() -> bool) {
        loop {
            let mut left = std::pin::pin!(self.left.notified());
            left.as_mut().enable(); // so that one who leaves between the look and the wait is not missed
            if finished() && self.seats.lock().present.is_empty() {
                return;
            }
            left.await;
        }
    }

    /// For how long no thread has begun a job, if all are at work. Then whoever waits has to wait on, nobody knows for
    /// how long: perhaps the threads are stuck.
    pub(super) fn silent(&self, now: Instant) -> Option<Duration> {
        let seats = self.seats.lock();
        let mut silent = None;
        for seat in seats.present.iter().filter(|seat| !seat.is_retired()) {
            let age = seat.busy.age(now)?;
            silent = Some(silent.map_or(age, |silent: Duration| silent.min(age)));
        }
        silent
    }

    pub(super) fn muster(&self, now: Instant) -> Muster {
        let seats = self.seats.lock();
        let seats = &seats.present;
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
