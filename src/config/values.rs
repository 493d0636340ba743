//! How the texts of settings are understood. Each parser fails with what is allowed.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::{AllowedOrigins, LogLevel, Network, Secret};
use crate::model::contact::Email;

/// A whole number within bounds.
pub(super) fn number<N: FromStr + PartialOrd + std::fmt::Display>(
    bounds: RangeInclusive<N>,
) -> impl Fn(&str) -> Result<N, String> {
    move |text| {
        let allowed = || format!("a whole number, {} to {}", bounds.start(), bounds.end());
        text.parse().ok().filter(|number| bounds.contains(number)).ok_or_else(allowed)
    }
}

/// Milliseconds, as the original writes its own durations.
pub(super) fn millis(bounds: RangeInclusive<u64>) -> impl Fn(&str) -> Result<Duration, String> {
    let number = number(bounds);
    move |text| number(text).map(Duration::from_millis).map_err(|allowed| format!("{allowed}, in ms"))
}

/// A number and a unit, as the original writes what tokens live: `15m`.
pub(crate) fn duration(shortest: &'static str, longest: &'static str) -> impl Fn(&str) -> Result<Duration, String> {
    let bound = |text| with_unit(text).expect("bounds are durations");
    let bounds = bound(shortest)..=bound(longest);
    move |text| {
        let allowed = || format!("a number and a unit (ms, s, m, h, d, w), {shortest} to {longest}");
        with_unit(text).filter(|duration| bounds.contains(duration)).ok_or_else(allowed)
    }
}

fn with_unit(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let unit_millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit_millis).map(Duration::from_millis)
}

/// One of a few words.
pub(super) fn choice<T: Copy, const N: usize>(choices: [(&'static str, T); N]) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        let allowed = || choices.map(|(word, _)| word).join(" or ");
        choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(allowed)
    }
}

/// Items between commas; blanks around them and empty ones do not count.
pub(super) fn list<T>(text: &str, item: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(item).collect()
}

pub(super) fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| "an IP address, such as 127.0.0.1, 0.0.0.0 or ::".into()),
    }
}

pub(super) fn api_version(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('v').unwrap_or_default();
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| text.to_owned()).ok_or_else(|| "v and digits, such as v1".into())
}

pub(super) fn allowed_origins(text: &str) -> Result<AllowedOrigins, String> {
    if text.trim() == "*" {
        return Ok(AllowedOrigins::Any);
    }
    list(text, origin).map(AllowedOrigins::Listed)
}

/// Scheme, host and port, as browsers send them in `Origin`: lower case, without a path.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let allowed = || "* alone, or origins such as https://app.example.com, comma separated, without a path".to_owned();
    let origin = text.to_ascii_lowercase();
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")).ok_or_else(allowed)?;
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let host_is_valid = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    };
    let valid = host_is_valid && port.is_none_or(|port| port.parse::<u16>().is_ok());
    valid.then_some(origin).ok_or_else(allowed)
}

pub(super) fn networks(text: &str) -> Result<Vec<Network>, String> {
    let allowed = |_| "IP addresses and CIDR blocks, such as 10.0.0.0/8, comma separated".into();
    list(text, |part| part.parse().map_err(allowed))
}

pub(super) fn email(text: &str) -> Result<Email, String> {
    text.parse().map(Email::into_lower_case).map_err(|_| "an e-mail address".into())
}

pub(super) fn log_level(text: &str) -> Result<LogLevel, String> {
    text.parse().map_err(|allowed: super::InvalidLogLevel| allowed.to_string())
}

/// What may stand behind `Bearer` in a header (RFC 6750 §2.1).
pub(super) fn bearer_token(text: &str) -> Result<Secret, String> {
    let valid = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    valid.then(|| Secret::new(text)).ok_or_else(|| "letters, digits and -._~+/= (RFC 6750)".into())
}

pub(super) fn name_prefix(text: &str) -> Result<String, String> {
    let valid = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    valid.then(|| text.to_owned()).ok_or_else(|| "1 to 64 letters, digits, dots, underscores and hyphens".into())
}

/// A URL with one of these schemes, which may hold a password.
pub(super) fn url(schemes: &'static [&'static str]) -> impl Fn(&str) -> Result<Secret, String> {
    move |text| {
        let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme)?.strip_prefix("://"));
        let told = || schemes.iter().map(|scheme| format!("{scheme}://…")).collect::<Vec<_>>().join(" or ");
        let valid = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
        valid.then(|| Secret::new(text)).ok_or_else(|| format!("a URL: {}", told()))
    }
}

/// The same, one or several, comma separated.
pub(super) fn urls(schemes: &'static [&'static str]) -> impl Fn(&str) -> Result<Secret, String> {
    move |text| {
        let urls = list(text, url(schemes))?;
        (!urls.is_empty()).then(|| Secret::new(text)).ok_or_else(|| "at least one URL".into())
    }
}
