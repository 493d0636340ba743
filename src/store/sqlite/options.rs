//! How the embedded store is run.

use std::time::Duration;

use crate::model::document::Collection;

/// How the embedded store is run.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// All collections that are kept in it.
    pub collections: &'static [&'static Collection],
    /// Threads that read, each with its own connection: 1 or more.
    pub readers: usize,
    /// Reads that may wait for a thread; one more is refused as unreachable.
    pub read_queue: usize,
    /// Commits that may wait for the writer; one more is refused as unreachable.
    pub commit_queue: usize,
    /// How long a thread may be at one job before it counts as stalled.
    pub stall: Duration,
    /// How long a call may take before it is answered with [`StoreError::TimedOut`](crate::store::StoreError::TimedOut).
    pub patience: Duration,
    /// What an answered commit survives.
    pub durability: Durability,
}

impl SqliteOptions {
    /// The usual: two readers, 1,024 places in each queue, ten seconds, 30 until a thread counts as
    /// stalled, and commits that survive a loss of power.
    pub const fn new(collections: &'static [&'static Collection]) -> Self {
        Self {
            collections,
            readers: 2,
            read_queue: 1_024,
            commit_queue: 1_024,
            stall: Duration::from_secs(30),
            patience: Duration::from_secs(10),
            durability: Durability::PowerLoss,
        }
    }
}

/// What an answered commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power: each group of commits is flushed to the medium before it is answered.
    PowerLoss,
    /// The end of the process, but not of the machine. For tests.
    Kill,
}
