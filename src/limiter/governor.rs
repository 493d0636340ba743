//! The embedded limiter: governor's GCRA over buckets in this process, shared by all its workers.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ::governor::clock::Clock as Ticking;
use ::governor::middleware::StateInformationMiddleware;
use ::governor::nanos::Nanos;
use ::governor::state::StateStore;
use ::governor::{Quota as Rate, RateLimiter};
use async_trait::async_trait;

use super::buckets::{Buckets, Counts};
use super::{Decision, Limiter, LimiterError, MAX_QUOTAS, Quota, QuotaStats, Subject, whole_millis};
use crate::model::time::{Clock, Time};

/// Keeps buckets in memory. They are full again after a restart.
pub struct GovernorLimiter {
    /// Filled from the front, one for each quota that was ever asked about.
    meters: [OnceLock<Meter>; MAX_QUOTAS],
    ticks: Ticks,
}

/// The buckets of one quota.
struct Meter {
    quota: Quota,
    buckets: Arc<Buckets>,
    limiter: RateLimiter<Subject, Metered, Ticks, StateInformationMiddleware>,
}

impl GovernorLimiter {
    /// A limiter that goes by the machine's monotonic clock: setting the time of day does not concern it.
    pub fn new() -> Self {
        Self::ticking(Ticks::Monotonic(Instant::now()))
    }

    /// A limiter that goes by a given clock.
    pub fn with_clock(clock: Clock) -> Self {
        let origin = clock.now();
        Self::ticking(Ticks::Given(clock, origin))
    }

    fn ticking(ticks: Ticks) -> Self {
        Self { meters: [const { OnceLock::new() }; MAX_QUOTAS], ticks }
    }

    /// The meter of a quota, made when it is asked for first.
    fn meter(&self, quota: &Quota, burst: NonZeroU32) -> Option<&Meter> {
        let make = || Meter::new(*quota, burst, self.ticks.clone());
        self.meters.iter().map(|slot| slot.get_or_init(make)).find(|meter| meter.quota == *quota)
    }

    fn decide(&self, subject: Subject, quota: &Quota) -> Result<Decision, LimiterError> {
        let Some(burst) = NonZeroU32::new(quota.burst) else { return Ok(Decision::unlimited(*quota)) };
        let meter = self.meter(quota, burst).ok_or(LimiterError::TooManyQuotas { max: MAX_QUOTAS })?;
        Ok(meter.decide(subject.counted(), burst))
    }
}

impl Default for GovernorLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for GovernorLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quotas = self.meters.iter().filter_map(OnceLock::get).map(|meter| meter.quota.name);
        f.debug_struct("GovernorLimiter").field("quotas", &quotas.collect::<Vec<_>>()).finish()
    }
}

#[async_trait]
impl Limiter for GovernorLimiter {
    async fn check(&self, subject: Subject, quota: &Quota) -> Result<Decision, LimiterError> {
        self.decide(subject, quota)
    }

    fn check_now(&self, subject: Subject, quota: &Quota) -> Option<Decision> {
        self.decide(subject, quota).ok()
    }

    fn name(&self) -> &'static str {
        "governor"
    }

    fn stats(&self) -> Vec<QuotaStats> {
        let told = |meter: &Meter| {
            let Counts { allowed, refused, keys } = meter.buckets.counts();
            QuotaStats { name: meter.quota.name, allowed, refused, keys }
        };
        self.meters.iter().filter_map(OnceLock::get).map(told).collect()
    }
}

impl Meter {
    fn new(quota: Quota, burst: NonZeroU32, ticks: Ticks) -> Self {
        let interval = (quota.window / burst.get()).max(Duration::from_nanos(1));
        let rate = Rate::with_period(interval).expect("the interval is not zero").allow_burst(burst);
        let buckets = Arc::new(Buckets::new());
        let state = Metered { buckets: Arc::clone(&buckets), ticks: ticks.clone(), started: ticks.now() };
        Self { quota, buckets, limiter: RateLimiter::new(rate, state, ticks) }
    }

    fn decide(&self, subject: Subject, burst: NonZeroU32) -> Decision {
        let quota = self.quota;
        let refill = |count: u32| quota.window * count / burst.get();
        match self.limiter.check_key(&subject) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let reset = refill(burst.get().saturating_sub(remaining));
                Decision { allowed: true, quota, remaining, reset, retry_after: Duration::ZERO }
            }
            Err(refusal) => {
                let wait = refusal.wait_time_from(self.limiter.clock().now());
                let retry_after = whole_millis(wait);
                let reset = retry_after + refill(burst.get() - 1);
                Decision { allowed: false, quota, remaining: 0, reset, retry_after }
            }
        }
    }
}

/// Buckets as governor wants them: their times counted from the limiter's start.
struct Metered {
    buckets: Arc<Buckets>,
    ticks: Ticks,
    started: Nanos,
}

impl StateStore for Metered {
    type Key = Subject;

    fn measure_and_replace<T, F, E>(&self, subject: &Subject, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // `started` is a little before governor's own zero: a millisecond makes sure that no bucket is swept too soon.
        let now = || (self.ticks.now().as_u64() - self.started.as_u64()).saturating_sub(1_000_000);
        self.buckets.update(*subject, now, |full_at| {
            let (outcome, full_at) = decide(full_at.map(Nanos::from))?;
            Ok((outcome, full_at.as_u64()))
        })
    }
}

/// Nanoseconds since a limiter was made.
#[derive(Clone, Debug)]
enum Ticks {
    Monotonic(Instant),
    Given(Clock, Time),
}

impl Ticking for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        match self {
            Self::Monotonic(origin) => origin.elapsed().into(),
            Self::Given(clock, origin) => clock.now().since(*origin).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{ObjectId, UserId};

    #[test]
    fn quotas_beyond_the_bound_are_refused_and_the_first_ones_stay() {
        let limiter = GovernorLimiter::new();
        let subject = Subject::User(UserId::from(ObjectId::from_bytes([7; 12])));
        let quota = |burst| Quota { name: "default", burst, window: Duration::from_secs(60) };
        for burst in 1..=16 {
            assert_eq!(limiter.check_now(subject, &quota(burst)).map(|decision| decision.remaining), Some(burst - 1));
        }
        assert!(matches!(limiter.decide(subject, &quota(17)), Err(LimiterError::TooManyQuotas { max: 16 })));
        assert_eq!(limiter.check_now(subject, &quota(17)), None);
        assert_eq!(limiter.check_now(subject, &quota(16)).map(|decision| decision.remaining), Some(14));
    }
}
