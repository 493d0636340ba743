//! Parameters that several endpoints share.

use utoipa::IntoParams;

use super::scalars::Id;

/// Names the resource.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct IdPath {
    /// The resource's id.
    pub id: Id,
}

/// Chooses a page of a list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items the page has at most.
    #[param(minimum = 1, maximum = 100, default = 20, required = false)]
    pub limit: u64,
    /// Where the page begins: the `nextCursor` of the page before, of the same list.
    #[param(value_type = String, required = false)]
    pub cursor: String,
    /// `total`: also count all that there are.
    #[param(inline, required = false)]
    pub include: Include,
}

/// What a page may tell besides.
#[derive(Debug, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Include {
    /// How many there are on all pages.
    Total,
}

/// Reads only what has changed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ConditionalRead {
    /// The `ETag` of what the client has already: if it is still so, the answer is 304.
    #[param(rename = "If-None-Match", required = false)]
    pub if_none_match: String,
}

/// Changes only what nobody else has changed in between.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ConditionalWrite {
    /// The `ETag` that the resource must have, else the answer is 412.
    #[param(rename = "If-Match", required = false)]
    pub if_match: String,
}

/// Resumes a stream of events.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct StreamResumption {
    /// The `id` of the message that was read last: what happened after it is told, as far as it is kept.
    #[param(rename = "Last-Event-ID", required = false, pattern = "^[0-9]{1,19}$")]
    pub last_event_id: String,
}

/// The period that statistics are about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct StatisticsQuery {
    /// The period's start, included; 30 days before its end where absent.
    #[param(format = DateTime, required = false)]
    pub from: String,
    /// The period's end, not included; now where absent.
    #[param(format = DateTime, required = false)]
    pub to: String,
    /// How long each bucket of the series is. At most 1,000 buckets.
    #[param(inline, required = false)]
    pub interval: Interval,
    /// The IANA time zone in whose midnights the buckets begin; UTC where absent.
    #[param(required = false, example = "Europe/Berlin")]
    pub timezone: String,
    /// Counts the members of this group alone.
    #[param(required = false)]
    pub group_id: Id,
}

/// How long a bucket is.
#[derive(Debug, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(default = "day")]
pub enum Interval {
    /// From midnight on.
    Day,
    /// From Monday on.
    Week,
    /// From the first on.
    Month,
}

/// How members are changed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MembersQuery {
    /// An id that names no live customer makes the whole fail with 404: nothing is changed.
    #[param(required = false, default = false)]
    pub strict: bool,
}

/// Names the members to be removed, in the place of a body.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MemberIdsQuery {
    /// Ids of customers, with commas between them. More of them than the request line can hold go into a body.
    #[param(required = false, style = Form, explode = false, min_items = 1, max_items = 500)]
    pub ids: Vec<Id>,
}
