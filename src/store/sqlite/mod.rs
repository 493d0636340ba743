//! The embedded store: SQLite in one file, which many readers and one writer share.
//!
//! Every call is a job of an actix pool: readers with a connection each, and one writer. The writer takes all commits that
//! wait and makes one transaction of them, so that they share one flush to disk.

mod access;
mod compile;
mod connection;
mod error;
mod jobs;
mod migrate;
mod options;
#[cfg(test)]
mod plans;
mod queue;
mod reader;
mod schema;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;

pub use self::migrate::SCHEMA_VERSION;
pub use self::options::{Durability, SqliteOptions};
pub use self::reader::Reader;
pub use self::writer::Writer;

use self::connection::Database;
use self::error::{BrokenOff, refused, writing};
use self::jobs::{Flush, Migrate, Read};
use self::queue::{CommitQueue, Full};
use self::writer::GROUP_MAX;
use super::{CommitError, Filter, MigrateError, Migration, Query, Store, StoreError, StoreStats, Value, Write};
use crate::actors::supervision::{AskError, Deadline, Pool, PoolSpec, StartError};
use crate::model::document::{Collection, Document};
use crate::model::id::ObjectId;

/// With a longer wait there is no room for another request, which makes two or three reads one after the other.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// How long a migration may take: new indexes read every document.
const MIGRATION_PATIENCE: Duration = Duration::from_secs(3_600);

/// The store in an SQLite file.
pub struct SqliteStore {
    database: Database,
    options: SqliteOptions,
    readers: Pool<Reader>,
    writer: Pool<Writer>,
    queue: Arc<CommitQueue>,
}

impl SqliteStore {
    /// Opens the database in the file `path`, which is made if it is absent; its folder must be there. Needs a running actix
    /// system, to which its threads belong, and blocks for a moment. Call [`migrate`](Store::migrate) before anything else.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] if the file cannot be opened, [`StoreError::Corrupt`] if it is no database.
    pub fn open(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        let database = Database::new(path, options.durability);
        database.create().map_err(writing)?;
        let queue = Arc::new(CommitQueue::new(options.commit_queue));
        let readers = Pool::start(
            PoolSpec::new("store-readers")
                .threads(options.readers)
                .queue(options.read_queue)
                .max_wait(LONGEST_WAIT)
                .stall(options.stall),
            {
                let database = database.clone();
                move || Reader::open(database.clone()).map_err(StartError::new)
            },
        );
        // As many places as commits may wait, each of which sends one job, and a few for migrations.
        let writer = Pool::start(
            PoolSpec::new("store-writer").threads(1).queue(options.commit_queue + 8).stall(options.stall),
            {
                let (database, queue) = (database.clone(), Arc::clone(&queue));
                move || Writer::open(database.clone(), Arc::clone(&queue)).map_err(StartError::new)
            },
        );
        Ok(Self { database, options, readers, writer, queue })
    }

    /// The threads that read.
    pub fn readers(&self) -> &Pool<Reader> {
        &self.readers
    }

    /// The thread that writes.
    pub fn writer(&self) -> &Pool<Writer> {
        &self.writer
    }

    /// The queue of commits is full: those that wait are so many groups, each of which takes the writer one job.
    fn overloaded(&self) -> StoreError {
        let groups = u32::try_from(self.options.commit_queue.div_ceil(GROUP_MAX)).unwrap_or(u32::MAX);
        StoreError::Overloaded { retry_after: self.writer.status().run_p99.saturating_mul(groups) }
    }

    /// When a call that begins now is given up: as far as patience goes, but not beyond the end of what it is made for.
    fn deadline(&self) -> Deadline {
        Deadline::within(self.options.patience).capped()
    }

    async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let answer = self.readers.ask(self.deadline(), Read(Box::new(read))).await;
        answer.map_err(refused)?
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("database", &self.database).field("options", &self.options).finish()
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn has_room(&self) -> Result<(), StoreError> {
        self.readers.has_room().map_err(refused)
    }

    async fn get(&self, collection: &'static Collection, id: ObjectId) -> Result<Option<Document>, StoreError> {
        self.read(move |connection| reader::get(connection, collection, id)).await
    }

    async fn get_many(&self, collection: &'static Collection, ids: Vec<ObjectId>) -> Result<Vec<Document>, StoreError> {
        self.read(move |connection| reader::get_many(connection, collection, &ids)).await
    }

    async fn find(&self, query: Query) -> Result<Vec<Document>, StoreError> {
        self.read(move |connection| reader::find(connection, &query)).await
    }

    async fn count(&self, collection: &'static Collection, filters: Vec<Filter>) -> Result<u64, StoreError> {
        self.read(move |connection| reader::count(connection, collection, &filters)).await
    }

    async fn group_by(
        &self,
        collection: &'static Collection,
        filters: Vec<Filter>,
        field: &'static str,
        limit: usize,
    ) -> Result<Vec<(Value, u64)>, StoreError> {
        self.read(move |connection| reader::group_by(connection, collection, &filters, field, limit)).await
    }

    async fn histogram(
        &self,
        collection: &'static Collection,
        filters: Vec<Filter>,
        field: &'static str,
        edges: Vec<i64>,
    ) -> Result<Vec<u64>, StoreError> {
        self.read(move |connection| reader::histogram(connection, collection, &filters, field, &edges)).await
    }

    /// Puts the writes into the queue and waits until the writer has committed the group that they became part of.
    /// Dropping the future takes them back, unless the writer has already taken them up.
    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        let deadline = self.deadline();
        let (ticket, mut answer) = self.queue.push(writes, deadline).map_err(|_: Full| self.overloaded())?;
        loop {
            let flushed = tokio::select! {
                biased;
                answer = &mut answer => return answer.unwrap_or_else(|_| Err(broken_off())),
                flushed = self.writer.ask(deadline, Flush) => flushed,
            };
            match flushed {
                // Others filled that group, or failed it: the commit is answered by now, or still waits.
                Ok(()) | Err(AskError::Crashed { .. }) => {}
                Err(error) if self.queue.withdraw(&ticket) => {
                    return Err(refused(error).into());
                }
                // It is under way and will be answered.
                Err(_) => return answer.await.unwrap_or_else(|_| Err(broken_off())),
            }
        }
    }

    async fn migrate(&self) -> Result<Migration, MigrateError> {
        let deadline = Deadline::within(MIGRATION_PATIENCE);
        let answer = self.writer.ask(deadline, Migrate(self.options.collections)).await;
        answer.map_err(refused)?
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(reader::ping).await
    }

    /// The most that SQLite's page caches hold: for each open connection the bound of its cache, or the size of the database
    /// file if that is less. Prepared statements and SQLite's small buffers (some 100 KiB a connection) are not in it.
    fn memory_used(&self) -> u64 {
        self.database.page_caches_bytes()
    }

    fn stats(&self) -> StoreStats {
        let (groups, grouped_commits) = self.queue.taken();
        let (file_bytes, log_bytes) = self.database.file_and_log_bytes();
        StoreStats { groups, grouped_commits, file_bytes, log_bytes }
    }
}

fn broken_off() -> CommitError {
    StoreError::Crashed(Arc::new(BrokenOff)).into()
}
