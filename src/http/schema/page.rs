//! Lists, as the API document describes them (§1 of the contract).

use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, ToSchema)]
pub struct PageOf<T> {
    /// What is on it, in order.
    #[schema(max_items = 100)]
    pub data: Vec<T>,
    /// Which page it is.
    pub page: PageInfo,
}

/// Which page of a list it is, and where the next one begins.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    /// How many items a page has at most.
    #[schema(minimum = 1, maximum = 100)]
    pub limit: u64,
    /// Whether there is another page behind it.
    pub has_more: bool,
    /// Where the next page begins; absent on the last one.
    #[schema(nullable = false)]
    pub next_cursor: Option<String>,
    /// How many items there are on all pages, if that was asked for.
    #[schema(nullable = false, minimum = 0)]
    pub total: Option<u64>,
}
