//! A running node, asked over HTTP.

use std::io;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cli::client::client;
use crate::config::Secret;

use super::credentials::Credentials;
use super::node::{Health, Snapshot, Tree};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the stream of events may be silent: the node sends something every 15 s.
const SILENCE: Duration = Duration::from_secs(45);

/// How long the end of a session may take that nobody waits for.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a node could not be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum NodeError {
    /// Nobody answers there, or not in time.
    #[error("no answer from {url}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It answers that it will not.
    #[error("{what} is refused: {status} {detail} ({url})")]
    Refused {
        /// Where it was asked for.
        url: String,
        /// What was asked for.
        what: &'static str,
        /// The HTTP status.
        status: u16,
        /// What the node says of it.
        detail: String,
    },
    /// It answers what this program does not understand.
    #[error("{what} cannot be read: {url} is no node, or one of another version")]
    Unreadable {
        /// Where it was asked for.
        url: String,
        /// What was asked for.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: reqwest::Error,
    },
    /// It wants to know who asks.
    #[error("who are you to the node? Tell it with --email, --token-file or CLIENTELE_TOKEN")]
    Anonymous,
    /// The token is gone.
    #[error("the file with the token cannot be read")]
    TokenFile(#[source] io::Error),
}

impl NodeError {
    /// Whether it is of no use to ask again: the operator may not, or the node knows of no such thing.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Refused { status: 403 | 404, .. })
    }
}

/// A running node.
pub(super) struct NodeClient {
    url: String,
    http: Client,
    streams: Client,
    credentials: Mutex<Credentials>,
}

impl NodeClient {
    /// A client of the node at this URL. Nothing is asked yet.
    ///
    /// # Errors
    /// The machine has no certificates, and `https` needs them.
    pub(super) fn new(url: String, credentials: Credentials) -> reqwest::Result<Self> {
        let (http, streams) = (client(&url, PATIENCE)?, client(&url, SILENCE)?);
        Ok(Self { url, http, streams, credentials: Mutex::new(credentials) })
    }

    /// `http://localhost:4000`
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Looks at everything.
    ///
    /// # Errors
    /// [`NodeError`]
    pub(super) fn snapshot(&self) -> Result<Snapshot, NodeError> {
        let tree: Tree =
            read("the tree of actors", self.ask("the tree of actors", || self.http.get(self.at("/ops/actors")))?)?;
        let taken = Instant::now();
        let health: Health = read("the health", answered(self.http.get(self.at("/health")).send())?)?;
        Ok(Snapshot { taken, health, unready: self.unready()?, actors: tree.actors })
    }

    /// What keeps the node from being ready.
    fn unready(&self) -> Result<Vec<String>, NodeError> {
        #[derive(Deserialize)]
        struct Readiness {
            #[serde(default)]
            unready: Vec<String>,
        }
        let answer = answered(self.http.get(self.at("/health/ready")).send())?;
        Ok(read::<Readiness>("the readiness", answer)?.unready)
    }

    /// Has an actor made anew; answers how many replicas are.
    ///
    /// # Errors
    /// [`NodeError`]
    pub(super) fn restart(&self, name: &str) -> Result<u64, NodeError> {
        #[derive(Deserialize)]
        struct Restarted {
            restarted: u64,
        }
        let url = self.at(&format!("/ops/actors/{name}/restart"));
        let answer = self.ask("the restart", || self.http.post(&url))?;
        read::<Restarted>("the restart", answer).map(|answer| answer.restarted)
    }

    /// The stream of what happens, from the event after this one on.
    ///
    /// # Errors
    /// [`NodeError`]
    pub(super) fn events(&self, after: Option<u64>) -> Result<Response, NodeError> {
        self.ask("the stream of events", || {
            let request = self.streams.get(self.at("/ops/events")).header("Accept", "text/event-stream");
            match after {
                Some(sequence) => request.header("Last-Event-ID", sequence),
                None => request,
            }
        })
    }

    /// Ends the session, if one was begun. Does not wait for whoever is asking just now.
    pub(super) fn sign_out(&self) {
        if let (Some(mut credentials), Ok(http)) = (self.credentials.try_lock(), client(&self.url, FAREWELL)) {
            credentials.sign_out(&http);
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Asks as the operator; once more if the token was refused and another one can be had.
    fn ask(&self, what: &'static str, request: impl Fn() -> RequestBuilder) -> Result<Response, NodeError> {
        let token = self.token()?;
        let mut answer = answered(request().bearer_auth(token.expose()).send())?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.credentials.lock().renew(&self.http, Some(&token))? {
            answer = answered(request().bearer_auth(self.token()?.expose()).send())?;
        }
        if answer.status().is_success() { Ok(answer) } else { Err(refused(what, answer)) }
    }

    /// The token to ask with. An account signs in for its first one.
    fn token(&self) -> Result<Secret, NodeError> {
        let mut credentials = self.credentials.lock();
        if credentials.token().is_none() {
            credentials.renew(&self.http, None)?;
        }
        credentials.token().cloned().ok_or(NodeError::Anonymous)
    }
}

/// The answer to a request, if there is one.
pub(super) fn answered(answer: reqwest::Result<Response>) -> Result<Response, NodeError> {
    answer.map_err(|error| NodeError::Unreachable {
        url: error.url().map_or_else(|| "the node".to_owned(), Url::to_string),
        source: error.without_url(),
    })
}

/// The node's own words, if the answer is a problem (RFC 9457).
pub(super) fn refused(what: &'static str, answer: Response) -> NodeError {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Problem {
        title: String,
        detail: Option<String>,
    }
    let (url, status) = (answer.url().to_string(), answer.status().as_u16());
    let problem: Problem = answer.json().unwrap_or_default();
    NodeError::Refused { url, what, status, detail: problem.detail.unwrap_or(problem.title) }
}

pub(super) fn read<T: DeserializeOwned>(what: &'static str, answer: Response) -> Result<T, NodeError> {
    let url = answer.url().to_string();
    answer.json().map_err(|source| NodeError::Unreadable { url, what, source: source.without_url() })
}
