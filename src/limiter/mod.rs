//! The limiter port: who may do how much in how long (§8 of the contract).
//!
//! One suite (`tests/ports/limiter.rs`) says what a backend owes; one that passes it is done.

mod buckets;
pub mod governor;
pub mod redis;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::id::UserId;

/// Keeps budgets: a token bucket (GCRA) for each subject and quota, full at first and refilled evenly.
#[async_trait]
pub trait Limiter: Send + Sync + fmt::Debug {
    /// Takes one request out of the subject's bucket, if there is one left in it.
    ///
    /// # Errors
    /// [`LimiterError`]: whether the request may go on is not known.
    async fn check(&self, subject: Subject, quota: &Quota) -> Result<Decision, LimiterError>;

    /// Does what [`check`](Self::check) does, without waiting; `None`, and nothing taken, where this backend has to wait.
    fn check_now(&self, subject: Subject, quota: &Quota) -> Option<Decision> {
        let _ = (subject, quota);
        None
    }

    /// Whether its backend could be reached of late.
    fn is_up(&self) -> bool {
        true
    }

    /// The backend's name, for logs and `/health`.
    fn name(&self) -> &'static str;

    /// What was decided so far in this process, for each quota that was ever asked about. Those without a limit are not counted.
    fn stats(&self) -> Vec<QuotaStats>;
}

/// What was decided by one quota since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaStats {
    /// Its name.
    pub name: &'static str,
    /// Requests that could go on.
    pub allowed: u64,
    /// Requests that could not.
    pub refused: u64,
    /// Subjects whose buckets are kept in this process now: those that are not full, about.
    pub keys: u64,
}

/// Whose requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A signed-in user.
    User(UserId),
    /// A client address. IPv6 ones are counted by their /64, which is what one client has; IPv4 ones that come mapped
    /// into IPv6 are IPv4 ones.
    Address(IpAddr),
}

impl Subject {
    /// The subject whose bucket this one draws from: the same for all addresses that are counted as one.
    pub fn counted(self) -> Self {
        match self {
            Self::User(_) => self,
            Self::Address(address) => Self::Address(match address.to_canonical() {
                IpAddr::V4(address) => address.into(),
                IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << 64)).into()),
            }),
        }
    }
}

/// A budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Its name, as `RateLimit-Policy` tells it.
    pub name: &'static str,
    /// Requests at once; 0: no limit.
    pub burst: u32,
    /// The time in which an empty bucket refills.
    pub window: Duration,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// It may go on.
    pub allowed: bool,
    /// The budget it came out of.
    pub quota: Quota,
    /// How many are left in the bucket; [`u32::MAX`] without a limit.
    pub remaining: u32,
    /// Until the bucket is full again, if nothing is taken meanwhile.
    pub reset: Duration,
    /// Until the next one is let in, in whole milliseconds; zero if this one was.
    pub retry_after: Duration,
}

impl Decision {
    /// What a quota without a limit (burst 0) decides.
    pub const fn unlimited(quota: Quota) -> Self {
        Self { allowed: true, quota, remaining: u32::MAX, reset: Duration::ZERO, retry_after: Duration::ZERO }
    }
}

/// A limiter could not decide.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LimiterError {
    /// Its backend cannot be reached.
    #[error("the limiter is out of reach")]
    Unreachable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// Its backend did not answer in time.
    #[error("the limiter did not answer in time")]
    TimedOut,
    /// It was asked about more different quotas than it keeps buckets for.
    #[error("the limiter keeps buckets for {max} quotas, and was asked about one more")]
    TooManyQuotas {
        /// How many it keeps.
        max: usize,
    },
}

/// How many different quotas a process may have.
const MAX_QUOTAS: usize = 16;

/// Rounded up: a client that comes back a fraction of a millisecond early would be refused again.
fn whole_millis(duration: Duration) -> Duration {
    Duration::from_millis(duration.as_nanos().div_ceil(1_000_000) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up_to_milliseconds() {
        assert_eq!(whole_millis(Duration::from_nanos(1_000_001)), Duration::from_millis(2));
        assert_eq!(whole_millis(Duration::from_millis(2)), Duration::from_millis(2));
    }

    #[test]
    fn addresses_that_one_client_has_are_counted_as_one() {
        let counted = |text: &str| Subject::Address(text.parse().unwrap()).counted();
        assert_eq!(counted("2001:db8:1:2::1"), counted("2001:db8:1:2:ffff::9"));
        assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"));
        assert_eq!(counted("::ffff:192.0.2.1"), counted("192.0.2.1"));
        assert_ne!(counted("192.0.2.1"), counted("192.0.2.2"));
    }
}
