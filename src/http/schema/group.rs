//! Bodies of requests about customer groups (§6 of the contract).

use utoipa::ToSchema;

use super::scalars::{Id, Metadata};

/// All that a client may say of a group. Fields that can only be read are ignored, so that what was read can be sent back.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"name": "VIP", "description": "Those who are called back first"})))]
pub struct GroupInput {
    /// Unique among live groups, without regard to case.
    #[schema(min_length = 1, max_length = 100, pattern = r"^[^\x00]*$")]
    pub name: String,
    /// What the group is for.
    #[schema(max_length = 1000, pattern = r"^[^\x00]*$")]
    pub description: Option<String>,
    /// What else there is to know.
    pub metadata: Option<Metadata>,
}

/// The customers that become members, or cease to be. Repeated ones are merged.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"customerIds": ["69c10f2e5b3a4d7f9e8c1a20"]})))]
pub struct MembersInput {
    /// Which customers.
    #[schema(min_items = 1, max_items = 1000)]
    pub customer_ids: Vec<Id>,
}
