//! What one node has changed, the next request on any other node sees.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use clientele::actors::supervision::Scope;
use clientele::cache::Cache as _;
use clientele::limiter::{Limiter as _, Quota};
use futures_util::future::join_all;
use tracing::Span;

use super::{KEY, Node, Store, command, patient, subject};
use crate::harness::servers::{Proxy, Redis, redis, unique};

const HUNDRED: Quota = Quota { name: "default", burst: 100, window: Duration::from_secs(900) };

fn two_nodes() -> [Node; 2] {
    let (store, prefix) = (Arc::default(), unique("coherence"));
    [(); 2].map(|()| Node::new(patient(&redis().url(), &prefix), &store))
}

#[tokio::test]
async fn a_change_on_one_node_is_seen_by_the_next_read_on_the_other() {
    let [one, other] = two_nodes();
    for turn in 0..1_000 {
        let (writer, reader) = if turn % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let version = writer.change().await;
        assert_eq!(reader.read().await, version);
    }
}

#[tokio::test]
async fn under_concurrency_no_node_reads_an_older_version_than_one_already_answered() {
    const WRITES: u64 = 1_000;
    let nodes = two_nodes();
    let answered = AtomicU64::new(0);
    let writing = async {
        for turn in 0..WRITES as usize {
            let version = nodes[turn % 2].change().await;
            answered.store(version, SeqCst);
        }
    };
    let reading = (0..16).map(|reader| {
        let (nodes, answered) = (&nodes, &answered);
        async move {
            while answered.load(SeqCst) < WRITES {
                let at_least = answered.load(SeqCst);
                let read = nodes[reader % 2].read().await;
                assert!(read >= at_least, "version {read} after {at_least} was answered");
            }
        }
    });
    tokio::join!(writing, join_all(reading));
}

#[tokio::test]
async fn what_nobody_changed_is_read_once() {
    let [one, other] = two_nodes();
    one.read().await;
    assert_eq!(one.reads_of_two().await, 0);
    one.change().await;
    assert_eq!((one.reads_of_two().await, other.reads_of_two().await), (1, 1));
}

#[tokio::test]
async fn what_is_at_hand_counts_for_the_work_that_began_before_it_was_heard() {
    let [one, other] = two_nodes();
    assert_eq!(other.read().await, 0);
    let request = Scope::new(None, Span::none());
    one.change().await;
    let in_request = async {
        assert!(other.cache.peek(KEY).is_none(), "it was not heard since the request began");
        assert!(other.cache.glance(KEY).is_some(), "as far as it was heard then");
        assert_eq!(other.read().await, 1);
        one.change().await;
        assert!(other.cache.peek(KEY).is_some(), "that change was answered after the request began");
    };
    request.around(pin!(in_request)).await;
    assert!(other.cache.peek(KEY).is_none(), "what begins now has heard nothing");
    assert_eq!(other.read().await, 2);
}

#[tokio::test]
async fn budgets_are_one_over_all_nodes() {
    let (nodes, subject) = (two_nodes(), subject());
    let mut let_in = 0;
    for turn in 0..150 {
        let decision = nodes[turn % 2].limiter.check(subject, &HUNDRED).await.expect("Redis is there");
        let_in += u32::from(decision.allowed);
    }
    assert_eq!(let_in, 100);
}

#[tokio::test]
async fn a_counted_request_that_reads_what_is_at_hand_is_one_round_trip() {
    let server = Redis::start();
    let proxy = Proxy::to(server.address());
    let (store, prefix) = (Arc::<Store>::default(), unique("trips"));
    let node = Node::new(patient(&server.url_at(proxy.address()), &prefix), &store);
    let other = Node::new(patient(&server.url(), &prefix), &store);
    let subject = subject();
    node.limiter.check(subject, &HUNDRED).await.expect("Redis is there");
    node.read().await;
    let counted_since = |before: u64| proxy.requests() - before;

    let before = proxy.requests();
    for _ in 0..20 {
        let request = async {
            node.limiter.check(subject, &HUNDRED).await.expect("Redis is there");
            assert!(node.cache.peek(KEY).is_some());
            assert_eq!((node.read().await, node.read().await), (0, 0));
        };
        Scope::new(None, Span::none()).around(pin!(request)).await;
    }
    assert_eq!((counted_since(before), store.reads.load(SeqCst)), (20, 1));

    other.change().await;
    let before = proxy.requests();
    let request = async {
        node.limiter.check(subject, &HUNDRED).await.expect("Redis is there");
        assert_eq!((node.read().await, node.read().await), (1, 1));
    };
    Scope::new(None, Span::none()).around(pin!(request)).await;
    assert_eq!((counted_since(before), store.reads.load(SeqCst)), (1, 2), "one of Redis, one of the store");

    let before = proxy.requests();
    let request = async {
        node.limiter.check(subject, &HUNDRED).await.expect("Redis is there");
        node.change().await;
    };
    Scope::new(None, Span::none()).around(pin!(request)).await;
    assert_eq!(counted_since(before), 2, "a change is told, too");
}

#[tokio::test]
async fn readers_who_come_together_share_a_question() {
    let server = Redis::start();
    let proxy = Proxy::to(server.address());
    let node = Node::new(patient(&server.url_at(proxy.address()), &unique("share")), &Arc::default());
    node.read().await;
    let before = proxy.requests();
    join_all((0..200).map(|_| node.read())).await;
    let asked = proxy.requests() - before;
    assert!(asked < 50, "{asked} questions for 200 readers");
}

#[tokio::test]
async fn a_lost_log_is_noticed() {
    let server = Redis::start();
    let (store, prefix) = (Arc::default(), unique("lost"));
    let [one, other] = [(); 2].map(|()| Node::new(patient(&server.url(), &prefix), &store));
    assert_eq!((one.read().await, other.read().await), (0, 0));
    let version = one.change().await;
    let _: String = command(&server.url(), &["FLUSHALL"]).await;
    assert_eq!(other.read().await, version, "what was lost told of it");
    let version = one.change().await;
    assert_eq!((other.read().await, one.read().await), (version, version));
    assert_eq!((one.reads_of_two().await, other.reads_of_two().await), (0, 0), "and all goes on");
}

#[tokio::test]
async fn who_falls_behind_the_log_forgets_everything() {
    let server = Redis::start();
    let (store, prefix) = (Arc::default(), unique("behind"));
    let [one, other] = [(); 2].map(|()| Node::new(patient(&server.url(), &prefix), &store));
    assert_eq!(other.read().await, 0);
    let version = one.change().await;
    let log = format!("{{{prefix}}}:changes");
    let _: i64 = command(&server.url(), &["XTRIM", &log, "MAXLEN", "0"]).await;
    assert_eq!(other.read().await, version, "the entry was trimmed away");

    let strangers = ("sessions", clientele::model::id::ObjectId::from_bytes([1; 12]));
    for _ in 0..300 {
        one.cache.forget(&[strangers]).await;
    }
    assert_eq!(other.reads_of_two().await, 1, "too many to take in");
    assert_eq!(other.reads_of_two().await, 0);
}

#[tokio::test]
async fn a_script_that_redis_has_lost_is_handed_over_again() {
    let server = Redis::start();
    let node = Node::new(patient(&server.url(), &unique("script")), &Arc::default());
    let subject = subject();
    for taken in 1..=3 {
        let decision = node.limiter.check(subject, &HUNDRED).await.expect("Redis is there");
        assert_eq!(decision.remaining, 100 - taken);
        let _: String = command(&server.url(), &["SCRIPT", "FLUSH"]).await;
    }
    assert_eq!(node.read().await, 0);
    assert!(node.link.is_up());
}
