//! What is true of Redis in particular: several nodes know of each other's changes, whatever becomes of Redis between them.

mod coherence;
mod kinds;
mod outages;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use clientele::cache::memory::MemoryCacheOptions;
use clientele::cache::redis::RedisCache;
use clientele::cache::{Cache, Key, Loaded};
use clientele::limiter::redis::RedisLimiter;
use clientele::model::document::Document;
use clientele::model::id::ObjectId;
use clientele::model::time::{Clock, Time};
use clientele::redis::{RedisLink, RedisOptions};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::harness::servers::{self, unique};
use crate::harness::{SOON, wait_until};

/// Longer than any answer takes on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(5);

/// A link of its own to the shared Redis, with a prefix that nobody else has.
pub(super) fn link() -> Arc<RedisLink> {
    open(patient(&servers::redis().url(), &unique("ports")))
}

/// For tests in which Redis is there: it is waited for, and nothing is asked that the test does not ask.
fn patient(url: &str, prefix: &str) -> RedisOptions {
    let key_prefix = prefix.to_owned();
    RedisOptions { key_prefix, patience: PATIENCE, heartbeat: Duration::from_secs(3_600), ..RedisOptions::at(url) }
}

/// For tests in which it is not: as in production.
fn impatient(url: &str, prefix: &str) -> RedisOptions {
    RedisOptions { key_prefix: prefix.to_owned(), ..RedisOptions::at(url) }
}

fn open(options: RedisOptions) -> Arc<RedisLink> {
    Arc::new(RedisLink::open(options).expect("the URL is one"))
}

/// What nodes share beside Redis: one document's version, and how often it was read.
#[derive(Default)]
struct Store {
    version: AtomicU64,
    reads: AtomicU64,
}

/// One of several nodes.
struct Node {
    link: Arc<RedisLink>,
    cache: RedisCache,
    limiter: RedisLimiter,
    store: Arc<Store>,
}

const KEY: Key = ("customers", ObjectId::from_bytes([7; 12]));

impl Node {
    fn new(options: RedisOptions, store: &Arc<Store>) -> Self {
        let link = open(options);
        let bounds = MemoryCacheOptions { fresh_for: Duration::from_secs(3_600), ..RedisCache::bounds() };
        let cache = RedisCache::new(Arc::clone(&link), bounds, Clock::system());
        let limiter = RedisLimiter::new(Arc::clone(&link));
        Self { link, cache, limiter, store: Arc::clone(store) }
    }

    async fn read(&self) -> u64 {
        let load = || -> BoxFuture<'static, Loaded> {
            let store = Arc::clone(&self.store);
            async move {
                store.reads.fetch_add(1, SeqCst);
                Ok(Some(Document::from_json(store.version.load(SeqCst).to_string())))
            }
            .boxed()
        };
        let document = self.cache.get_or_load(KEY, &load).await.expect("the store is there");
        document.expect("it is never absent").json().parse().expect("a version")
    }

    /// Commits the next version, tells of it, and answers it.
    async fn change(&self) -> u64 {
        let version = self.store.version.fetch_add(1, SeqCst) + 1;
        self.cache.forget(&[KEY]).await;
        version
    }

    /// How many of two reads had to go to the store.
    async fn reads_of_two(&self) -> u64 {
        let before = self.store.reads.load(SeqCst);
        self.read().await;
        self.read().await;
        self.store.reads.load(SeqCst) - before
    }

    /// Waits until the link has a connection, or has none.
    async fn comes_to_be(&self, is_up: bool) {
        // Who is not asked does not notice.
        self.link.sync_since(Instant::now()).await;
        wait_until(SOON, || self.link.is_up() == is_up, "the link comes to be as expected").await;
    }
}

/// A user whose budget nobody else spends.
fn subject() -> clientele::limiter::Subject {
    clientele::limiter::Subject::User(clientele::model::id::UserId::new(Time::from_millis(0)))
}

/// Asks a Redis directly.
async fn command<T: redis::FromRedisValue>(url: &str, parts: &[&str]) -> T {
    let client = redis::Client::open(url).expect("the URL is one");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis is there");
    let mut command = redis::Cmd::new();
    command.arg(parts);
    command.query_async(&mut connection).await.expect("it is done")
}
