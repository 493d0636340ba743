//! What every cache owes.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use clientele::actors::supervision::Scope;
use clientele::cache::memory::{MemoryCache, MemoryCacheOptions};
use clientele::cache::redis::RedisCache;
use clientele::cache::{Cache, Key, LoadError, Loaded};
use clientele::model::document::Document;
use clientele::model::id::ObjectId;
use clientele::model::time::{Clock, Time};
use clientele::redis::RedisLink;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Semaphore;
use tracing::Span;

const FRESH_FOR: Duration = Duration::from_secs(60);
const KEPT_FOR: Duration = Duration::from_secs(600);

/// A cache, the clock it goes by, and, where others change documents too, by what it hears of that.
struct Bench {
    cache: Arc<dyn Cache>,
    clock: Clock,
    link: Option<Arc<RedisLink>>,
}

fn key() -> Key {
    ("customers", ObjectId::new(Time::from_millis(0)))
}

/// A load that finds this version at once.
fn finds(version: u64) -> impl Fn() -> BoxFuture<'static, Loaded> + Send + Sync {
    move || async move { Ok(Some(Document::from_json(version.to_string()))) }.boxed()
}

fn finds_nothing() -> BoxFuture<'static, Loaded> {
    async { Ok(None) }.boxed()
}

fn fails() -> BoxFuture<'static, Loaded> {
    async { Err(Arc::new(std::io::Error::other("the store is away")) as LoadError) }.boxed()
}

/// A load that finds this version and keeps it back until it is let go on.
fn finds_later(version: u64, go_on: &Arc<Semaphore>) -> impl Fn() -> BoxFuture<'static, Loaded> + Send + Sync + use<> {
    let go_on = Arc::clone(go_on);
    move || {
        let go_on = Arc::clone(&go_on);
        async move {
            go_on.acquire_owned().await.expect("it stays open").forget();
            Ok(Some(Document::from_json(version.to_string())))
        }
        .boxed()
    }
}

fn version(document: Option<Document>) -> Option<u64> {
    document.map(|document| document.json().parse().expect("a version"))
}

impl Bench {
    /// Does what a request does: its work begins, what was changed before is heard of, then it reads.
    async fn in_one_request(self, test: impl AsyncFnOnce(Self)) {
        let request = Scope::new(None, Span::none());
        if let Some(link) = &self.link {
            assert!(link.sync_since(Instant::now()).await, "Redis is there");
        }
        request.around(pin!(test(self))).await;
    }

    async fn read(&self, key: Key, load: impl Fn() -> BoxFuture<'static, Loaded> + Send + Sync) -> Option<u64> {
        version(self.cache.get_or_load(key, &load).await.expect("the load succeeds"))
    }
}

/// Runs the work on threads of their own, as workers run.
fn on_threads(count: usize, work: impl AsyncFn(usize) + Sync) {
    thread::scope(|scope| {
        for number in 0..count {
            let work = &work;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
            scope.spawn(move || runtime.block_on(work(number)));
        }
    });
}

async fn what_was_loaded_is_served_without_loading_it_again(bench: Bench) {
    let key = key();
    assert!(bench.cache.peek(key).is_none());
    assert_eq!(bench.read(key, finds(1)).await, Some(1));
    assert_eq!(bench.read(key, finds(2)).await, Some(1));
    assert_eq!(version(bench.cache.peek(key)), Some(1));
    let stats = bench.cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.loads, stats.stale), (2, 1, 1, 0));
}

async fn documents_of_one_id_in_two_collections_are_two(bench: Bench) {
    let (_, id) = key();
    assert_eq!(bench.read(("customers", id), finds(1)).await, Some(1));
    assert_eq!(bench.read(("groups", id), finds(2)).await, Some(2));
    assert_eq!(version(bench.cache.peek(("customers", id))), Some(1));
}

async fn that_a_document_is_absent_is_not_remembered(bench: Bench) {
    let key = key();
    assert_eq!(bench.read(key, finds_nothing).await, None);
    assert_eq!(bench.read(key, finds(1)).await, Some(1));
}

async fn a_forgotten_document_is_loaded_anew(bench: Bench) {
    let (one, other) = (key(), key());
    bench.read(one, finds(1)).await;
    bench.read(other, finds(1)).await;
    bench.cache.forget(&[one, other]).await;
    assert!(bench.cache.peek(one).is_none());
    assert_eq!(bench.read(one, finds(2)).await, Some(2));
    assert_eq!(bench.read(other, finds_nothing).await, None);
}

async fn a_thousand_misses_are_one_load(bench: Bench) {
    let key = key();
    let go_on = Arc::new(Semaphore::new(0));
    let load = finds_later(1, &go_on);
    let mut readers = join_all((0..1_000).map(|_| bench.cache.get_or_load(key, &load)));
    assert!((&mut readers).now_or_never().is_none(), "they wait for the load");
    go_on.add_permits(1);
    for read in readers.await {
        assert_eq!(version(read.expect("the load succeeds")), Some(1));
    }
    let stats = bench.cache.stats();
    assert_eq!((stats.misses, stats.loads), (1_000, 1));
}

