//! From two looks at a node to rows: what has happened between them, a second.

use std::cmp::Ordering;
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use super::node::{Actor, Failure, Mailbox, MessageType, Replica, Snapshot, Threads};

/// States from the worst to the best; one that is not known stands first.
const STATES: [&str; 9] =
    ["failed", "stopped", "stalled", "degraded", "backing_off", "suspended", "starting", "draining", "running"];

/// An actor or a pool, as it is shown.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub name: String,
    pub state: String,
    /// Messages a second; `None` if there is nothing to compare with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_per_second: Option<f64>,
    /// Messages a second that were not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors_per_second: Option<f64>,
    /// The median of the type of message that comes most often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// The 99th percentile of the slowest type of message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
    pub mailbox: Mailbox,
    pub in_flight: u64,
    pub restarts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<Threads>,
    pub replicas: Vec<Replica>,
    pub messages: Vec<MessageRow>,
}

/// A type of message, as it is shown.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageRow {
    #[serde(rename = "type")]
    pub name: String,
    pub count: u64,
    pub errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors_per_second: Option<f64>,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// What rows are ordered by. Rows that are alike in it are ordered by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Sort {
    /// The worst first.
    #[default]
    State,
    /// By the alphabet.
    Name,
    /// The fullest mailbox first.
    Depth,
    /// The busiest first.
    Rate,
    /// The slowest first.
    P99,
    /// The most often restarted first.
    Restarts,
}

impl Sort {
    pub(super) const ALL: [Self; 6] = [Self::State, Self::Name, Self::Depth, Self::Rate, Self::P99, Self::Restarts];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Name => "name",
            Self::Depth => "depth",
            Self::Rate => "rate",
            Self::P99 => "p99",
            Self::Restarts => "restarts",
        }
    }

    fn compare(self, one: &Row, other: &Row) -> Ordering {
        let first = match self {
            Self::State => rank(&one.state).cmp(&rank(&other.state)),
            Self::Name => Ordering::Equal,
            Self::Depth => other.mailbox.depth.cmp(&one.mailbox.depth),
            Self::Rate => descending(one.rate_per_second, other.rate_per_second),
            Self::P99 => descending(one.p99_ms, other.p99_ms),
            Self::Restarts => other.restarts.cmp(&one.restarts),
        };
        first.then_with(|| one.name.cmp(&other.name))
    }
}

/// Numbers before none, large ones first.
fn descending(one: Option<f64>, other: Option<f64>) -> Ordering {
    other.unwrap_or(-1.0).total_cmp(&one.unwrap_or(-1.0))
}

/// Where a state stands in [`STATES`], from 1; 0: it is not known.
fn rank(state: &str) -> usize {
    STATES.iter().position(|known| *known == state).map_or(0, |at| at + 1)
}

/// The rows of a snapshot, in the node's order. Rates need an earlier one of the same node.
pub(super) fn rows(now: &Snapshot, before: Option<&Snapshot>) -> Vec<Row> {
    let before = before.map(|before| (before, now.taken.saturating_duration_since(before.taken)));
    let row = |actor: &Actor| {
        let earlier = before.and_then(|(before, elapsed)| {
            before.actors.iter().find(|other| other.name == actor.name).map(|other| (other, elapsed))
        });
        Row::of(actor, earlier)
    };
    now.actors.iter().map(row).collect()
}

/// Orders rows.
pub(super) fn sort(rows: &mut [Row], by: Sort, reversed: bool) {
    rows.sort_by(|one, other| if reversed { by.compare(other, one) } else { by.compare(one, other) });
}

impl Row {
    fn of(actor: &Actor, earlier: Option<(&Actor, Duration)>) -> Self {
        let messages: Vec<_> = actor.messages.iter().map(|message| MessageRow::of(message, earlier)).collect();
        let busiest = messages.iter().max_by(|one, other| {
            descending(other.rate_per_second, one.rate_per_second).then_with(|| one.count.cmp(&other.count))
        });
        Self {
            name: actor.name.clone(),
            state: condition(&actor.state, actor.stalled_ms),
            rate_per_second: total(&messages, earlier.is_some(), |message| message.rate_per_second),
            errors_per_second: total(&messages, earlier.is_some(), |message| message.errors_per_second),
            p50_ms: busiest.map(|message| message.p50_ms),
            p99_ms: messages.iter().map(|message| message.p99_ms).max_by(f64::total_cmp),
            mailbox: actor.mailbox,
            in_flight: actor.in_flight,
            restarts: actor.restarts,
            last_failure: actor.last_failure.clone(),
            threads: actor.threads,
            replicas: actor.replicas.clone(),
            messages,
        }
    }

    /// Whether this text, in small letters, is in its name, its state or one of its types of messages.
    pub(super) fn matches(&self, filter: &str) -> bool {
        let texts = [&self.name, &self.state].into_iter().chain(self.messages.iter().map(|message| &message.name));
        filter.is_empty() || texts.into_iter().any(|text| text.to_lowercase().contains(filter))
    }
}

impl MessageRow {
    fn of(message: &MessageType, earlier: Option<(&Actor, Duration)>) -> Self {
        let earlier = earlier.map(|(actor, elapsed)| {
            let same = actor.messages.iter().find(|other| other.name == message.name);
            (same.map_or((0, 0), |other| (other.count, other.errors)), elapsed)
        });
        Self {
            name: message.name.clone(),
            count: message.count,
            errors: message.errors,
            rate_per_second: earlier.and_then(|((count, _), elapsed)| per_second(message.count, count, elapsed)),
            errors_per_second: earlier.and_then(|((_, errors), elapsed)| per_second(message.errors, errors, elapsed)),
            p50_ms: message.p50_ms,
            p99_ms: message.p99_ms,
        }
    }
}

/// A stalled replica says that it runs: that it does not get on is what matters.
pub(super) fn condition(state: &str, stalled_ms: Option<f64>) -> String {
    if stalled_ms.is_some() && state == "running" { "stalled".to_owned() } else { state.to_owned() }
}

/// The sum over all types; of none it is zero, if there is something to compare with.
fn total(messages: &[MessageRow], comparable: bool, figure: impl Fn(&MessageRow) -> Option<f64>) -> Option<f64> {
    comparable.then(|| messages.iter().try_fold(0.0, |sum, message| Some(sum + figure(message)?))).flatten()
}

/// To three decimals; `None` if the counter went back, as it does when the node is started anew.
fn per_second(now: u64, before: u64, elapsed: Duration) -> Option<f64> {
    let more = now.checked_sub(before)? as f64;
    let seconds = elapsed.as_secs_f64();
    (seconds > 0.0).then(|| (more / seconds * 1_000.0).round() / 1_000.0)
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
