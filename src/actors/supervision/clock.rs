//! Instants in atomics.

use std::time::Duration;

use tokio::time::Instant;

use super::sync::{AtomicU64, Relaxed};

/// A point in time that may be unset, shared between threads; counted in nanoseconds from an epoch.
#[derive(Debug)]
pub(super) struct Moment {
    epoch: Instant,
    /// Nanoseconds since the epoch plus one; 0 is unset.
    nanos: AtomicU64,
}

impl Moment {
    pub(super) fn unset(epoch: Instant) -> Self {
        let nanos = AtomicU64::new(0);
        Moment { epoch, nanos }
    }

    pub(super) fn set(&self, at: Instant) {
        let since = at.saturating_duration_since(self.epoch).as_nanos();
        self.nanos.store(u64::try_from(since).unwrap_or(u64::MAX - 1) + 1, Relaxed);
    }

    /// As `set` to the same point in time as `other`, which has the same epoch.
    pub(super) fn copy(&self, other: &Moment) {
        self.nanos.store(other.nanos.load(Relaxed), Relaxed);
    }

    pub(super) fn clear(&self) {
        self.nanos.store(0, Relaxed);
    }

    pub(super) fn get(&self) -> Option<Instant> {
        let nanos = self.nanos.load(Relaxed).checked_sub(1)?;
        self.epoch.checked_add(Duration::from_nanos(nanos))
    }

    /// The time from this moment to `now`.
    pub(super) fn age(&self, now: Instant) -> Option<Duration> {
        Some(now.saturating_duration_since(self.get()?))
    }
}
