//! The store of many nodes: a MongoDB replica set.
//!
//! - A document is stored as its text, exactly as it was written, and beside it the fields that its collection's indexes are
//!   over. These are derived from the text whenever it is written, never read back.
//! - Every answered commit is in the journals of most nodes, and every read is of what most nodes have: what one node of ours
//!   was answered, each of the others sees, and no change of the primary takes it away.
//! - Every write is on condition of the document's version, so that no retry does a thing twice.
//! - Every call has a time limit, and no more calls wait than [`MongoOptions::waiting`] says.

mod commit;
mod connection;
mod documents;
mod error;
mod filter;
mod layout;
mod migrate;
mod options;
mod outcome;
mod plan;
#[cfg(test)]
mod plans;
mod reader;
mod room;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mongodb::Database;
use mongodb::bson::doc;

pub use self::migrate::SCHEMA_VERSION;
pub use self::options::MongoOptions;

use self::commit::Commit;
use self::error::reading;
use self::layout::Layouts;
use self::migrate::Migrator;
use self::reader::Reader;
use self::room::Room;
use super::{CommitError, Filter, MigrateError, Migration, Query, Store, StoreError, StoreStats, Value, Write};
use crate::actors::supervision::Deadline;
use crate::model::document::{Collection, Document};
use crate::model::id::ObjectId;

/// How long a migration may take: new indexes read every document.
const MIGRATION_PATIENCE: Duration = Duration::from_secs(3_600);

/// The store in a MongoDB replica set.
pub struct MongoStore {
    database: Database,
    layouts: Arc<Layouts>,
    options: MongoOptions,
    room: Room,
}

impl MongoStore {
    /// Connects to the server. Its connections live on the runtime that this is called on, which must outlive the store.
    /// Call [`migrate`](Store::migrate) before anything else.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] if no primary answers, or if what answers is no replica set: the cause then says how to
    /// make one of a single server. [`StoreError::TimedOut`] if it does not answer within the options' patience.
    pub async fn connect(options: MongoOptions) -> Result<Self, StoreError> {
        let database = connection::connect(&options).await?;
        let layouts = Arc::new(layout::layouts(options.collections));
        let room = Room::new(options.pool_size, options.waiting);
        Ok(Self { database, layouts, options, room })
    }

    /// How the server would answer a list: its plan, as it tells it.
    ///
    /// # Errors
    /// As [`find`](Store::find).
    pub async fn explain(&self, query: &Query) -> Result<String, StoreError> {
        self.read(self.reader().explain(query)).await
    }

    /// When a call that begins now is given up: as far as patience goes, but not beyond the end of what it is made for.
    fn deadline(&self) -> Deadline {
        Deadline::within(self.options.patience).capped()
    }

    fn reader(&self) -> Reader<'_> {
        Reader { database: &self.database, layouts: &self.layouts }
    }

    async fn read<T>(&self, read: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let _place = self.room.enter()?;
        let read = tokio::time::timeout_at(self.deadline().instant(), read).await;
        read.map_err(|_| StoreError::TimedOut)?
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore").field("database", &self.database.name()).field("options", &self.options).finish()
    }
}

#[async_trait]
impl Store for MongoStore {
    fn has_room(&self) -> Result<(), StoreError> {
        self.room.check()
    }

    async fn get(&self, collection: &'static Collection, id: ObjectId) -> Result<Option<Document>, StoreError> {
        self.read(self.reader().get(collection, id)).await
    }

    async fn get_many(&self, collection: &'static Collection, ids: Vec<ObjectId>) -> Result<Vec<Document>, StoreError> {
        self.read(self.reader().get_many(collection, &ids)).await
    }

    async fn find(&self, query: Query) -> Result<Vec<Document>, StoreError> {
        self.read(self.reader().find(&query)).await
    }

    async fn count(&self, collection: &'static Collection, filters: Vec<Filter>) -> Result<u64, StoreError> {
        self.read(self.reader().count(collection, &filters)).await
    }

    async fn group_by(
        &self,
        collection: &'static Collection,
        filters: Vec<Filter>,
        field: &'static str,
        limit: usize,
    ) -> Result<Vec<(Value, u64)>, StoreError> {
        self.read(self.reader().group_by(collection, &filters, field, limit)).await
    }

    async fn histogram(
        &self,
        collection: &'static Collection,
        filters: Vec<Filter>,
        field: &'static str,
        edges: Vec<i64>,
    ) -> Result<Vec<u64>, StoreError> {
        self.read(self.reader().histogram(collection, &filters, field, &edges)).await
    }

    /// Dropping the future takes the writes back, unless all of them have already reached the server.
    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        if writes.is_empty() {
            return Ok(());
        }
        let commit = Commit {
            database: self.database.clone(),
            layouts: Arc::clone(&self.layouts),
            writes: writes.into(),
            _place: self.room.enter()?,
        };
        let done = tokio::time::timeout_at(self.deadline().instant(), commit.run()).await;
        done.map_err(|_| StoreError::TimedOut)?
    }

    async fn migrate(&self) -> Result<Migration, MigrateError> {
        let migrator =
            Migrator { database: &self.database, layouts: &self.layouts, collections: self.options.collections };
        let done = tokio::time::timeout(MIGRATION_PATIENCE, migrator.run()).await;
        done.map_err(|_| StoreError::TimedOut)?
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let ping = async { self.database.run_command(doc! { "ping": 1 }).await.map(drop).map_err(reading) };
        self.read(ping).await
    }

    /// What the driver holds is on this process's heap.
    fn memory_used(&self) -> u64 {
        0
    }

    /// The server knows; its own tools tell.
    fn stats(&self) -> StoreStats {
        StoreStats::default()
    }
}
