//! What a node tells of itself.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::figures::{clock, plain};

/// Everything that one look at a node has seen.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// When it was taken.
    pub taken: Instant,
    /// How the node is.
    pub health: Health,
    /// What keeps it from being ready, by name; empty: it is ready.
    pub unready: Vec<String>,
    /// Its actors and pools.
    pub actors: Vec<Actor>,
}

/// The body of `/health`, as far as it is shown.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Health {
    pub version: String,
    pub environment: String,
    /// RFC 3339.
    pub timestamp: String,
    /// Seconds.
    pub uptime: u64,
    pub memory_usage: MemoryUsage,
}

/// Memory in MB.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct MemoryUsage {
    pub rss: u64,
}

/// The body of `/ops/actors`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Tree {
    pub actors: Vec<Actor>,
}

/// An actor with all its replicas, or a pool.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Actor {
    pub name: String,
    pub state: String,
    #[serde(default)]
    pub replicas: Vec<Replica>,
    #[serde(default)]
    pub restarts: u64,
    pub last_failure: Option<Failure>,
    pub mailbox: Mailbox,
    #[serde(default)]
    pub in_flight: u64,
    pub stalled_ms: Option<f64>,
    #[serde(default)]
    pub messages: Vec<MessageType>,
    pub threads: Option<Threads>,
}

/// One of the same actors.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Replica {
    pub replica: u64,
    pub state: String,
    #[serde(default)]
    pub restarts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
    pub mailbox: Mailbox,
    #[serde(default)]
    pub in_flight: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stalled_ms: Option<f64>,
}

/// Why something ended that should not have.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Failure {
    pub reason: String,
    /// The place in the source, or the phase of life.
    #[serde(default)]
    pub at: String,
    /// RFC 3339.
    pub time: String,
}

impl Failure {
    /// When, where and why, on one line: `09:59:07 src/actors/customers/actor.rs:88: index out of bounds`.
    pub(super) fn told(&self, now: &str) -> String {
        plain(&format!("{} {}: {}", clock(&self.time, now), self.at, self.reason))
    }
}

/// What waits.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mailbox {
    /// Messages that wait.
    pub depth: u64,
    /// How many may wait.
    pub bound: u64,
    /// How long the oldest has waited, in ms.
    pub oldest_ms: f64,
}

/// Figures of one type of message since the node started.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageType {
    #[serde(rename = "type")]
    pub name: String,
    pub count: u64,
    pub errors: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// The threads of a pool.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Threads {
    pub live: u64,
    pub expected: u64,
}
