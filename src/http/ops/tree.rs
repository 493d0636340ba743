//! The supervision tree as operators see it: one row an actor, its replicas merged, and one row a pool.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::time::{Time, rfc3339};

use super::super::schema::scalars;
use super::{milliseconds, seconds, some_milliseconds};

/// All actors and pools, in the order of their start.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActorTree)]
pub struct TreeView {
    /// The actors, then the pools.
    pub(super) actors: Vec<ActorView>,
}

/// An actor with all its replicas, or a pool.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActorRow)]
pub struct ActorView {
    /// Its name, by which it is restarted.
    #[schema(examples("customers"))]
    pub(super) name: String,
    /// What it is doing: of several replicas, the worst.
    #[schema(pattern = "^(starting|running|backing_off|failed|suspended|draining|stopped|degraded)$")]
    pub(super) state: &'static str,
    /// Whether all of it takes messages now or within a moment.
    pub(super) ready: bool,
    /// One by one; none of a pool.
    pub(super) replicas: Vec<ReplicaView>,
    /// How often one of them was replaced.
    pub(super) restarts: u64,
    /// Panics caught, wherever.
    pub(super) panics: u64,
    /// The newest of their failures.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_failure: Option<FailureView>,
    /// What waits, all together.
    pub(super) mailbox: MailboxView,
    /// Messages that are being handled.
    pub(super) in_flight: usize,
    /// For how long the worst of them has made no progress, where that is longer than allowed.
    #[schema(value_type = f64, minimum = 0, required = false)]
    #[serde(rename = "stalledMs", serialize_with = "some_milliseconds", skip_serializing_if = "Option::is_none")]
    pub(super) stalled: Option<Duration>,
    /// What became of its messages, by their type.
    pub(super) messages: Vec<MessageView>,
    /// The threads of a pool.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) threads: Option<ThreadsView>,
}

/// One replica of an actor.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActorReplica)]
pub struct ReplicaView {
    /// Its number, from 0.
    pub(super) replica: usize,
    /// What it is doing.
    #[schema(pattern = "^(starting|running|backing_off|failed|suspended|draining|stopped)$")]
    pub(super) state: &'static str,
    /// Whether it takes messages now or within a moment.
    pub(super) ready: bool,
    /// Its present life, from 1; 0 before the first.
    pub(super) incarnation: u64,
    /// For how long that has been taking messages.
    #[schema(value_type = f64, minimum = 0)]
    #[serde(rename = "uptimeSeconds", serialize_with = "seconds")]
    pub(super) uptime: Duration,
    /// How often it was replaced.
    pub(super) restarts: u64,
    /// Panics caught, wherever.
    pub(super) panics: u64,
    /// Why it was replaced last.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_failure: Option<FailureView>,
    /// What waits.
    pub(super) mailbox: MailboxView,
    /// Messages that are being handled.
    pub(super) in_flight: usize,
    /// For how long it has made no progress, where that is longer than allowed.
    #[schema(value_type = f64, minimum = 0, required = false)]
    #[serde(rename = "stalledMs", serialize_with = "some_milliseconds", skip_serializing_if = "Option::is_none")]
    pub(super) stalled: Option<Duration>,
}

/// A failure. Fit for operators, not for clients.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActorFailure)]
pub struct FailureView {
    /// It panicked, could not be made, or stopped itself.
    #[schema(pattern = "^(panic|start|stop)$")]
    pub(super) kind: &'static str,
    /// What was said.
    pub(super) reason: String,
    /// Where: `file:line` of a panic, else what was being done.
    pub(super) at: String,
    /// What was being done: a type of message, `factory` or `started`.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) during: Option<&'static str>,
    /// When.
    #[schema(value_type = scalars::Timestamp)]
    #[serde(serialize_with = "rfc3339")]
    pub(super) time: Time,
}

/// Messages that wait.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActorMailbox)]
pub struct MailboxView {
    /// How many do.
    pub(super) depth: usize,
    /// How many may.
    pub(super) bound: usize,
    /// For how long the one that waits longest has done so; 0 when none does.
    #[schema(value_type = f64, minimum = 0)]
    #[serde(rename = "oldestMs", serialize_with = "milliseconds")]
    pub(super) oldest: Duration,
}

/// What became of the messages of one type.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActorMessage)]
pub struct MessageView {
    /// The type.
    #[schema(examples("GetCustomer"))]
    pub(super) r#type: &'static str,
    /// How many were sent, but for those that their askers gave up.
    pub(super) count: u64,
    /// How many of them were not answered: crashed, expired or refused.
    pub(super) errors: u64,
    /// The median of the time from question to answer.
    #[schema(value_type = f64, minimum = 0)]
    #[serde(rename = "p50Ms", serialize_with = "milliseconds")]
    pub(super) p50: Duration,
    /// The 99th percentile of it.
    #[schema(value_type = f64, minimum = 0)]
    #[serde(rename = "p99Ms", serialize_with = "milliseconds")]
    pub(super) p99: Duration,
}

/// The threads of a pool.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = PoolThreads)]
pub struct ThreadsView {
    /// How many take jobs.
    pub(super) live: usize,
    /// How many there are to be.
    pub(super) expected: usize,
}
