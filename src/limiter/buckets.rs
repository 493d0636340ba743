//! The buckets of many subjects, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;

use super::Subject;

/// So many that two workers seldom want the same one.
const STRIPES: usize = 64;

/// Half a million buckets in all, some 30 MB.
const MAX_BUCKETS_PER_STRIPE: usize = 8_192;

/// A stripe is swept at every so many-th request that it counts: at most so many buckets that are full gather in it.
const REQUESTS_PER_SWEEP: u32 = 1_024;

/// For each subject the time at which its bucket is full again, in nanoseconds. A full bucket need not be kept.
///
/// Sweeping is spread out: each stripe is swept on its own by the request whose turn it is, so nobody waits for more
/// than one stripe's sweep (8,192 buckets, some 0.1 ms), and the other stripes do not notice.
pub(super) struct Buckets {
    stripes: Box<[Mutex<Stripe>]>,
    hasher: RandomState,
}

#[derive(Default)]
struct Stripe {
    full_at: HashMap<Subject, u64>,
    requests: u32,
    counts: Counts,
}

/// What was decided about the requests of all subjects, and how many of these are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub allowed: u64,
    pub refused: u64,
    pub keys: u64,
}

impl Buckets {
    pub(super) fn new() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// Lets `decide` say, from the time at which the subject's bucket is full, when it will be from now on.
    /// A refusal leaves the bucket as it is. `now` is called only for a sweep.
    pub(super) fn update<T, E>(
        &self,
        subject: Subject,
        now: impl Fn() -> u64,
        decide: impl Fn(Option<u64>) -> Result<(T, u64), E>,
    ) -> Result<T, E> {
        let place = self.hasher.hash_one(subject) as usize % STRIPES;
        let mut stripe = self.stripes[place].lock();
        stripe.requests += 1;
        if stripe.requests == REQUESTS_PER_SWEEP {
            stripe.sweep(now());
        }
        let decided = decide(stripe.full_at.get(&subject).copied());
        let counts = &mut stripe.counts;
        *if decided.is_ok() { &mut counts.allowed } else { &mut counts.refused } += 1;
        let (outcome, full_at) = decided?;
        stripe.make_room();
        stripe.full_at.insert(subject, full_at);
        Ok(outcome)
    }

    /// What was decided so far. Takes one stripe's lock after the other.
    pub(super) fn counts(&self) -> Counts {
        self.stripes.iter().fold(Counts::default(), |sum, stripe| {
            let stripe = stripe.lock();
            Counts {
                allowed: sum.allowed + stripe.counts.allowed,
                refused: sum.refused + stripe.counts.refused,
                keys: sum.keys + stripe.full_at.len() as u64,
            }
        })
    }

    /// How many buckets are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.counts().keys as usize
    }
}

impl Stripe {
    fn sweep(&mut self, now: u64) {
        self.requests = 0;
        self.full_at.retain(|_, full_at| *full_at > now);
        let kept = self.full_at.len().max(64);
        if self.full_at.capacity() > 4 * kept {
            self.full_at.shrink_to(2 * kept);
        }
    }

    /// Where every bucket is in use and there are too many, half of them, any half, count as full: those clients gain a
    /// burst, which is better than running out of memory, and no help to one who has half a million addresses anyway.
    fn make_room(&mut self) {
        if self.full_at.len() >= MAX_BUCKETS_PER_STRIPE {
            self.full_at.retain(|_, _| fastrand::bool());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn subject(number: u32) -> Subject {
        Subject::Address(Ipv4Addr::from(number).into())
    }

    fn fill(buckets: &Buckets, subjects: std::ops::Range<u32>, now: u64, full_at: u64) {
        for number in subjects {
            buckets.update::<_, ()>(subject(number), || now, |_| Ok(((), full_at))).unwrap();
        }
    }

    #[test]
    fn full_buckets_are_swept_out_and_others_stay() {
        let buckets = Buckets::new();
        fill(&buckets, 0..100, 0, 1_000_000);
        fill(&buckets, 100..100_000, 0, 10);
        fill(&buckets, 100_000..200_000, 20, 30);
        let bound = 100_100 + STRIPES * REQUESTS_PER_SWEEP as usize;
        assert!(buckets.len() <= bound, "{} buckets", buckets.len());
        for number in 0..100 {
            buckets.update::<_, ()>(subject(number), || 20, |kept| Ok((assert_eq!(kept, Some(1_000_000)), 1))).unwrap();
        }
    }

    #[test]
    fn however_many_subjects_there_are_memory_is_bounded() {
        let buckets = Buckets::new();
        fill(&buckets, 0..700_000, 0, u64::MAX);
        assert!(buckets.len() <= STRIPES * MAX_BUCKETS_PER_STRIPE, "{} buckets", buckets.len());
    }
}
