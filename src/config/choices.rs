//! Settings that are more than a number or a text.

use super::Secret;
use crate::model::contact::Email;

/// Where the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppEnv {
    /// On a developer's machine: secrets are made where none are given.
    Development,
    /// Where it counts: unsafe settings are refused.
    Production,
}

impl AppEnv {
    /// As it is written in the environment and told by `/health`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// Whose pages may call the API (CORS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// All of them, without credentials.
    Any,
    /// Those listed, as browsers send them in `Origin`.
    Listed(Vec<String>),
}

/// Whether anyone may register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Anyone may.
    Open,
    /// Users are made by those who hold `users:create`.
    Closed,
}

/// The admin who is made at the first start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstAdmin {
    /// In lower case.
    pub email: Email,
    /// 8 to 128 characters.
    pub password: Secret,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}
