//! The store port: documents by collection, changed by all-or-nothing commits.
//!
//! One suite (`tests/ports/store.rs`) says what a backend owes; one that passes it is done.

pub mod measured;
pub mod mongodb;
pub mod query;
pub mod sqlite;
pub mod traced;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::document::{Collection, Document, MalformedDocument, Record};
use crate::model::id::ObjectId;
pub use query::{Filter, Position, Query, Sort, Value};

/// Keeps documents. Every answered commit is durable: it survives a kill and a loss of power.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Whether there is room for the reads of another request. Asked before the first of them, so that what is begun can be
    /// done: were each read refused on its own, an overloaded store would do half of everything.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`].
    fn has_room(&self) -> Result<(), StoreError>;

    /// The document with this id, deleted (`deletedAt`) or not.
    ///
    /// # Errors
    /// [`StoreError`]; never because it is absent.
    async fn get(&self, collection: &'static Collection, id: ObjectId) -> Result<Option<Document>, StoreError>;

    /// The documents with these ids, in the order asked for, absent ones left out. At most 1,000 ids.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn get_many(&self, collection: &'static Collection, ids: Vec<ObjectId>) -> Result<Vec<Document>, StoreError>;

    /// The documents that the query asks for, in its order, at most as many as its limit.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn find(&self, query: Query) -> Result<Vec<Document>, StoreError>;

    /// How many documents pass all filters.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn count(&self, collection: &'static Collection, filters: Vec<Filter>) -> Result<u64, StoreError>;

    /// How many documents that pass all filters there are for each value of `field` (for each of its texts where it is a
    /// multi-value field), the largest counts first, equal ones by value, at most `limit` of them. Documents without the field are not counted.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn group_by(
        &self,
        collection: &'static Collection,
        filters: Vec<Filter>,
        field: &'static str,
        limit: usize,
    ) -> Result<Vec<(Value, u64)>, StoreError>;

    /// How many documents that pass all filters lie in each bucket of the numeric `field`: bucket *i* holds
    /// `edges[i] <= field < edges[i + 1]`. At most 1,000 buckets; the edges rise.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn histogram(
        &self,
        collection: &'static Collection,
        filters: Vec<Filter>,
        field: &'static str,
        edges: Vec<i64>,
    ) -> Result<Vec<u64>, StoreError>;

    /// Applies all the writes, in order, or none of them. When it answers with success they are durable.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] names the first write that the state of the store forbids; nothing was written.
    /// [`CommitError::Store`] otherwise; if the store was lost during the commit, whether it took place is not known.
    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError>;

    /// Brings tables and indexes to this program's version. Idempotent.
    ///
    /// # Errors
    /// [`MigrateError::Newer`] if the store was written by a newer program; nothing was changed.
    async fn migrate(&self) -> Result<Migration, MigrateError>;

    /// Does the smallest possible read: the store is there and answers.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ping(&self) -> Result<(), StoreError>;

    /// Bytes of memory that the store holds in this process outside its allocator's heap, as far as the driver tells.
    fn memory_used(&self) -> u64;

    /// What it has done and holds, as far as it tells.
    fn stats(&self) -> StoreStats;
}

/// What a store has done since it was opened, and what it holds on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Groups of commits that shared one flush to disk.
    pub groups: u64,
    /// Commits in these groups.
    pub grouped_commits: u64,
    /// Bytes of the database.
    pub file_bytes: u64,
    /// Bytes of what was committed and is not yet in the database: its write-ahead log.
    pub log_bytes: u64,
}

/// A change to one document.
#[derive(Clone, Debug)]
pub enum Write {
    /// Adds a document.
    Insert {
        /// Where to.
        collection: &'static Collection,
        /// Its id, which no document there may have.
        id: ObjectId,
        /// Its version, usually 1.
        version: u64,
        /// What is stored.
        document: Document,
    },
    /// Puts another document in the place of the one with this id, if that still has the version expected.
    Replace {
        /// Where.
        collection: &'static Collection,
        /// Whose place.
        id: ObjectId,
        /// The version it must have.
        expected: u64,
        /// The version it gets.
        version: u64,
        /// What is stored.
        document: Document,
    },
    /// Erases a document.
    Delete {
        /// Where.
        collection: &'static Collection,
        /// Which.
        id: ObjectId,
        /// The version it must have; `None`: any, and if it is absent that is no conflict.
        expected: Option<u64>,
    },
}

