//! How a connection comes about: in a bounded time, and one at a time.

use std::sync::Arc;
use std::time::Duration;

use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, Error};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::broker::BrokerError;

/// How often each side says that it is there; after two of these without a sign the other is taken for lost.
const HEARTBEAT_SECONDS: u16 = 5;

/// After how long an attempt is given up for another. Until then those who want a connection wait for the one attempt,
/// so that a server that takes connections and never answers is not flooded with them.
const ATTEMPT_TIME: Duration = Duration::from_secs(10);

/// Makes connections.
pub(super) struct Connector {
    uri: AMQPUri,
    name: &'static str,
    patience: Duration,
    attempt: Mutex<Option<Attempt>>,
}

/// An attempt that nobody has seen the end of.
struct Attempt {
    connecting: JoinHandle<Result<Connection, Error>>,
    until: Instant,
}

impl Connector {
    /// For connections to `uri` that call themselves `name`; each caller waits for `patience`.
    pub(super) fn new(mut uri: AMQPUri, name: &'static str, patience: Duration) -> Self {
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Self { uri, name, patience, attempt: Mutex::default() }
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<Connection, BrokerError> {
        let deadline = Instant::now() + self.patience;
        let mut attempt = timeout_at(deadline, self.attempt.lock()).await.map_err(|_| BrokerError::TimedOut)?;
        if let Some(stale) = attempt.take_if(|attempt| attempt.until <= Instant::now()) {
            stale.connecting.abort();
        }
        // Stays there while it is waited for: who gives up leaves it to the next.
        let current = attempt.get_or_insert_with(|| self.begin());
        let ended = timeout_at(deadline, &mut current.connecting).await.map_err(|_| BrokerError::TimedOut)?;
        *attempt = None;
        ended.map_err(|broken| BrokerError::Unreachable(Arc::new(broken)))?.map_err(unreachable)
    }

    fn begin(&self) -> Attempt {
        let properties = ConnectionProperties::default().with_connection_name(self.name.into());
        let connecting = tokio::spawn(Connection::connect_uri(self.uri.clone(), properties));
        Attempt { connecting, until: Instant::now() + ATTEMPT_TIME }
    }
}

/// Does it within `patience`.
pub(super) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, BrokerError> {
    timeout(patience, work).await.map_err(|_| BrokerError::TimedOut)?.map_err(unreachable)
}

/// Whatever the server or the driver says: the next call begins with another connection.
pub(super) fn unreachable(error: Error) -> BrokerError {
    BrokerError::Unreachable(Arc::new(error))
}
