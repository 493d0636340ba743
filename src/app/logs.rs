//! Which logs operators steer.

use crate::config::LogLevel;
use crate::http::ops::steering::LogSink;
use crate::telemetry::{Logs, LogsEnded};

/// The logs of a server inside a program that logs for itself: nothing to steer.
pub(super) struct NobodysLogs;

impl LogSink for NobodysLogs {
    fn set_level(&self, _: &LogLevel) -> Result<(), LogsEnded> {
        Ok(())
    }
}

impl LogSink for Logs {
    fn set_level(&self, level: &LogLevel) -> Result<(), LogsEnded> {
        Logs::set_level(self, level.clone())
    }
}
