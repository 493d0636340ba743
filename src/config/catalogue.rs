//! The list of settings, as `config/default.toml` tells it: the one place where names, defaults and meanings are written.

use std::sync::LazyLock;

/// The text of `config/default.toml`.
pub(super) const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The settings that hold secrets: they are masked wherever they are shown, and `NAME_FILE` reads them from a file.
pub(super) const SECRETS: [&str; 9] = [
    "JWT_SECRET",
    "JWT_REFRESH_SECRET",
    "ADMIN_PASSWORD",
    "MONGODB_URI",
    "REDIS_URL",
    "REDIS_PASSWORD",
    "RABBITMQ_URL",
    "METRICS_TOKEN",
    "OTEL_EXPORTER_OTLP_HEADERS",
];

/// A setting that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its environment name.
    pub name: &'static str,
    /// Its default as it would be written in the environment; empty: not set.
    pub default: &'static str,
    /// What it means, with unit and bounds.
    pub meaning: String,
}

impl Setting {
    /// Whether its value must not be shown.
    pub fn is_secret(&self) -> bool {
        SECRETS.contains(&self.name)
    }
}

/// Every setting, in the order of `config/default.toml`.
pub fn catalogue() -> &'static [Setting] {
    static CATALOGUE: LazyLock<Vec<Setting>> = LazyLock::new(|| parse(DEFAULTS));
    &CATALOGUE
}

/// A setting is `NAME = default`; the comment directly above it is its meaning.
fn parse(defaults: &'static str) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in defaults.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim());
        } else if let Some((name, default)) = line.split_once(" = ") {
            settings.push(Setting { name, default: default.trim_matches('"'), meaning: comment.join(" ") });
            comment.clear();
        } else {
            comment.clear();
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_meaning() {
        for setting in catalogue() {
            assert!(setting.meaning.ends_with('.'), "{setting:?}");
            assert!(setting.name.chars().all(|c| c.is_ascii_uppercase() || c == '_'), "{setting:?}");
        }
    }

    #[test]
    fn names_are_unique_and_secrets_are_among_them() {
        let names: std::collections::HashSet<_> = catalogue().iter().map(|setting| setting.name).collect();
        assert_eq!(names.len(), catalogue().len());
        for secret in SECRETS {
            assert!(names.contains(secret), "{secret}");
        }
    }
}
