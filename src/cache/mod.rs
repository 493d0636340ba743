//! The cache port: documents close at hand, never older than the last answered write.
//!
//! One suite (`tests/ports/cache.rs`) says what a backend owes; one that passes it is done.

mod epochs;
mod flights;
pub mod memory;
pub mod redis;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::model::document::Document;
use crate::model::id::ObjectId;

/// Which document: its collection's name and its id.
pub type Key = (&'static str, ObjectId);

/// Why a document could not be loaded; shared by all who waited for it.
pub type LoadError = Arc<dyn Error + Send + Sync>;

/// What a load finds: the document, or that there is none.
pub type Loaded = Result<Option<Document>, LoadError>;

/// Loads a document from where it is kept. It reads what was committed before it was called.
pub type Load<'a> = &'a (dyn Fn() -> BoxFuture<'static, Loaded> + Send + Sync);

/// Keeps documents that were loaded, until they are forgotten, grow old or make room for others.
///
/// Whoever changes a document [forgets](Self::forget) it after the commit and before answering. From then on no call that
/// begins later returns what was loaded before: neither by a load that was running meanwhile, nor by joining one. On other
/// nodes that holds for the work that begins later.
/// So a client that was told of a change never reads an older version.
#[async_trait]
pub trait Cache: Send + Sync + fmt::Debug {
    /// The document, if it is here, fresh, and can be had without waiting. Allocates nothing. Where others change documents
    /// too, it is here only if their changes were heard of since the [work](crate::actors::supervision::work_began) began.
    fn peek(&self, key: Key) -> Option<Document>;

    /// The document as it was when this process last heard of changes: what others have changed since, it may not know of yet.
    /// Good for a first guess alone. The same as [`peek`](Self::peek) where no others change anything.
    fn glance(&self, key: Key) -> Option<Document> {
        self.peek(key)
    }

    /// The document from here, or else by `load`. However many ask for the same one meanwhile, it is loaded once.
    ///
    /// That a document is absent is not remembered. One that is past its fresh time is loaded anew; if that fails, it
    /// is served as it is for a bounded time longer.
    ///
    /// # Errors
    /// What the load failed with, if there is nothing to serve instead.
    async fn get_or_load(&self, key: Key, load: Load<'_>) -> Loaded;

    /// Forgets documents because they were changed.
    async fn forget(&self, keys: &[Key]);

    /// What it has done so far.
    fn stats(&self) -> CacheStats;

    /// Whether what it depends on could be reached of late. If not, it is passed by: everything is loaded.
    fn is_up(&self) -> bool {
        true
    }

    /// What it is, for people: `memory` or `redis`.
    fn name(&self) -> &'static str;
}

/// What a cache has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Reads that were served at once.
    pub hits: u64,
    /// Reads that had to wait for a load.
    pub misses: u64,
    /// Loads that were begun: fewer than misses where reads shared one.
    pub loads: u64,
    /// Reads that were served what was past its fresh time because the load failed.
    pub stale: u64,
    /// Documents that made room for others.
    pub evictions: u64,
    /// Documents that are kept now, about.
    pub entries: u64,
    /// What they weigh together, in bytes, about.
    pub bytes: u64,
}
