//! The cache of one node among many: documents in its own memory, kept coherent by the log of changes in Redis.
//!
//! Invariant: what is served from memory was loaded after every change that was answered before the work began. While Redis
//! is out of reach nobody can know that, so nothing is served from memory at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;

use super::memory::{MemoryCache, MemoryCacheOptions};
use super::{Cache, CacheStats, Key, Load, Loaded};
use crate::actors::supervision::work_began;
use crate::model::document::Document;
use crate::model::id::ObjectId;
use crate::model::time::Clock;
use crate::redis::{Follower, RedisLink};

/// How long a document is served as it is. No longer than one may be old if the node that changed it was cut off from Redis,
/// but not from the store, and so could not tell of it.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// Keeps documents in this process's memory as long as Redis tells what others change.
#[derive(Debug)]
pub struct RedisCache {
    memory: Arc<MemoryCache>,
    link: Arc<RedisLink>,
    passed_by: AtomicU64,
}

impl RedisCache {
    /// An empty cache that hears of changes by `link`.
    pub fn new(link: Arc<RedisLink>, options: MemoryCacheOptions, clock: Clock) -> Self {
        let memory = Arc::new(MemoryCache::new(options, clock));
        let follower: Arc<dyn Follower> = memory.clone();
        link.follow(Arc::downgrade(&follower));
        Self { memory, link, passed_by: AtomicU64::new(0) }
    }

    /// The bounds for a node among many: 32 MiB, ten seconds, ten minutes.
    pub fn bounds() -> MemoryCacheOptions {
        MemoryCacheOptions { fresh_for: FRESH_FOR, ..MemoryCacheOptions::default() }
    }
}

#[async_trait]
impl Cache for RedisCache {
    fn peek(&self, key: Key) -> Option<Document> {
        self.link.is_synced_since(work_began()).then(|| self.memory.peek(key)).flatten()
    }

    fn glance(&self, key: Key) -> Option<Document> {
        // Fresh or not: a guess may be as old as what is served where nothing better can be had.
        self.memory.kept(key)
    }

    async fn get_or_load(&self, key: Key, load: Load<'_>) -> Loaded {
        if self.link.sync_since(work_began()).await {
            return self.memory.get_or_load(key, load).await;
        }
        self.passed_by.fetch_add(1, Relaxed);
        load().await
    }

    async fn forget(&self, keys: &[Key]) {
        self.memory.forget(keys).await;
        self.link.tell(keys).await;
    }

    fn stats(&self) -> CacheStats {
        let (stats, passed_by) = (self.memory.stats(), self.passed_by.load(Relaxed));
        CacheStats { misses: stats.misses + passed_by, loads: stats.loads + passed_by, ..stats }
    }

    fn is_up(&self) -> bool {
        self.link.is_up()
    }

    fn name(&self) -> &'static str {
        "redis"
    }
}

impl Follower for MemoryCache {
    fn outdate(&self, collection: &str, id: ObjectId) {
        Self::outdate(self, collection, id);
    }

    fn outdate_all(&self) {
        Self::outdate_all(self);
    }
}
