//! How the MongoDB store is run.

use std::fmt;
use std::time::Duration;

use crate::model::document::Collection;

/// How the MongoDB store is run.
#[derive(Clone)]
pub struct MongoOptions {
    /// Where the server is: a connection string. Its database is used, `clientele` where it names none. It may hold a
    /// password and is told to nobody.
    pub uri: String,
    /// All collections that are kept in it.
    pub collections: &'static [&'static Collection],
    /// Connections to the server at most, unless the connection string says otherwise: 1 or more.
    pub pool_size: u32,
    /// Calls that may wait for a connection; one more is refused as [`StoreError::Overloaded`](crate::store::StoreError::Overloaded).
    pub waiting: usize,
    /// How long a call may take before it is answered with [`StoreError::TimedOut`](crate::store::StoreError::TimedOut);
    /// less if it is made for a message with a nearer deadline.
    pub patience: Duration,
}

impl MongoOptions {
    /// The usual: ten connections, 1,024 places to wait for one, and four seconds.
    pub fn new(uri: impl Into<String>, collections: &'static [&'static Collection]) -> Self {
        Self { uri: uri.into(), collections, pool_size: 10, waiting: 1_024, patience: Duration::from_secs(4) }
    }
}

impl fmt::Debug for MongoOptions {
    /// All but the connection string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoOptions")
            .field("collections", &self.collections)
            .field("pool_size", &self.pool_size)
            .field("waiting", &self.waiting)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
