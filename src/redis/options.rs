//! Where Redis is, and how long it is waited for.

use std::fmt;
use std::time::Duration;

/// How a [`RedisLink`](super::RedisLink) reaches Redis.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://host:port/db`, `rediss://…` with TLS; a cluster as `redis+cluster://…`, `rediss+cluster://…`, or as some of
    /// its nodes, separated by commas.
    pub url: String,
    /// The password, where the URL has none.
    pub password: Option<String>,
    /// What all keys begin with, so that several systems may share a Redis.
    pub key_prefix: String,
    /// The certificate that a server's must be signed by (PEM), instead of those that the machine trusts.
    pub root_certificate: Option<Vec<u8>>,
    /// How long to wait for a connection, and for an answer.
    pub patience: Duration,
    /// How often an idle link asks whether Redis is still there.
    pub heartbeat: Duration,
    /// How many entries the log of changes keeps, about. Who falls further behind begins with an empty cache.
    pub log_entries: usize,
}

impl RedisOptions {
    /// Redis at this URL, with a prefix of `clientele`, a patience of 250 ms, a heartbeat a second, a log of 10,000 entries.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            password: None,
            key_prefix: "clientele".to_owned(),
            root_certificate: None,
            patience: Duration::from_millis(250),
            heartbeat: Duration::from_secs(1),
            log_entries: 10_000,
        }
    }

    /// A key. All have one hash tag: a script may use any of them together in a cluster.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.key_prefix)
    }
}

impl fmt::Debug for RedisOptions {
    /// Leaves the password out, and the URL, which may hold one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("key_prefix", &self.key_prefix)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// The URL, or the certificate beside it, is of no use. Tells neither: they may hold secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// The URL does not read as one.
    #[error(
        "is not a Redis URL: redis://, rediss://, redis+cluster://, rediss+cluster://, or several with commas between"
    )]
    Malformed,
    /// The root certificate does not read as one.
    #[error("the root certificate is not in PEM format, or it is used without TLS (rediss://)")]
    Certificate,
}

/// The nodes that a URL names, and whether they are a cluster.
pub(super) fn nodes(url: &str) -> Result<(Vec<String>, bool), InvalidRedisUrl> {
    let node = |node: &str| {
        let (scheme, rest) = node.trim().split_once("://").ok_or(InvalidRedisUrl::Malformed)?;
        match scheme {
            "redis" | "redis+cluster" => Ok(format!("redis://{rest}")),
            "rediss" | "rediss+cluster" => Ok(format!("rediss://{rest}")),
            _ => Err(InvalidRedisUrl::Malformed),
        }
    };
    let nodes = url.split(',').map(node).collect::<Result<Vec<_>, _>>()?;
    let is_cluster = nodes.len() > 1 || url.trim().starts_with("redis+") || url.trim().starts_with("rediss+");
    Ok((nodes, is_cluster))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_url_is_a_server_and_several_are_a_cluster() {
        assert_eq!(nodes("redis://a:1/2"), Ok((vec!["redis://a:1/2".to_owned()], false)));
        assert_eq!(nodes("rediss+cluster://a:1"), Ok((vec!["rediss://a:1".to_owned()], true)));
        let several = vec!["redis://a:1".to_owned(), "redis://b:2".to_owned()];
        assert_eq!(nodes("redis://a:1, redis://b:2"), Ok((several, true)));
        assert_eq!(nodes("http://a"), Err(InvalidRedisUrl::Malformed));
        assert_eq!(nodes("a:6379"), Err(InvalidRedisUrl::Malformed));
    }

    #[test]
    fn no_secret_is_told() {
        let mut options = RedisOptions::at("redis://:hunter2@host");
        options.password = Some("hunter3".to_owned());
        assert!(!format!("{options:?}").contains("hunter"));
    }
}
