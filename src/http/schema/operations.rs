//! Answers about the server itself, as the API document describes them (§9 of the contract).

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::scalars::{ErrorName, ErrorNumber, Timestamp};

/// How the server is.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `degraded` where a dependency is not as it should be.
    #[schema(pattern = "^(ok|degraded)$")]
    pub status: String,
    /// When this was said.
    pub timestamp: Timestamp,
    /// The version of the program.
    pub version: String,
    /// `development` or `production`.
    pub environment: String,
    /// How much memory the process uses.
    pub memory_usage: MemoryUsage,
    /// For how many seconds the server has been up.
    pub uptime: u64,
    /// How each dependency is, by name.
    pub checks: BTreeMap<String, DependencyCheck>,
}

/// Memory in MB.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryUsage {
    /// Allocated from the heap and in use.
    pub heap_used: u64,
    /// Held by the heap's allocator.
    pub heap_total: u64,
    /// Held outside the heap.
    pub external: u64,
    /// Resident in the machine's memory, all in all.
    pub rss: u64,
}

/// How a dependency is. Some tell more of themselves.
#[derive(Debug, ToSchema)]
pub struct DependencyCheck {
    /// It does its part, does so by a fallback, or does not.
    #[schema(pattern = "^(ok|degraded|down)$")]
    pub status: String,
}

/// The server is there.
#[derive(Debug, ToSchema)]
pub struct Fine {
    /// How it is.
    #[schema(pattern = "^ok$")]
    pub status: String,
}

/// What an error code means.
#[derive(Debug, ToSchema)]
pub struct ErrorExplanation {
    /// Where this is found.
    #[schema(format = "uri-reference")]
    pub r#type: String,
    /// What kind of failure it is, for people.
    pub title: String,
    /// The status it usually has.
    pub status: u16,
    /// The code.
    pub code: ErrorNumber,
    /// Its name.
    pub name: ErrorName,
    /// When a client meets it.
    pub explanation: String,
}

/// A restart takes no more than the name in the path.
#[derive(Debug, ToSchema)]
#[schema(as = RestartInput)]
#[serde(deny_unknown_fields)]
pub struct RestartInput {}

/// What is to be logged.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"level": "debug", "revertAfterSeconds": 600})))]
pub struct LogLevelInput {
    /// `off`, `error`, `warn`, `info`, `debug` or `trace`, or these by target: `info,access=off`.
    #[schema(min_length = 1, max_length = 1000)]
    pub level: String,
    /// Seconds after which what the settings say holds again; absent: it stays until the server ends.
    #[schema(minimum = 1, maximum = 86_400)]
    pub revert_after_seconds: Option<u32>,
}
