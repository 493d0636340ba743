//! How durations were distributed, at one moment.

use std::time::Duration;

/// Buckets per power of two: values are known to an eighth.
const FINENESS: usize = 8;
/// Powers of two covered, beginning at 8 ns: the last bucket begins beyond an hour.
const POWERS: usize = 40;
pub(super) const BUCKETS: usize = FINENESS * POWERS;

/// Counts of durations by log-linear buckets, each an eighth as wide as the power of two it lies in, and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// The bucket that `counts` begins with: empty ones at both ends are not kept.
    first: usize,
    counts: Vec<u64>,
    sum: Duration,
}

impl Distribution {
    pub(super) fn new(counts: impl Iterator<Item = u64>, sum: Duration) -> Self {
        let mut distribution = Distribution { first: 0, counts: Vec::new(), sum };
        let mut empty = 0;
        for (bucket, count) in counts.enumerate() {
            if count == 0 {
                empty += 1;
                continue;
            }
            if distribution.counts.is_empty() {
                distribution.first = bucket;
            } else {
                distribution.counts.resize(distribution.counts.len() + empty, 0);
            }
            empty = 0;
            distribution.counts.push(count);
        }
        distribution
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// The duration that a share of `quantile`, between 0 and 1, does not exceed; zero when empty.
    /// At most an eighth too long.
    pub fn quantile(&self, quantile: f64) -> Duration {
        let rank = ((self.count() as f64 * quantile).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.buckets() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(start_of(bucket + 1));
            }
        }
        Duration::ZERO
    }

    /// How many were shorter than `seam`. Exact where that is a [seam](Self::seam); else as for the next one above.
    pub fn below(&self, seam: Duration) -> u64 {
        let nanos = u64::try_from(seam.as_nanos()).unwrap_or(u64::MAX);
        self.buckets().take_while(|(bucket, _)| start_of(*bucket) < nanos).map(|(_, count)| count).sum()
    }

    /// The seam between two buckets that is nearest to `duration`, within a sixteenth of it.
    pub fn seam(duration: Duration) -> Duration {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = bucket_of(nanos);
        let (below, above) = (start_of(bucket), start_of(bucket + 1));
        Duration::from_nanos(if nanos.abs_diff(below) <= nanos.abs_diff(above) { below } else { above })
    }

    /// Takes in what `other` has counted.
    pub fn merge(&mut self, other: &Distribution) {
        self.sum += other.sum;
        let mut counts = [0; BUCKETS];
        for (bucket, count) in self.buckets().chain(other.buckets()) {
            counts[bucket] += count;
        }
        *self = Distribution::new(counts.into_iter(), self.sum);
    }

    fn buckets(&self) -> impl Iterator<Item = (usize, u64)> {
        self.counts.iter().enumerate().map(|(place, count)| (self.first + place, *count))
    }
}

/// The bucket that a duration belongs to.
pub(super) fn bucket_of(nanos: u64) -> usize {
    let nanos = nanos.max(FINENESS as u64);
    let power = nanos.ilog2() as usize - 3;
    let within = (nanos >> power) as usize & (FINENESS - 1);
    (power * FINENESS + within).min(BUCKETS - 1)
}

/// The shortest duration of a bucket, in nanoseconds.
fn start_of(bucket: usize) -> u64 {
    ((FINENESS + bucket % FINENESS) as u64) << (bucket / FINENESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(nanos: &[u64]) -> Distribution {
        let mut counts = [0; BUCKETS];
        for nanos in nanos {
            counts[bucket_of(*nanos)] += 1;
        }
        Distribution::new(counts.into_iter(), Duration::from_nanos(nanos.iter().sum()))
    }

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
    fn an_empty_one_has_nothing_to_tell() {
        let empty = Distribution::default();
        assert_eq!((empty.count(), empty.quantile(0.99)), (0, Duration::ZERO));
        assert_eq!(empty.below(Duration::MAX), 0);
    }

    proptest! {
        #[test]
        fn what_is_below_a_seam_is_counted_exactly(nanos in prop::collection::vec(0..20_000_000_000_u64, 0..200), near in 0..20_000_000_000_u64) {
            let seam = Distribution::seam(Duration::from_nanos(near));
            let below = nanos.iter().filter(|nanos| Duration::from_nanos(**nanos) < seam).count() as u64;
            // The shortest durations are all in the first bucket.
            prop_assume!(seam > Duration::from_nanos(8));
            prop_assert_eq!(of(&nanos).below(seam), below);
            let (near, seam) = (near as f64, seam.as_nanos() as f64);
            prop_assert!((near - seam).abs() <= near.max(8.0) / 16.0, "{} is not near {}", seam, near);
        }

        #[test]
        fn merging_is_as_counting_all_in_one(one in prop::collection::vec(0..u64::from(u32::MAX), 0..100), other in prop::collection::vec(0..u64::from(u32::MAX), 0..100)) {
            let mut merged = of(&one);
            merged.merge(&of(&other));
            prop_assert_eq!(merged, of(&[one, other].concat()));
        }
    }
}
