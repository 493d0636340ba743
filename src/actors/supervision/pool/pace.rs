//! How fast jobs are done of late.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What one job takes: the last ones count most. Where two threads write at once, one of the two may be forgotten: it is
/// an estimate.
#[derive(Default)]
pub(super) struct Pace(AtomicU64);

impl Pace {
    pub(super) fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let pace = match self.0.load(Relaxed) {
            0 => took,
            pace => pace - pace / 16 + took / 16,
        };
        self.0.store(pace, Relaxed);
    }

    /// How long `jobs` will keep so many threads busy.
    pub(super) fn time_for(&self, jobs: usize, threads: usize) -> Duration {
        let jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
        Duration::from_nanos(self.0.load(Relaxed)).saturating_mul(jobs) / u32::try_from(threads).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_what_jobs_take() {
        let (pace, ms) = (Pace::default(), Duration::from_millis);
        assert_eq!(pace.time_for(100, 1), Duration::ZERO, "nothing is known");
        pace.note(ms(10));
        assert_eq!(pace.time_for(6, 2), ms(30));
        (0..200).for_each(|_| pace.note(ms(1)));
        assert!((ms(29)..ms(33)).contains(&pace.time_for(30, 1)), "{:?}", pace.time_for(30, 1));
    }
}
