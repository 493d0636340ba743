//! What is logged.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// A level (`info`), or levels by target (`info,access=off`): what tracing-subscriber's `EnvFilter` takes, without spans.
///
/// Two are equal if the same is logged by both: levels are in lower case, the one of all targets first, then by target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLevel(String);

/// The text is no log level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of off, error, warn, info, debug, trace, or these by target, such as info,access=off, each target once")]
pub struct InvalidLogLevel;

impl LogLevel {
    /// In lower case and in order.
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
        let mut levels = BTreeMap::new();
        for part in text.split(',') {
            // `EnvFilter` takes a lone word that is no level for a target, and silences all others.
            let (target, level) = part.split_once('=').map_or(("", part), |(target, level)| (target.trim(), level));
            let by_target = part.contains('=');
            let is_target = !target.is_empty() && target.chars().all(|c| c.is_alphanumeric() || "_-:".contains(c));
            if by_target && !is_target || levels.insert(target, level_of(level).ok_or(InvalidLogLevel)?).is_some() {
                return Err(InvalidLogLevel);
            }
        }
        let written = |(target, level): (&str, &str)| match target {
            "" => level.to_owned(),
            target => format!("{target}={level}"),
        };
        let text = levels.into_iter().map(written).collect::<Vec<_>>().join(",");
        let valid = text.parse::<EnvFilter>().is_ok();
        valid.then_some(Self(text)).ok_or(InvalidLogLevel)
    }
}

fn level_of(word: &str) -> Option<&'static str> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    LEVELS.into_iter().find(|level| level.eq_ignore_ascii_case(word.trim()))
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_equal_that_log_the_same() {
        let read = |text: &str| text.parse::<LogLevel>().map(|level| level.to_string());
        for (text, written) in [
            ("DEBUG", "debug"),
            ("info,access=off", "info,access=off"),
            ("b::c=Warn, access=OFF ,Info", "info,access=off,b::c=warn"),
            ("access=off", "access=off"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(written), "{text}");
        }
    }

    #[test]
    fn spans_repetitions_and_other_words_are_no_levels() {
        for text in [
            "",
            "loud",
            "access",
            "info,",
            "=info",
            "a=",
            "a=3",
            "a=b=info",
            "clientele[{user}]=trace",
            "[span]=info",
            "a b=info",
            "info,debug",
            "a=info,info,a=info",
        ] {
            assert_eq!(text.parse::<LogLevel>(), Err(InvalidLogLevel), "{text}");
        }
    }
}