async fn readers_on_all_threads_load_a_document_once(bench: Bench) {
    const THREADS: usize = 8;
    let keys: Vec<Key> = (0..500).map(|_| key()).collect();
    let start = Barrier::new(THREADS);
    on_threads(THREADS, async |_| {
        for key in &keys {
            start.wait();
            assert_eq!(bench.read(*key, finds(1)).await, Some(1));
        }
    });
    assert_eq!(bench.cache.stats().loads, 500);
}

async fn a_slow_reader_does_not_put_an_old_version_back(bench: Bench) {
    let key = key();
    let go_on = Arc::new(Semaphore::new(0));
    let slow = finds_later(1, &go_on);
    let mut slow = bench.cache.get_or_load(key, &slow);
    assert!(slow.as_mut().now_or_never().is_none(), "it waits for its load");
    bench.cache.forget(&[key]).await;
    go_on.add_permits(1);
    assert_eq!(version(slow.await.expect("the load succeeds")), Some(1), "it began before the change");
    assert!(bench.cache.peek(key).is_none());
    assert_eq!(bench.read(key, finds(2)).await, Some(2));
}

async fn nobody_joins_a_load_that_began_before_the_change(bench: Bench) {
    let key = key();
    let go_on = Arc::new(Semaphore::new(0));
    let slow = finds_later(1, &go_on);
    let mut slow = bench.cache.get_or_load(key, &slow);
    assert!(slow.as_mut().now_or_never().is_none(), "it waits for its load");
    bench.cache.forget(&[key]).await;
    let later = bench.read(key, finds(2)).now_or_never().expect("it has a load of its own");
    assert_eq!(later, Some(2));
    go_on.add_permits(1);
    slow.await.expect("the load succeeds");
    assert_eq!(version(bench.cache.peek(key)), Some(2), "the slow one does not replace it");
}

async fn a_failed_load_is_told_to_all_who_wait_and_the_next_one_tries_again(bench: Bench) {
    let key = key();
    let error = bench.cache.get_or_load(key, &fails).await.expect_err("there is nothing to serve instead");
    assert_eq!(error.to_string(), "the store is away");
    assert_eq!(bench.read(key, finds(1)).await, Some(1));
}

async fn what_is_no_longer_fresh_is_loaded_anew(bench: Bench) {
    let key = key();
    bench.read(key, finds(1)).await;
    bench.clock.advance(FRESH_FOR - Duration::from_millis(1));
    assert_eq!(version(bench.cache.peek(key)), Some(1));
    bench.clock.advance(Duration::from_millis(1));
    assert!(bench.cache.peek(key).is_none());
    assert_eq!(bench.read(key, finds(2)).await, Some(2));
    assert_eq!(version(bench.cache.peek(key)), Some(2));
}

async fn while_the_store_is_away_an_old_document_is_served_for_a_bounded_time(bench: Bench) {
    let key = key();
    bench.read(key, finds(1)).await;
    bench.clock.advance(FRESH_FOR);
    assert_eq!(bench.read(key, fails).await, Some(1));
    bench.clock.advance(KEPT_FOR - FRESH_FOR - Duration::from_millis(1));
    assert_eq!(bench.read(key, fails).await, Some(1));
    assert_eq!(bench.cache.stats().stale, 2);
    bench.clock.advance(Duration::from_millis(1));
    assert!(bench.cache.get_or_load(key, &fails).await.is_err());
}

async fn a_forgotten_document_is_not_served_even_while_the_store_is_away(bench: Bench) {
    let key = key();
    bench.read(key, finds(1)).await;
    bench.clock.advance(FRESH_FOR);
    bench.cache.forget(&[key]).await;
    assert!(bench.cache.get_or_load(key, &fails).await.is_err());
    assert_eq!(bench.cache.stats().stale, 0);
}

async fn what_turns_out_to_be_gone_is_not_served_when_the_store_goes_away(bench: Bench) {
    let key = key();
    bench.read(key, finds(1)).await;
    bench.clock.advance(FRESH_FOR);
    assert_eq!(bench.read(key, finds_nothing).await, None);
    assert!(bench.cache.get_or_load(key, &fails).await.is_err());
}

async fn a_load_that_panics_fails_those_who_wait_and_no_one_after(bench: Bench) {
    let key = key();
    let panics = || async { panic!("injected") }.boxed();
    let error = bench.cache.get_or_load(key, &panics).await.expect_err("the load panicked");
    assert_eq!(error.to_string(), "loading a document panicked: injected");
    assert_eq!(bench.read(key, finds(1)).await, Some(1));
}

async fn a_reader_who_goes_away_does_not_take_the_load_along(bench: Bench) {
    let key = key();
    let go_on = Arc::new(Semaphore::new(0));
    let load = finds_later(1, &go_on);
    let mut first = bench.cache.get_or_load(key, &load);
    assert!(first.as_mut().now_or_never().is_none(), "it waits for its load");
    let mut second = bench.cache.get_or_load(key, &fails);
    assert!(second.as_mut().now_or_never().is_none(), "it has joined");
    drop(first);
    go_on.add_permits(1);
    assert_eq!(version(second.await.expect("the load succeeds")), Some(1));
}

