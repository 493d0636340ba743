//! What a backend has done so far, counted as it does it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{BrokerStats, Settlement};

/// Counts messages since the start.
#[derive(Debug, Default)]
pub(super) struct Figures {
    published: AtomicU64,
    confirmed: AtomicU64,
    delivered: AtomicU64,
    acknowledged: AtomicU64,
    rejected: AtomicU64,
    abandoned: AtomicU64,
}

impl Figures {
    pub(super) fn published(&self, count: usize) {
        self.published.fetch_add(count as u64, Relaxed);
    }

    pub(super) fn confirmed(&self, count: usize) {
        self.confirmed.fetch_add(count as u64, Relaxed);
    }

    pub(super) fn delivered(&self) {
        self.delivered.fetch_add(1, Relaxed);
    }

    pub(super) fn settled(&self, settlement: Settlement) {
        let figure = match settlement {
            Settlement::Acknowledged => &self.acknowledged,
            Settlement::Rejected => &self.rejected,
            Settlement::Abandoned => &self.abandoned,
        };
        figure.fetch_add(1, Relaxed);
    }

    /// The figures so far; what waits is told by the backend.
    pub(super) fn stats(&self, depth: u64, dead_letters: Option<u64>) -> BrokerStats {
        BrokerStats {
            published: self.published.load(Relaxed),
            confirmed: self.confirmed.load(Relaxed),
            delivered: self.delivered.load(Relaxed),
            acknowledged: self.acknowledged.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            abandoned: self.abandoned.load(Relaxed),
            depth,
            dead_letters,
        }
    }
}
