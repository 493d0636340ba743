//! A histogram of durations that many threads may write without waiting.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Buckets per power of two: values are known to an eighth.
const FINENESS: usize = 8;
/// Powers of two covered, beginning at 8 ns: the last bucket begins beyond an hour.
const POWERS: usize = 40;
const BUCKETS: usize = FINENESS * POWERS;

/// Log-linear buckets in nanoseconds; counts may trail behind by what other threads have not yet shown.
#[derive(Debug)]
pub(super) struct Histogram {
    buckets: Box<[AtomicU64]>,
}

impl Default for Histogram {
    fn default() -> Self {
        let buckets = (0..BUCKETS).map(|_| AtomicU64::new(0)).collect();
        Histogram { buckets }
    }
}

impl Histogram {
    pub(super) fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket_of(nanos)].fetch_add(1, Relaxed);
    }

    /// The duration that a share of `quantile`, between 0 and 1, does not exceed; zero when empty.
    pub(super) fn quantile(&self, quantile: f64) -> Duration {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        let rank = ((total as f64 * quantile).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(start_of(bucket + 1));
            }
        }
        Duration::ZERO
    }
}

fn bucket_of(nanos: u64) -> usize {
    let nanos = nanos.max(FINENESS as u64);
    let power = nanos.ilog2() as usize - 3;
    let within = (nanos >> power) as usize & (FINENESS - 1);
    (power * FINENESS + within).min(BUCKETS - 1)
}

fn start_of(bucket: usize) -> u64 {
    ((FINENESS + bucket % FINENESS) as u64) << (bucket / FINENESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket() {
        for nanos in [8, 9, 15, 16, 17, 1_000, 123_456, 9_876_543_210] {
            let bucket = bucket_of(nanos);
            assert!(start_of(bucket) <= nanos && nanos < start_of(bucket + 1), "{nanos} in {bucket}");
        }
        assert_eq!(bucket_of(0), 0);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_within_an_eighth() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), Duration::ZERO);
        for millis in 1..=100 {
            histogram.record(Duration::from_millis(millis));
        }
        for (quantile, millis) in [(0.5, 50.0), (0.99, 99.0)] {
            let seen = histogram.quantile(quantile).as_secs_f64() * 1e3;
            assert!((millis..millis * 1.13).contains(&seen), "p{quantile}: {seen} ms");
        }
    }
}
