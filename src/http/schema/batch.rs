//! The body of a batch (§5, §10 of the contract).

use utoipa::ToSchema;

use super::customer::CustomerPatch;
use super::scalars::Id;

/// Merge patches for 1 to 500 customers: one for each, or one for all.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
#[schema(examples(json!({"updates": [{"id": "69c10f2e5b3a4d7f9e8c1a20", "version": 1, "data": {"status": "lead"}}]})))]
pub enum BatchInput {
    /// A patch for each.
    Each(BatchOfEach),
    /// A patch for all.
    All(BatchOfAll),
}

/// A patch for each customer.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchOfEach {
    /// The rows. A malformed one fails for itself, as its own 400; so does a repeated id, as 409.
    #[schema(min_items = 1, max_items = 500)]
    pub updates: Vec<BatchRow>,
    /// One failure makes all fail.
    pub atomic: Option<bool>,
    /// Nothing is written; the answer is what it would have been.
    pub dry_run: Option<bool>,
}

/// One patch for all customers.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchOfAll {
    /// The customers. A malformed id fails for itself, as its row's 400; so does a repeated one, as 409.
    #[schema(min_items = 1, max_items = 500)]
    pub ids: Vec<Id>,
    /// The patch for all of them.
    pub data: CustomerPatch,
    /// One failure makes all fail.
    pub atomic: Option<bool>,
    /// Nothing is written; the answer is what it would have been.
    pub dry_run: Option<bool>,
}

/// One row of a batch.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchRow {
    /// Which customer.
    pub id: Id,
    /// The version it must have.
    #[schema(minimum = 1)]
    pub version: Option<u64>,
    /// What is to change.
    pub data: CustomerPatch,
}
