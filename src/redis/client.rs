//! The driver: one server or a cluster.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionInfo, ErrorKind, FromRedisValue, IntoConnectionInfo, RedisError,
    ServerErrorKind, TlsCertificates, cmd,
};

use super::link::LinkError;
use super::options::{InvalidRedisUrl, RedisOptions, nodes};
use super::script::Script;

/// Makes connections. None of them heals by itself: whoever lost one does not know what was missed.
pub(super) enum Client {
    Single(Box<redis::Client>),
    Cluster(Box<ClusterClient>),
}

/// A connection that many share.
#[derive(Clone)]
pub(super) enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Client {
    pub(super) fn new(options: &RedisOptions) -> Result<Self, InvalidRedisUrl> {
        let (nodes, is_cluster) = nodes(&options.url)?;
        let nodes = nodes.iter().map(|node| connection_info(node, options)).collect::<Result<Vec<_>, _>>()?;
        let certificates = options
            .root_certificate
            .clone()
            .map(|certificate| TlsCertificates { client_tls: None, root_cert: Some(certificate) });
        if is_cluster {
            return cluster(nodes, certificates, options.patience).map(|client| Self::Cluster(Box::new(client)));
        }
        let node = nodes.into_iter().next().ok_or(InvalidRedisUrl::Malformed)?;
        let client = match certificates {
            Some(certificates) => {
                redis::Client::build_with_tls(node, certificates).map_err(|_| InvalidRedisUrl::Certificate)
            }
            None => redis::Client::open(node).map_err(|_| InvalidRedisUrl::Malformed),
        };
        client.map(|client| Self::Single(Box::new(client)))
    }

    /// A new connection, for whose work a task is spawned here.
    pub(super) async fn connect(&self, patience: Duration) -> Result<Connection, LinkError> {
        let connect = async {
            match self {
                Self::Single(client) => {
                    // Calls have a limit of their own.
                    let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
                    client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::Single)
                }
                Self::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
            }
        };
        within(patience, connect).await
    }
}

fn connection_info(node: &str, options: &RedisOptions) -> Result<ConnectionInfo, InvalidRedisUrl> {
    let info = node.into_connection_info().map_err(|_| InvalidRedisUrl::Malformed)?;
    let settings = info.redis_settings().clone();
    Ok(match &options.password {
        Some(password) if settings.password().is_none() => info.set_redis_settings(settings.set_password(password)),
        _ => info,
    })
}

fn cluster(
    nodes: Vec<ConnectionInfo>,
    certificates: Option<TlsCertificates>,
    patience: Duration,
) -> Result<ClusterClient, InvalidRedisUrl> {
    let builder = ClusterClientBuilder::new(nodes).connection_timeout(patience).response_timeout(patience);
    // One retry, which is what a slot that has moved needs.
    let builder = builder.retries(1).min_retry_wait(1).max_retry_wait(10);
    match certificates {
        Some(certificates) => builder.certs(certificates).build().map_err(|_| InvalidRedisUrl::Certificate),
        None => builder.build().map_err(|_| InvalidRedisUrl::Malformed),
    }
}

impl Connection {
    /// Runs a script.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&str],
        args: &[&str],
        patience: Duration,
    ) -> Result<T, LinkError> {
        let run = async {
            match self.send(&script.by_hash(keys, args)).await {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    self.send(&script.in_full(keys, args)).await
                }
                answer => answer,
            }
        };
        within(patience, run).await
    }

    /// Appends an entry to a log, and answers its place.
    pub(super) async fn append(&self, entry: &Entry<'_>, patience: Duration) -> Result<String, LinkError> {
        let mut append = cmd("XADD");
        append.arg(entry.log).arg("MAXLEN").arg("~").arg(entry.most).arg("*");
        append.arg("node").arg(entry.node).arg("changed").arg(entry.changed);
        within(patience, self.send(&append)).await
    }

    async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let value = match self.clone() {
            Self::Single(mut connection) => connection.req_packed_command(command).await,
            Self::Cluster(mut connection) => connection.req_packed_command(command).await,
        };
        Ok(T::from_redis_value(value?.extract_error()?)?)
    }
}

/// An entry for a log of at most `most` entries, about.
pub(super) struct Entry<'a> {
    pub(super) log: &'a str,
    pub(super) most: usize,
    pub(super) node: &'a str,
    pub(super) changed: &'a str,
}

async fn within<T>(patience: Duration, call: impl Future<Output = Result<T, RedisError>>) -> Result<T, LinkError> {
    match tokio::time::timeout(patience, call).await {
        Ok(answer) => answer.map_err(LinkError::failed),
        Err(_) => Err(LinkError::TimedOut),
    }
}
