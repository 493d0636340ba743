//! Points in time, to the millisecond, and the clock that tells them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::fmt::StdFmtWrite;
use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Serialize, Serializer};

/// Milliseconds since 1970-01-01T00:00:00Z.
///
/// Stores keep the number, which every backend can order and compare; clients see RFC 3339 (§1 of the contract),
/// by [`Display`](fmt::Display) and [`rfc3339`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// The point that is `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, as tokens count them.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// How long ago `earlier` was; zero if it has not been yet.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl From<SystemTime> for Time {
    /// Times before the epoch are told as the epoch.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        static PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        let timestamp = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        PRINTER.print_timestamp(&timestamp, StdFmtWrite(f)).map_err(|_| fmt::Error)
    }
}

/// The text is not an RFC 3339 time, or lies beyond the years that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an RFC 3339 time such as 2026-03-23T10:00:00.000Z")]
pub struct InvalidTime;

impl FromStr for Time {
    type Err = InvalidTime;

    /// Reads an RFC 3339 time with any offset; what is finer than a millisecond is cut off.
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let timestamp: jiff::Timestamp = text.parse().map_err(|_| InvalidTime)?;
        Ok(Self(timestamp.as_millisecond()))
    }
}

/// Writes a [`Time`] the way clients read it: `#[serde(serialize_with = "rfc3339")]`.
///
/// # Errors
/// As the serializer has it.
pub fn rfc3339<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// Tells the time. Passed in wherever time matters, so that tests can turn it.
#[derive(Clone, Debug)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's own clock.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still at `now` until it is [turned](Self::advance).
    pub fn manual(now: Time) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now.0))))
    }

    /// The time by this clock.
    pub fn now(&self) -> Time {
        match &self.0 {
            Some(millis) => Time(millis.load(Relaxed)),
            None => {
                #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
                let now = SystemTime::now();
                now.into()
            }
        }
    }

    /// Turns a manual clock forward; the machine's own one cannot be turned and is left alone.
    pub fn advance(&self, duration: Duration) {
        if let Some(millis) = &self.0 {
            millis.fetch_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_three_digits_of_milliseconds() {
        assert_eq!(Time::from_millis(1_774_260_000_000).to_string(), "2026-03-23T10:00:00.000Z");
        assert_eq!(Time::from_millis(1_774_260_000_007).to_string(), "2026-03-23T10:00:00.007Z");
    }

    #[test]
    fn times_are_read_with_any_offset() {
        assert_eq!("2026-03-23T12:00:00+02:00".parse(), Ok(Time::from_millis(1_774_260_000_000)));
        assert_eq!("23.3.2026".parse::<Time>(), Err(InvalidTime));
    }
}
