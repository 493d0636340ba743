//! Statistics of customers over a period (§5 and §10 of the contract).

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Unit, Zoned};

use super::customer::CustomerStatus;
use super::error::{ErrorCode, Invalid};
use super::id::GroupId;
use super::time::Time;

/// The most buckets that a period may be divided into.
pub const MAX_BUCKETS: usize = 1_000;
/// How many groups and countries are told, the largest first.
pub const MAX_SHARES: usize = 100;
/// The period, where none is given.
const DEFAULT_PERIOD: Duration = Duration::from_secs(30 * 86_400);

/// How long a bucket of the series is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interval {
    /// From local midnight on.
    #[default]
    Day,
    /// From Monday's local midnight on.
    Week,
    /// From local midnight of the first on.
    Month,
}

impl Interval {
    /// Each, by its name.
    pub const CHOICES: &'static [(&'static str, Self)] =
        &[("day", Self::Day), ("week", Self::Week), ("month", Self::Month)];
}

/// Which customers are counted, over which time.
#[derive(Clone, Debug)]
pub struct StatisticsQuery {
    /// The period's start, included.
    pub from: Time,
    /// Its end, not included.
    pub to: Time,
    /// Where each bucket starts, in order; the first holds `from`. At most [`MAX_BUCKETS`].
    pub starts: Vec<Time>,
    /// Only the members of this group.
    pub group: Option<GroupId>,
}

/// The period as it was asked for, each part by its text.
#[derive(Clone, Debug, Default)]
pub struct PeriodRequest {
    /// Its start; 30 days before its end where absent.
    pub from: Option<Time>,
    /// Its end; now where absent.
    pub to: Option<Time>,
    /// How long a bucket is.
    pub interval: Interval,
    /// Whose midnights divide it; UTC where absent.
    pub timezone: Option<Zone>,
}

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// There is no such time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a time zone such as Europe/Berlin")]
pub struct UnknownZone;

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        TimeZone::get(name).map(Self).map_err(|_| UnknownZone)
    }
}

impl StatisticsQuery {
    /// Divides the period into buckets.
    ///
    /// # Errors
    /// The period is empty, or there would be more than [`MAX_BUCKETS`] buckets.
    pub fn new(request: PeriodRequest, group: Option<GroupId>, now: Time) -> Result<Self, Invalid> {
        // What was made in this very millisecond belongs to the period that ends now.
        let to = request.to.unwrap_or(now + Duration::from_millis(1));
        let from = request.from.unwrap_or(to - DEFAULT_PERIOD);
        if from >= to {
            return Err(Invalid::at("/from", ErrorCode::InvalidInput, "is not before to"));
        }
        let zone = request.timezone.map_or(TimeZone::UTC, |Zone(zone)| zone);
        let starts = starts(from, to, request.interval, &zone).ok_or_else(|| {
            Invalid::at("/interval", ErrorCode::InvalidInput, "makes more than 1,000 buckets of the period")
        })?;
        Ok(Self { from, to, starts, group })
    }

    /// The edges of the buckets, clipped to the period: bucket *i* lies between edges *i* and *i* + 1.
    pub fn edges(&self) -> Vec<i64> {
        let inner = self.starts.iter().skip(1).map(|start| start.as_millis());
        std::iter::once(self.from.as_millis()).chain(inner).chain([self.to.as_millis()]).collect()
    }

    /// The start of the period before this one, of the same length.
    pub fn previous_from(&self) -> Time {
        self.from - self.to.since(self.from)
    }
}

/// The starts of the buckets; `None` if they are too many, or beyond the years that can be told.
fn starts(from: Time, to: Time, interval: Interval, zone: &TimeZone) -> Option<Vec<Time>> {
    let mut starts = Vec::new();
    let mut start = bucket_of(from, interval, zone)?;
    while Time::from_millis(start.timestamp().as_millisecond()) < to {
        if starts.len() == MAX_BUCKETS {
            return None;
        }
        starts.push(Time::from_millis(start.timestamp().as_millisecond()));
        let step = match interval {
            Interval::Day => 1.day(),
            Interval::Week => 1.week(),
            Interval::Month => 1.month(),
        };
        // Midnight may not exist on the day that clocks go forward: the day begins when it begins.
        start = start.date().checked_add(step).ok()?.to_zoned(zone.clone()).ok()?.start_of_day().ok()?;
    }
    Some(starts)
}

