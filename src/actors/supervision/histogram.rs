//! A histogram of durations that many threads may write without waiting.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::distribution::{BUCKETS, Distribution, bucket_of};

/// Counts durations in log-linear buckets; what is read may trail behind by what other threads have not yet shown.
///
/// To record costs two additions to memory that is shared: some 10 ns where one thread writes.
#[derive(Debug)]
pub struct Histogram {
    buckets: Box<[AtomicU64]>,
    sum_nanos: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        let buckets = (0..BUCKETS).map(|_| AtomicU64::new(0)).collect();
        Histogram { buckets, sum_nanos: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket_of(nanos)].fetch_add(1, Relaxed);
        self.sum_nanos.fetch_add(nanos, Relaxed);
    }

    /// Counts one duration where no other thread ever does: spares the locked additions.
    pub(super) fn record_alone(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        add_alone(&self.buckets[bucket_of(nanos)], 1);
        add_alone(&self.sum_nanos, nanos);
    }

    /// What was counted so far.
    pub fn distribution(&self) -> Distribution {
        let counts = self.buckets.iter().map(|bucket| bucket.load(Relaxed));
        Distribution::new(counts, Duration::from_nanos(self.sum_nanos.load(Relaxed)))
    }
}

/// Adds to what no other thread writes.
pub(super) fn add_alone(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(more), Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_an_eighth() {
        let histogram = Histogram::default();
        assert_eq!(histogram.distribution().quantile(0.5), Duration::ZERO);
        for millis in 1..=100 {
            histogram.record(Duration::from_millis(millis));
        }
        for (quantile, millis) in [(0.5, 50.0), (0.99, 99.0)] {
            let seen = histogram.distribution().quantile(quantile).as_secs_f64() * 1e3;
            assert!((millis..millis * 1.13).contains(&seen), "p{quantile}: {seen} ms");
        }
        assert_eq!(histogram.distribution().sum(), Duration::from_millis(5_050));
    }
}
