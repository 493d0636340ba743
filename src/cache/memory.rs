//! The embedded cache: moka, bounded by bytes, in front of nothing but the loads themselves.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use moka::notification::RemovalCause;
use moka::sync::Cache as Moka;

use super::epochs::{Epoch, Epochs};
use super::flights::{Flights, Source};
use super::{Cache, CacheStats, Key, Load, Loaded};
use crate::model::document::Document;
use crate::model::id::ObjectId;
use crate::model::time::{Clock, Time};

/// What an entry weighs beside its document: the table's own share, the list it is evicted by, the allocator's.
const ENTRY_BYTES: usize = 256;

/// The bounds of a [`MemoryCache`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryCacheOptions {
    /// What all documents together may weigh, in bytes.
    pub capacity_bytes: u64,
    /// How long a document is served as it is.
    pub fresh_for: Duration,
    /// How long it is served at most, if it cannot be loaded anew. Not less than `fresh_for`.
    pub kept_for: Duration,
}

impl Default for MemoryCacheOptions {
    /// 32 MiB, a minute, ten minutes.
    fn default() -> Self {
        Self {
            capacity_bytes: 32 * 1_024 * 1_024,
            fresh_for: Duration::from_secs(60),
            kept_for: Duration::from_secs(600),
        }
    }
}

/// Keeps documents in this process's memory.
pub struct MemoryCache {
    shelf: Arc<Shelf>,
    flights: Flights,
    hits: AtomicU64,
    misses: AtomicU64,
    stale: AtomicU64,
    evictions: Arc<AtomicU64>,
}

/// The documents at hand.
struct Shelf {
    entries: Moka<Key, Entry>,
    epochs: Epochs,
    clock: Clock,
    options: MemoryCacheOptions,
}

/// A document that counts only while its epoch lasts. An entry of an older one may lie here for a while; nobody is served it.
#[derive(Clone)]
struct Entry {
    document: Document,
    epoch: Epoch,
    loaded_at: Time,
}

impl MemoryCache {
    /// An empty cache.
    pub fn new(options: MemoryCacheOptions, clock: Clock) -> Self {
        let weigh = |_: &Key, entry: &Entry| weight(&entry.document);
        let evictions = Arc::new(AtomicU64::new(0));
        let evicted = Arc::clone(&evictions);
        let entries = Moka::builder().max_capacity(options.capacity_bytes).weigher(weigh);
        let entries = entries.eviction_listener(move |_, _, cause| {
            if cause == RemovalCause::Size {
                evicted.fetch_add(1, Relaxed);
            }
        });
        let entries = entries.build();
        Self {
            shelf: Arc::new(Shelf { entries, epochs: Epochs::new(), clock, options }),
            flights: Flights::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            evictions,
        }
    }

    /// The document, fresh or not, unless it was forgotten or is too old to be served at all.
    pub(super) fn kept(&self, key: Key) -> Option<Document> {
        self.shelf.kept(key)
    }

    /// Forgets a document that somebody else has changed. Its room is taken back when it is loaded anew, or by others.
    pub(super) fn outdate(&self, collection: &str, id: ObjectId) {
        self.shelf.epochs.advance((collection, id));
    }

    /// Forgets all documents.
    pub(super) fn outdate_all(&self) {
        self.shelf.epochs.advance_all();
        self.shelf.entries.invalidate_all();
    }

    fn source(&self, key: Key, since: Epoch, load: Load<'_>) -> Source {
        let landed = || self.shelf.fresh(key, since);
        let begin = || {
            let shelf = Arc::clone(&self.shelf);
            // Both before the load begins: what it finds is at least as new as they say.
            let (epoch, loaded_at) = (shelf.epochs.now(key), shelf.clock.now());
            let load = load();
            let load = async move {
                let loaded = load.await;
                shelf.put(key, epoch, loaded_at, &loaded);
                loaded
            };
            (epoch, load.boxed())
        };
        self.flights.join_or_begin(key, since, landed, begin)
    }
}

