//! `/ops`: what operators see of the running server, and what they may do to it (§9 of the contract).
//!
//! [`tree`] is how actors and pools are shown, made by `rows` of what the supervisor tells; [`actors`] answers with it, and
//! restarts. [`events`] tells of what happens as it happens: `told` writes each event down, `stream` is the answer that
//! has no end, and has one of a few `places`. [`log_level`] steers the logs by [`steering`]. [`console`] is a page that uses them all.

pub mod actors;
pub mod console;
pub mod events;
pub mod log_level;
mod places;
mod rows;
pub mod steering;
mod stream;
mod told;
pub mod tree;

use std::sync::Arc;
use std::time::Duration;

use crate::actors::auth::RecordOperation;
use crate::actors::supervision::Supervisor;
use crate::model::audit::AuditEvent;
use serde::Serializer;

use self::places::Places;
use self::steering::LogSteering;
use super::{ApiError, Caller};

/// What operators see and steer. Clones are of the same server.
#[derive(Clone)]
pub struct Operations {
    /// Knows the actors and pools.
    pub supervisor: Supervisor,
    /// Steers the logs.
    pub logs: LogSteering,
    /// One place for each stream of events.
    streams: Arc<Places>,
}

impl Operations {
    /// The operations on this supervisor's actors and these logs.
    pub fn new(supervisor: Supervisor, logs: LogSteering) -> Self {
        Self { supervisor, logs, streams: Arc::default() }
    }
}

/// Has an operation's event made durable: nothing is done before that.
async fn record(caller: &Caller, event: AuditEvent) -> Result<(), ApiError> {
    Ok(caller.api().mailboxes.auth.ask(caller.deadline(), RecordOperation { event }).await??)
}

/// Writes a duration in milliseconds, to the microsecond.
fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1e6).round() / 1e3)
}

/// The same where there may be none; where there is none, it is left out before this is asked.
fn some_milliseconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    milliseconds(&duration.unwrap_or_default(), serializer)
}

/// Writes a duration in seconds, to the millisecond.
fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1e3).round() / 1e3)
}
