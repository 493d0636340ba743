//! What is logged.

use std::fmt;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// A level (`info`), or levels by target (`info,access=off`), in the syntax of tracing-subscriber's `EnvFilter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLevel(String);

/// The text is no log level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of off, error, warn, info, debug, trace, or these by target, such as info,access=off")]
pub struct InvalidLogLevel;

impl LogLevel {
    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The filter that lets through what is to be logged. What clients send that is no HTTP is their error, not ours: it is
    /// not logged unless `actix_http` is asked for.
    pub(crate) fn filter(&self) -> EnvFilter {
        format!("actix_http=off,{}", self.0).parse().expect("it was parsed once before")
    }
}

impl FromStr for LogLevel {
    type Err = InvalidLogLevel;

    fn from_str(text: &str) -> Result<Self, InvalidLogLevel> {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        // `EnvFilter` takes a lone word that is no level for a target, and silences all others.
        let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
        let words_are_levels = text.split(',').all(|part| part.contains(['=', '[', ']', '{', '}']) || is_level(part));
        let valid = words_are_levels && text.parse::<EnvFilter>().is_ok();
        valid.then(|| Self(text.to_owned())).ok_or(InvalidLogLevel)
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
