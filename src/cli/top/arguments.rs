//! How `clientele top` is called.

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal, Read as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::Url;

use crate::cli::client::reachable;
use crate::config::{Secret, Settings, SettingsError, duration};

use super::credentials::Credentials;
use super::rows::Sort;

/// The version in the path of the API, where the settings do not tell it.
const API_VERSION: &str = "v1";

/// Holds an access token where no flag tells who the operator is.
const TOKEN_VARIABLE: &str = "CLIENTELE_TOKEN";

const ABOUT_OUTPUT: &str = "\
Who you are to the node is proved by --email, by --token-file, or by a token in CLIENTELE_TOKEN; you need the permission
system:read, and system:operate to restart actors.

RATE/S and ERR/S are messages a second, answered or not, and those not answered. P50 is the median of the type of message
that comes most often, P99 the 99th percentile of the slowest one, both since the node started.

--json writes {\"time\", \"node\": {\"url\", \"version\", \"environment\", \"uptimeSeconds\", \"rssMegabytes\", \"ready\",
\"unready\": [name]}, \"actors\": [{\"name\", \"state\", \"ratePerSecond\"?, \"errorsPerSecond\"?, \"p50Ms\"?, \"p99Ms\"?,
\"mailbox\": {\"depth\", \"bound\", \"oldestMs\"}, \"inFlight\", \"restarts\", \"lastFailure\"?: {\"reason\", \"at\", \"time\"},
\"threads\"?: {\"live\", \"expected\"}, \"replicas\": […], \"messages\": [{\"type\", \"count\", \"errors\", …}]}]}; what is marked
with ? is left out where it is not known.

The exit code is 0, 1 if the node cannot be reached or refuses, 2 if the command is wrong.";

#[derive(Debug, Args)]
#[command(after_long_help = ABOUT_OUTPUT)]
pub(in crate::cli) struct TopArgs {
    /// The node; without it the one that the settings describe, such as http://127.0.0.1:4000.
    #[arg(long, value_parser = node_url)]
    url: Option<String>,
    /// An access token. Others on this machine see it: prefer CLIENTELE_TOKEN or --token-file.
    // Not `env`: clap would have a token that is always there conflict with the others.
    #[arg(long, value_parser = token, conflicts_with_all = ["token_file", "email"])]
    token: Option<Secret>,
    /// Read the access token from this file, again whenever it is refused.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Sign in as this account, which asks for the password, and again whenever the session ends.
    #[arg(long, conflicts_with = "token_file")]
    email: Option<String>,
    /// Read the password from standard input instead of asking for it.
    #[arg(long, requires = "email")]
    password_stdin: bool,
    /// How often to look: a number and a unit (ms, s, m, h, d, w), 100ms to 1h.
    #[arg(long, default_value = "1s", value_parser = interval)]
    pub(super) interval: Duration,
    /// Look twice, one interval apart, write what was seen, and end. What a pipe gets anyway.
    #[arg(long)]
    pub(super) once: bool,
    /// Write JSON: a document for each interval, or one with --once.
    #[arg(long)]
    pub(super) json: bool,
    /// What to order by.
    #[arg(long, value_enum, default_value_t)]
    pub(super) sort: Sort,
    /// Show only those with this text in their name, their state or a type of message.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) filter: String,
}

/// A URL of scheme, host and port, which paths can be put behind.
fn node_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let url = url.ok_or("is not a URL such as http://127.0.0.1:4000")?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("takes no credentials, query or fragment".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Visible ASCII; an empty one, as an empty variable has it, is none.
fn token(text: &str) -> Result<Secret, String> {
    let token = text.trim();
    let valid = token.bytes().all(|byte| byte.is_ascii_graphic());
    valid.then(|| Secret::new(token)).ok_or_else(|| "is not a token".to_owned())
}

fn interval(text: &str) -> Result<Duration, String> {
    duration("100ms", "1h")(text).map_err(|allowed| format!("allowed is {allowed}"))
}

impl TopArgs {
    /// Where the node is, and the version of its API.
    pub(super) fn node(
        &self,
        settings: impl FnOnce() -> Result<Settings, SettingsError>,
    ) -> Result<(String, String), SettingsError> {
        if let Some(url) = &self.url {
            return Ok((url.clone(), API_VERSION.to_owned()));
        }
        let settings = settings()?;
        Ok((format!("http://{}", reachable(settings.address())), settings.api_version))
    }

    /// What proves who the operator is to the node at this URL.
    pub(super) fn credentials(&self, url: &str, api_version: &str) -> Result<Credentials, Box<dyn Error>> {
        if let Some(email) = &self.email {
            let password = self.password()?;
            return Ok(Credentials::account(format!("{url}/api/{api_version}"), email.clone(), password));
        }
        if let Some(path) = &self.token_file {
            let file = Credentials::file(path.clone());
            return file.map_err(|error| format!("{}: {error}", path.display()).into());
        }
        let token = match &self.token {
            Some(token) => Some(token.clone()),
            None => env::var(TOKEN_VARIABLE)
                .ok()
                .map(|text| token(&text))
                .transpose()
                .map_err(|fault| format!("{TOKEN_VARIABLE} {fault}"))?,
        };
        let token = token.filter(|token| !token.expose().is_empty());
        Ok(token.map_or(Credentials::Nobody, Credentials::Token))
    }

    fn password(&self) -> Result<Secret, Box<dyn Error>> {
        if self.password_stdin {
            let mut password = String::new();
            io::stdin().read_to_string(&mut password)?;
            return Ok(Secret::new(password.trim_end_matches(['\n', '\r'])));
        }
        if !io::stdin().is_terminal() {
            return Err("no password: give it on standard input with --password-stdin".into());
        }
        Ok(Secret::new(rpassword::prompt_password("Password: ")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_named_by_scheme_host_and_port() {
        assert_eq!(node_url("http://127.0.0.1:4000/").as_deref(), Ok("http://127.0.0.1:4000"));
        assert_eq!(node_url("https://ops.example.com/node1").as_deref(), Ok("https://ops.example.com/node1"));
        for wrong in ["127.0.0.1:4000", "ftp://a", "http://", "http://me:secret@a", "http://a/?b", ""] {
            let refusal = node_url(wrong).unwrap_err();
            assert!(!refusal.contains("secret"), "{refusal}");
        }
    }

    #[test]
    fn a_token_is_one_word_and_never_shown() {
        assert_eq!(format!("{:?}", token(" abc.def \n").unwrap()), "********");
        assert_eq!(["two words", "t\u{f6}ken"].map(|text| token(text).is_err()), [true; 2]);
    }

    #[test]
    fn an_interval_is_neither_too_short_nor_too_long() {
        assert_eq!(interval("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["0s", "2h", "1", "soon"] {
            assert!(interval(wrong).unwrap_err().contains("100ms to 1h"), "{wrong}");
        }
    }
}