async fn a_load_that_nobody_waits_for_is_given_up(bench: Bench) {
    let key = key();
    let load = finds_later(1, &Arc::new(Semaphore::new(0)));
    assert!(bench.cache.get_or_load(key, &load).now_or_never().is_none(), "it waited for its load");
    assert_eq!(bench.read(key, finds(2)).await, Some(2));
}

/// Writers count versions up, readers note the last one answered before they ask: they must not be told of an older one.
async fn no_reader_sees_an_older_version_than_one_already_answered(bench: Bench) {
    const WRITES: u64 = 5_000;
    let keys: [Key; KEYS] = std::array::from_fn(|_| key());
    let stored: Arc<[AtomicU64; KEYS]> = Arc::default();
    let answered: [AtomicU64; KEYS] = Default::default();
    let write = async |place: usize| {
        for version in 1..=WRITES {
            stored[place].store(version, SeqCst);
            bench.cache.forget(&[keys[place]]).await;
            answered[place].store(version, SeqCst);
            tokio::task::yield_now().await;
        }
    };
    let read = async |reader: usize| {
        let is_over = || answered.iter().all(|version| version.load(SeqCst) == WRITES);
        for turn in reader.. {
            let place = turn % KEYS;
            let at_least = answered[place].load(SeqCst);
            let load = slow_read(&stored, place, turn % 5);
            let read = match bench.cache.peek(keys[place]) {
                Some(document) => version(Some(document)),
                None => bench.read(keys[place], load).await,
            };
            assert!(read >= Some(at_least), "read version {read:?} after {at_least} was answered");
            if is_over() {
                break;
            }
        }
    };
    // Each thread keeps several readers in the air, so that loads overlap there too.
    on_threads(KEYS + 4, async |thread| match thread {
        0..KEYS => write(thread).await,
        _ => drop(join_all((0..3).map(|reader| read(thread + reader))).await),
    });
    for (place, key) in keys.into_iter().enumerate() {
        assert_eq!(bench.read(key, slow_read(&stored, place, 0)).await, Some(WRITES));
    }
}

const KEYS: usize = 2;

/// A load that reads first and takes its time to come back.
fn slow_read(
    stored: &Arc<[AtomicU64; KEYS]>,
    place: usize,
    pauses: usize,
) -> impl Fn() -> BoxFuture<'static, Loaded> + Send + Sync + use<> {
    let stored = Arc::clone(stored);
    move || {
        let stored = Arc::clone(&stored);
        async move {
            let version = stored[place].load(SeqCst);
            for _ in 0..pauses {
                tokio::task::yield_now().await;
            }
            Ok(Some(Document::from_json(version.to_string())))
        }
        .boxed()
    }
}

fn options() -> MemoryCacheOptions {
    MemoryCacheOptions { fresh_for: FRESH_FOR, kept_for: KEPT_FOR, ..MemoryCacheOptions::default() }
}

fn clock() -> Clock {
    Clock::manual(Time::from_millis(1_774_260_000_000))
}

fn embedded() -> Bench {
    let clock = clock();
    Bench { cache: Arc::new(MemoryCache::new(options(), clock.clone())), clock, link: None }
}

fn on_redis() -> Bench {
    let (clock, link) = (clock(), super::redis::link());
    let cache = RedisCache::new(Arc::clone(&link), options(), clock.clone());
    Bench { cache: Arc::new(cache), clock, link: Some(link) }
}

/// Runs the suite on all backends.
macro_rules! suite {
    ($($test:ident),+ $(,)?) => {
        suite!(memory, super::embedded(), [$($test),+]);
        suite!(redis, super::on_redis(), [$($test),+]);
    };
    ($backend:ident, $make:expr, [$($test:ident),+]) => {
        mod $backend {
            $(#[tokio::test]
            async fn $test() {
                $make.in_one_request(super::$test).await;
            })+
        }
    };
}

suite!(
    what_was_loaded_is_served_without_loading_it_again,
    documents_of_one_id_in_two_collections_are_two,
    that_a_document_is_absent_is_not_remembered,
    a_forgotten_document_is_loaded_anew,
    a_thousand_misses_are_one_load,
    readers_on_all_threads_load_a_document_once,
    a_slow_reader_does_not_put_an_old_version_back,
    nobody_joins_a_load_that_began_before_the_change,
    a_failed_load_is_told_to_all_who_wait_and_the_next_one_tries_again,
    what_is_no_longer_fresh_is_loaded_anew,
    while_the_store_is_away_an_old_document_is_served_for_a_bounded_time,
    a_forgotten_document_is_not_served_even_while_the_store_is_away,
    what_turns_out_to_be_gone_is_not_served_when_the_store_goes_away,
    a_load_that_panics_fails_those_who_wait_and_no_one_after,
    a_reader_who_goes_away_does_not_take_the_load_along,
    a_load_that_nobody_waits_for_is_given_up,
    no_reader_sees_an_older_version_than_one_already_answered,
);