impl Write {
    /// Adds this record.
    pub fn insert<R: Record>(record: &R) -> Self {
        Self::Insert {
            collection: R::COLLECTION,
            id: record.id(),
            version: record.version(),
            document: Document::of(record),
        }
    }

    /// Puts this record in the place of the one that had version `expected`.
    pub fn replace<R: Record>(record: &R, expected: u64) -> Self {
        Self::Replace {
            collection: R::COLLECTION,
            id: record.id(),
            expected,
            version: record.version(),
            document: Document::of(record),
        }
    }

    /// Erases this record, if it was not changed since it was read.
    pub fn delete<R: Record>(record: &R) -> Self {
        Self::Delete { collection: R::COLLECTION, id: record.id(), expected: Some(record.version()) }
    }

    /// Which document it changes.
    pub fn target(&self) -> (&'static Collection, ObjectId) {
        match self {
            Self::Insert { collection, id, .. }
            | Self::Replace { collection, id, .. }
            | Self::Delete { collection, id, .. } => (collection, *id),
        }
    }
}

/// A store could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or is locked by another process.
    #[error("the store is out of reach")]
    Unreachable(#[source] Cause),
    /// It has no free place in its queue; nothing was done.
    #[error("the store is overloaded, retry in {retry_after:?}")]
    Overloaded {
        /// When the backlog will have been worked off.
        retry_after: Duration,
    },
    /// What worked on it in this process panicked. A commit was rolled back, unless it was just complete.
    #[error("the store broke off")]
    Crashed(#[source] Cause),
    /// It did not answer in time.
    #[error("the store did not answer in time")]
    TimedOut,
    /// It refused a read.
    #[error("the store could not run a query")]
    Query(#[source] Cause),
    /// It could not complete a commit: a full disk, for one.
    #[error("the store could not complete a commit")]
    Transaction(#[source] Cause),
    /// What it holds cannot be read: it is damaged, or is not ours.
    #[error("the store holds what cannot be read")]
    Corrupt(#[source] Cause),
}

/// A driver's error, kept for the log; it is never told to a client.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

impl From<MalformedDocument> for StoreError {
    fn from(source: MalformedDocument) -> Self {
        Self::Corrupt(Arc::new(source))
    }
}

/// A query that would have to read a whole collection: its model must declare an index.
#[derive(Debug, thiserror::Error)]
#[error("no index of {collection} serves this query")]
struct NoIndex {
    collection: &'static str,
}

impl From<NoIndex> for StoreError {
    fn from(error: NoIndex) -> Self {
        Self::Query(Arc::new(error))
    }
}

/// Why nothing was committed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The state of the store forbids it.
    #[error("write {index} conflicts: {conflict:?}")]
    Conflict {
        /// Which of the writes.
        index: usize,
        /// What stands against it.
        conflict: Conflict,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What stands against a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Another live document has the same value in this uniquely indexed field, or, if it is `"id"`, any document has the
    /// same id. Where both are so, it is `"id"`.
    Duplicate(&'static str),
    /// The document has another version than the one expected.
    Version,
    /// There is no such document.
    Missing,
}

/// What a migration found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The schema version that was found; 0: an empty store.
    pub from: u32,
    /// The schema version it has now.
    pub to: u32,
}

/// Why a store was not migrated.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MigrateError {
    /// It belongs to a newer program, which this one must not touch.
    #[error("the store has schema version {found}, this program knows {known}: start the newer program")]
    Newer {
        /// The store's schema version.
        found: u32,
        /// The newest one this program knows.
        known: u32,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