#[async_trait]
impl Cache for MemoryCache {
    fn peek(&self, key: Key) -> Option<Document> {
        let document = self.shelf.fresh(key, self.shelf.epochs.now(key))?;
        self.hits.fetch_add(1, Relaxed);
        Some(document)
    }

    async fn get_or_load(&self, key: Key, load: Load<'_>) -> Loaded {
        let since = self.shelf.epochs.now(key);
        if let Some(document) = self.shelf.fresh(key, since) {
            self.hits.fetch_add(1, Relaxed);
            return Ok(Some(document));
        }
        self.misses.fetch_add(1, Relaxed);
        let loaded = match self.source(key, since, load) {
            Source::Landed(document) => Ok(Some(document)),
            Source::Flight(flight) => flight.await,
        };
        loaded.or_else(|error| {
            let document = self.shelf.kept(key).ok_or(error)?;
            self.stale.fetch_add(1, Relaxed);
            Ok(Some(document))
        })
    }

    async fn forget(&self, keys: &[Key]) {
        for key in keys {
            self.shelf.epochs.advance(*key);
            self.shelf.entries.invalidate(key);
        }
    }

    fn stats(&self) -> CacheStats {
        CacheStats {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            loads: self.flights.begun(),
            stale: self.stale.load(Relaxed),
            evictions: self.evictions.load(Relaxed),
            entries: self.shelf.entries.entry_count(),
            bytes: self.shelf.entries.weighted_size(),
        }
    }

    fn name(&self) -> &'static str {
        "memory"
    }
}

impl fmt::Debug for MemoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache").field("options", &self.shelf.options).field("stats", &self.stats()).finish()
    }
}

impl Shelf {
    /// The document, if it was loaded in the epoch `since` or later and is fresh.
    fn fresh(&self, key: Key, since: Epoch) -> Option<Document> {
        let entry = self.entries.get(&key).filter(|entry| entry.epoch >= since)?;
        self.is_younger(&entry, self.options.fresh_for).then_some(entry.document)
    }

    /// The document, if it was not forgotten since it was loaded and may be served where it cannot be loaded anew.
    fn kept(&self, key: Key) -> Option<Document> {
        let since = self.epochs.now(key);
        let entry = self.entries.get(&key).filter(|entry| entry.epoch >= since)?;
        self.is_younger(&entry, self.options.kept_for).then_some(entry.document)
    }

    /// An entry of the future, of which a clock that was set back makes some, is not young.
    fn is_younger(&self, entry: &Entry, age: Duration) -> bool {
        let now = self.clock.now();
        entry.loaded_at <= now && now.since(entry.loaded_at) < age
    }

    /// Takes in what a load that began at `loaded_at` in `epoch` has found.
    fn put(&self, key: Key, epoch: Epoch, loaded_at: Time, loaded: &Loaded) {
        if epoch < self.epochs.now(key) {
            return;
        }
        match loaded {
            Ok(Some(document)) => self.entries.insert(key, Entry { document: document.clone(), epoch, loaded_at }),
            Ok(None) => self.entries.invalidate(&key),
            Err(_) => {}
        }
    }
}

/// A document is kept as text and, once it was used, parsed: about twice its text.
fn weight(document: &Document) -> u32 {
    u32::try_from(2 * document.json().len() + ENTRY_BYTES).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_documents_weigh_is_bounded() {
        let options = MemoryCacheOptions { capacity_bytes: 100_000, ..MemoryCacheOptions::default() };
        let cache = MemoryCache::new(options, Clock::system());
        let load = || async { Ok(Some(Document::from_json("x".repeat(1_000)))) }.boxed();
        for _ in 0..1_000 {
            let key = ("customers", ObjectId::new(Time::from_millis(0)));
            cache.get_or_load(key, &load).await.unwrap();
        }
        cache.shelf.entries.run_pending_tasks();
        let CacheStats { entries, bytes, evictions, .. } = cache.stats();
        assert!((1..=44).contains(&entries), "{entries} of 2,256 bytes each");
        assert_eq!((bytes, evictions), (entries * 2_256, 1_000 - entries));
    }
}
