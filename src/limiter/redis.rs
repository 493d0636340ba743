//! The limiter of many nodes: the arithmetic of [`governor`](super::governor) in a script on Redis, over buckets that all
//! nodes share. With its answer a node also hears what others have changed, so that a request costs one round trip.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;

use super::{Decision, Limiter, LimiterError, MAX_QUOTAS, Quota, QuotaStats, Subject, whole_millis};
use crate::model::time::Clock;
use crate::redis::{LinkError, RedisLink, Script};

/// Keeps buckets in Redis, until they are full again.
pub struct RedisLimiter {
    link: Arc<RedisLink>,
    take: Script,
    clock: Option<Clock>,
    /// Filled from the front, one for each quota that was ever asked about.
    tallies: [OnceLock<Tally>; MAX_QUOTAS],
}

/// What this process was answered about one quota.
struct Tally {
    quota: Quota,
    allowed: AtomicU64,
    refused: AtomicU64,
}

impl RedisLimiter {
    /// A limiter that goes by Redis's clock, which is one for all nodes.
    pub fn new(link: Arc<RedisLink>) -> Self {
        Self::going_by(link, None)
    }

    /// A limiter that goes by a given clock, which can be turned. Buckets are kept for an hour, however it is turned.
    pub fn with_clock(link: Arc<RedisLink>, clock: Clock) -> Self {
        Self::going_by(link, Some(clock))
    }

    fn going_by(link: Arc<RedisLink>, clock: Option<Clock>) -> Self {
        let take = Script::new(include_str!("take.lua"));
        Self { link, take, clock, tallies: [const { OnceLock::new() }; MAX_QUOTAS] }
    }

    fn tally(&self, quota: &Quota) -> Result<&Tally, LimiterError> {
        let begin = || Tally { quota: *quota, allowed: AtomicU64::new(0), refused: AtomicU64::new(0) };
        let mut tallies = self.tallies.iter().map(|slot| slot.get_or_init(begin));
        tallies.find(|tally| tally.quota == *quota).ok_or(LimiterError::TooManyQuotas { max: MAX_QUOTAS })
    }

    /// The key of a bucket. Quotas that differ in anything have buckets of their own.
    fn bucket(&self, subject: Subject, quota: &Quota) -> String {
        let Quota { name, burst, window } = quota;
        let subject = match subject.counted() {
            Subject::User(user) => format!("user:{user}"),
            Subject::Address(address) => format!("address:{address}"),
        };
        self.link.key(&format!("budget:{name}:{burst}:{}:{subject}", window.as_millis()))
    }

    /// The time by the clock that was given, as the script wants it.
    fn time(&self) -> [String; 2] {
        self.clock.as_ref().map(|clock| clock.now().as_millis()).map_or_else(Default::default, |millis| {
            [(millis / 1_000).to_string(), (millis % 1_000 * 1_000_000).to_string()]
        })
    }
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn check(&self, subject: Subject, quota: &Quota) -> Result<Decision, LimiterError> {
        let Some(burst) = NonZeroU32::new(quota.burst) else { return Ok(Decision::unlimited(*quota)) };
        let tally = self.tally(quota)?;
        let rate = Rate::of(quota, burst);
        let [interval, tolerance] = [rate.interval, rate.tolerance()].map(|nanos| nanos.to_string());
        let [seconds, nanos] = self.time();
        let bucket = self.bucket(subject, quota);
        let args = [interval.as_str(), &tolerance, &seconds, &nanos];
        let (allowed, nanos) = self.link.run::<(bool, u64)>(&self.take, &[&bucket], &args).await?;
        let count = if allowed { &tally.allowed } else { &tally.refused };
        count.fetch_add(1, Relaxed);
        Ok(if allowed { rate.allowed(nanos) } else { rate.refused(nanos) })
    }

    fn is_up(&self) -> bool {
        self.link.is_up()
    }

    fn name(&self) -> &'static str {
        "redis"
    }

    fn stats(&self) -> Vec<QuotaStats> {
        let told = |tally: &Tally| QuotaStats {
            name: tally.quota.name,
            allowed: tally.allowed.load(Relaxed),
            refused: tally.refused.load(Relaxed),
            // To count them, Redis would have to look at every key.
            keys: 0,
        };
        self.tallies.iter().filter_map(OnceLock::get).map(told).collect()
    }
}

impl fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLimiter").field("link", &self.link).finish_non_exhaustive()
    }
}

/// A quota with a limit. Times are in nanoseconds.
struct Rate {
    quota: Quota,
    burst: NonZeroU32,
    interval: u64,
}

impl Rate {
    fn of(quota: &Quota, burst: NonZeroU32) -> Self {
        let interval = (quota.window / burst.get()).max(Duration::from_nanos(1));
        Self { quota: *quota, burst, interval: u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX) }
    }

    fn tolerance(&self) -> u64 {
        self.interval.saturating_mul(u64::from(self.burst.get() - 1))
    }

    fn refill(&self, count: u32) -> Duration {
        self.quota.window * count / self.burst.get()
    }

    /// The bucket is full again in `ahead`.
    fn allowed(&self, ahead: u64) -> Decision {
        let left = (self.tolerance() + self.interval).saturating_sub(ahead) / self.interval;
        let remaining = u32::try_from(left).unwrap_or(u32::MAX);
        let reset = self.refill(self.burst.get().saturating_sub(remaining));
        Decision { allowed: true, quota: self.quota, remaining, reset, retry_after: Duration::ZERO }
    }

    /// One request is let in again in `wait`.
    fn refused(&self, wait: u64) -> Decision {
        let retry_after = whole_millis(Duration::from_nanos(wait));
        let reset = retry_after + self.refill(self.burst.get() - 1);
        Decision { allowed: false, quota: self.quota, remaining: 0, reset, retry_after }
    }
}

impl From<LinkError> for LimiterError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::TimedOut => Self::TimedOut,
            error => Self::Unreachable(Arc::new(error)),
        }
    }
}
