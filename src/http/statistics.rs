//! `/customers/statistics`: counts of customers (§5 of the contract).

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::actors::customers::GetStatistics;
use crate::model::customer::CustomerStatus;
use crate::model::error::Invalid;
use crate::model::id::GroupId;
use crate::model::statistics::{Interval, PeriodRequest, Statistics, StatisticsQuery};
use crate::model::time::{Time, rfc3339};

use super::schema::{parameters, scalars};
use super::{ApiError, Caller, Parameters};

/// Counts of customers, as clients see them. All but `deleted` count live ones.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Statistics)]
pub struct StatisticsView<'a> {
    /// All of them.
    total: u64,
    /// Those who are active.
    active: u64,
    /// By where they stand.
    by_status: ByStatus,
    /// How many were deleted.
    deleted: u64,
    /// Made in the period.
    new_in_period: u64,
    /// Made in the period before it, of the same length.
    previous_period: u64,
    /// New customers in the period by those of the one before, less 1; absent where that one was empty.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    growth_rate: Option<f64>,
    /// By country, the 100 largest.
    #[schema(max_items = 100)]
    by_country: Vec<CountryCount<'a>>,
    /// By group, the 100 largest.
    #[schema(max_items = 100)]
    by_group: Vec<GroupCount<'a>>,
    /// In no group.
    ungrouped: u64,
    /// Made in each bucket of the period, empty ones included.
    #[schema(max_items = 1000)]
    series: Vec<BucketCount>,
    /// When this was counted.
    #[schema(value_type = scalars::Timestamp)]
    #[serde(serialize_with = "rfc3339")]
    generated_at: Time,
}

/// Counts by where customers stand.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct ByStatus {
    /// They buy.
    active: u64,
    /// They used to buy.
    inactive: u64,
    /// They may buy one day.
    lead: u64,
}

/// How many customers a country has.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountryCount<'a> {
    /// Which country.
    #[schema(value_type = scalars::Country)]
    country: &'a str,
    /// Its customers.
    count: u64,
}

/// How many members a group has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupCount<'a> {
    /// Which group.
    #[schema(value_type = scalars::Id)]
    group_id: GroupId,
    /// What it is called.
    name: &'a str,
    /// Its members.
    count: u64,
}

/// How many customers were made in a bucket.
#[derive(Debug, Serialize, ToSchema)]
pub struct BucketCount {
    /// When the bucket begins.
    #[schema(value_type = scalars::Timestamp)]
    #[serde(serialize_with = "rfc3339")]
    start: Time,
    /// The customers made from then on, until the next bucket begins.
    count: u64,
}

impl<'a> StatisticsView<'a> {
    fn of(statistics: &'a Statistics) -> Self {
        let by_status = ByStatus::of(&statistics.by_status);
        let country = |(country, count): &'a (String, u64)| CountryCount { country, count: *count };
        let bucket = |(start, count): &(Time, u64)| BucketCount { start: *start, count: *count };
        Self {
            total: statistics.total,
            active: by_status.active,
            by_status,
            deleted: statistics.deleted,
            new_in_period: statistics.new_in_period,
            previous_period: statistics.previous_period,
            growth_rate: statistics.growth_rate(),
            by_country: statistics.by_country.iter().map(country).collect(),
            by_group: (statistics.by_group.iter())
                .map(|share| GroupCount { group_id: share.id, name: &share.name, count: share.count })
                .collect(),
            ungrouped: statistics.ungrouped,
            series: statistics.series.iter().map(bucket).collect(),
            generated_at: statistics.generated_at,
        }
    }
}

impl ByStatus {
    fn of(counts: &[(CustomerStatus, u64)]) -> Self {
        let count = |status| counts.iter().find(|(counted, _)| *counted == status).map_or(0, |(_, count)| *count);
        Self {
            active: count(CustomerStatus::Active),
            inactive: count(CustomerStatus::Inactive),
            lead: count(CustomerStatus::Lead),
        }
    }
}

/// Count customers, all in all and over a period.
///
/// Figures may lag 5 seconds behind.
#[utoipa::path(get, path = "/customers/statistics", operation_id = "readStatistics", tag = "Customers",
    params(parameters::StatisticsQuery),
    responses((status = 200, description = "The counts.", body = StatisticsView)))]
pub async fn read(query: Parameters, caller: Caller) -> Result<HttpResponse, ApiError> {
    let query = read_query(query, caller.api().settings.clock.now())?;
    let statistics = caller.api().mailboxes.customers.ask(caller.deadline(), GetStatistics { query }).await??;
    Ok(HttpResponse::Ok().json(StatisticsView::of(&statistics)))
}

fn read_query(mut query: Parameters, now: Time) -> Result<StatisticsQuery, Invalid> {
    let period = PeriodRequest {
        from: query.parsed("from"),
        to: query.parsed("to"),
        interval: query.choice("interval", Interval::CHOICES).unwrap_or_default(),
        timezone: query.parsed("timezone"),
    };
    let group = query.parsed("groupId");
    query.finish(|| ())?;
    StatisticsQuery::new(period, group, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use serde_json::json;

    const NOW: Time = Time::from_millis(1_774_260_000_000);

    fn fault(query: &str) -> Option<String> {
        let request = TestRequest::with_uri(&format!("/customers/statistics?{query}")).to_http_request();
        let read = read_query(Parameters::of(&request), NOW);
        read.err()
            .map(|Invalid(errors)| errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn every_fault_of_the_period_is_told() {
        assert_eq!(
            fault("from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&interval=week&timezone=Europe/Berlin"),
            None
        );
        assert_eq!(fault(""), None);
        let told = fault("from=x&to=2026&interval=year&groupId=y&zone=z");
        assert_eq!(told.as_deref(), Some("/from /to /interval /groupId /zone"));
        assert_eq!(fault("timezone=Mars/Olympus").as_deref(), Some("/timezone"));
    }

    #[test]
    fn every_status_is_counted_and_an_unknown_growth_left_out() {
        let statistics = Statistics {
            total: 3,
            by_status: vec![(CustomerStatus::Active, 1), (CustomerStatus::Lead, 2)],
            deleted: 4,
            new_in_period: 3,
            previous_period: 0,
            by_country: vec![("GB".to_owned(), 3)],
            by_group: vec![],
            ungrouped: 3,
            series: vec![(NOW, 3)],
            generated_at: NOW,
        };
        let expected = json!({
            "total": 3, "active": 1, "byStatus": {"active": 1, "inactive": 0, "lead": 2}, "deleted": 4,
            "newInPeriod": 3, "previousPeriod": 0, "byCountry": [{"country": "GB", "count": 3}], "byGroup": [],
            "ungrouped": 3, "series": [{"start": "2026-03-23T10:00:00.000Z", "count": 3}],
            "generatedAt": "2026-03-23T10:00:00.000Z"
        });
        assert_eq!(serde_json::to_value(StatisticsView::of(&statistics)).unwrap(), expected);
    }
}
