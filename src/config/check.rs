//! Rules that take more than one setting: what production refuses, and what only one node may do without.

use super::error::Problem;
use super::reader::Reader;
use super::secret::Secret;
use super::{AppEnv, Settings};

/// Below this an HS256 key is weaker than its digest (RFC 7518 §3.2).
const SHORTEST_TOKEN_SECRET_BYTES: usize = 32;

/// Parts of secrets that came out of a README or an example, in lower-case letters and digits alone.
/// By chance one occurs in a random secret of 43 characters less than once in 10^10.
const SAMPLES: [&str; 10] = [
    "yoursecret",
    "yourrefreshsecret",
    "yourjwtsecret",
    "yourjwtrefreshsecret",
    "yoursupersecret",
    "your256bitsecret",
    "changeme",
    "changethis",
    "replaceme",
    "supersecret",
];

pub(super) fn check(settings: &Settings, reader: &mut Reader) {
    check_token_secrets(settings, reader);
    check_backends(settings, reader);
    if let (Some(node_env), Some(app_env)) = (reader.given("NODE_ENV"), reader.given("APP_ENV")) {
        let (node_env, app_env) = (node_env.text.clone(), app_env.text.clone());
        if node_env != app_env && reader.origin("NODE_ENV") != super::Origin::Default {
            reader.warn(format!("APP_ENV is {app_env} and NODE_ENV is {node_env}: APP_ENV counts"));
        }
    }
}

fn check_token_secrets(settings: &Settings, reader: &mut Reader) {
    let secrets = [("JWT_SECRET", &settings.jwt_secret), ("JWT_REFRESH_SECRET", &settings.jwt_refresh_secret)];
    let mut objections: Vec<(&str, &str)> = Vec::new();
    for (name, secret) in secrets {
        match secret {
            Some(secret) => objections.extend(objection(secret).map(|wanted| (name, wanted))),
            None if settings.app_env == AppEnv::Production => {
                reader.refuse(Problem::missing(name, "a random secret of at least 32 bytes: openssl rand -base64 48"));
            }
            None => {}
        }
    }
    if settings.jwt_secret.is_some() && settings.jwt_secret == settings.jwt_refresh_secret {
        objections.push(("JWT_REFRESH_SECRET", "another secret than JWT_SECRET"));
    }
    for (name, wanted) in objections {
        match settings.app_env {
            AppEnv::Production => reader.refuse(Problem::masked(name, reader.origin(name), wanted)),
            AppEnv::Development => reader.warn(format!("production would refuse this {name}: it wants {wanted}")),
        }
    }
}

/// What a secret would have to be instead, if it is too weak to sign tokens with.
fn objection(secret: &Secret) -> Option<&'static str> {
    let letters = secret.expose().chars().filter(char::is_ascii_alphanumeric);
    let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    if SAMPLES.iter().any(|sample| letters.contains(sample)) {
        return Some("a secret of your own, not a sample: openssl rand -base64 48");
    }
    (secret.len_bytes() < SHORTEST_TOKEN_SECRET_BYTES).then_some("at least 32 bytes: openssl rand -base64 48")
}

/// What works with one node and would surprise with two.
fn check_backends(settings: &Settings, reader: &mut Reader) {
    if settings.mongodb_uri.is_none() {
        return;
    }
    if settings.redis_url.is_none() {
        reader.warn(
            "MONGODB_URI without REDIS_URL is for one node alone: others would not hear of its changes in time, and each \
             would count its own limits"
                .to_owned(),
        );
    }
    if settings.jwt_secret.is_none() || settings.jwt_refresh_secret.is_none() {
        reader.warn(
            "MONGODB_URI without JWT_SECRET and JWT_REFRESH_SECRET is for one node alone: each would make secrets of \
             its own, and take no tokens of others"
                .to_owned(),
        );
    }
}
