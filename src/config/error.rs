//! What is said about settings that are wrong.

use std::fmt;

use super::layers::Origin;
use super::secret::MASK;

/// Settings that cannot be started with: all that is wrong with them, at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Listed(.problems))]
pub struct SettingsError {
    /// What is wrong, in the order of `config/default.toml`. At least one.
    pub problems: Vec<Problem>,
}

/// One setting that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting's environment name.
    pub name: String,
    /// What was given, secrets masked; `None`: nothing.
    pub given: Option<String>,
    /// Where it was given.
    pub origin: Origin,
    /// What is allowed instead.
    pub allowed: String,
}

impl Problem {
    /// A setting that is wrong because it is missing.
    pub(super) fn missing(name: &str, allowed: impl Into<String>) -> Self {
        Self { name: name.into(), given: None, origin: Origin::Default, allowed: allowed.into() }
    }

    /// A setting whose value is wrong and may be shown.
    pub(super) fn wrong(name: &str, given: &str, origin: Origin, allowed: impl Into<String>) -> Self {
        Self { name: name.into(), given: Some(given.into()), origin, allowed: allowed.into() }
    }

    /// A setting whose value is wrong and must not be shown.
    pub(super) fn masked(name: &str, origin: Origin, allowed: impl Into<String>) -> Self {
        Self::wrong(name, MASK, origin, allowed)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.given {
            Some(given) => write!(f, "{} is {given:?} ({}): allowed is {}", self.name, self.origin, self.allowed),
            None => write!(f, "{} is not set: needed is {}", self.name, self.allowed),
        }
    }
}

struct Listed<'a>(&'a [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("1 setting is wrong")?,
            count => write!(f, "{count} settings are wrong")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