/// The start of the bucket that holds `time`.
fn bucket_of(time: Time, interval: Interval, zone: &TimeZone) -> Option<Zoned> {
    let day = Timestamp::from_millisecond(time.as_millis()).ok()?.to_zoned(zone.clone()).start_of_day().ok()?;
    match interval {
        Interval::Day => Some(day),
        Interval::Week => {
            let since_monday = day.weekday().since(Weekday::Monday);
            day.date().checked_sub(i64::from(since_monday).days()).ok()?.to_zoned(zone.clone()).ok()
        }
        Interval::Month => day.first_of_month().ok()?.round(Unit::Day).ok()?.start_of_day().ok(),
    }
}

/// Counts of customers. All but `deleted` count live ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// All of them.
    pub total: u64,
    /// By where they stand; each status is present.
    pub by_status: Vec<(CustomerStatus, u64)>,
    /// How many were deleted.
    pub deleted: u64,
    /// Made in the period.
    pub new_in_period: u64,
    /// Made in the period before it, of the same length.
    pub previous_period: u64,
    /// By country, the largest [`MAX_SHARES`].
    pub by_country: Vec<(String, u64)>,
    /// By group, the largest [`MAX_SHARES`].
    pub by_group: Vec<GroupShare>,
    /// In no group.
    pub ungrouped: u64,
    /// Made in each bucket.
    pub series: Vec<(Time, u64)>,
    /// When this was counted.
    pub generated_at: Time,
}

/// How many customers a group has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupShare {
    /// Which group.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Its live members.
    pub count: u64,
}

impl Statistics {
    /// New customers in the period by those of the one before, less 1; `None` where that one was empty.
    pub fn growth_rate(&self) -> Option<f64> {
        (self.previous_period > 0).then(|| self.new_in_period as f64 / self.previous_period as f64 - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn starts_of(from: &str, to: &str, interval: Interval, timezone: &str) -> Vec<String> {
        let request = PeriodRequest {
            from: Some(time(from)),
            to: Some(time(to)),
            interval,
            timezone: Some(timezone.parse().unwrap()),
        };
        let query = StatisticsQuery::new(request, None, time(to)).unwrap();
        assert_eq!(query.edges().len(), query.starts.len() + 1);
        query.starts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn buckets_begin_at_local_midnight_also_when_clocks_change() {
        let starts = starts_of("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", Interval::Day, "Europe/Berlin");
        assert_eq!(starts, ["2026-03-27T23:00:00.000Z", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"]);
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let weeks = starts_of("2026-03-25T00:00:00Z", "2026-04-01T00:00:00Z", Interval::Week, "UTC");
        assert_eq!(weeks, ["2026-03-23T00:00:00.000Z", "2026-03-30T00:00:00.000Z"]);
        let months = starts_of("2026-01-31T23:30:00Z", "2026-03-01T00:00:00Z", Interval::Month, "Europe/Berlin");
        assert_eq!(months, ["2026-01-31T23:00:00.000Z", "2026-02-28T23:00:00.000Z"]);
    }

    #[test]
    fn the_default_period_is_the_last_30_days_and_holds_what_was_made_just_now() {
        let now = time("2026-11-23T12:00:00Z");
        let query = StatisticsQuery::new(PeriodRequest::default(), None, now).unwrap();
        assert_eq!(query.starts.len(), 31);
        assert!(query.to > now && query.previous_from() < query.from);
    }

    #[test]
    fn empty_periods_unknown_zones_and_too_many_buckets_are_refused() {
        let now = time("2026-11-23T12:00:00Z");
        let refused = |request| StatisticsQuery::new(request, None, now).unwrap_err().0[0].pointer.clone();
        assert_eq!(refused(PeriodRequest { from: Some(now), to: Some(now), ..Default::default() }), "/from");
        assert_eq!("Mars/Olympus".parse::<Zone>(), Err(UnknownZone));
        assert_eq!(
            refused(PeriodRequest { from: Some(time("2000-01-01T00:00:00Z")), ..Default::default() }),
            "/interval"
        );
    }
}
