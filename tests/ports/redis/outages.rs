//! While Redis is out of reach the store answers, nothing is served that may be old, and nobody waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clientele::cache::Cache as _;
use clientele::limiter::{Limiter as _, LimiterError, Quota};

use super::{KEY, Node, command, impatient, patient, subject};
use crate::harness::servers::{Proxy, Redis, unique};
use crate::harness::{SOON, wait_until};

const TEN: Quota = Quota { name: "default", burst: 10, window: Duration::from_secs(900) };

/// Two nodes, of which the first is behind the proxy.
struct Pair {
    server: Redis,
    proxy: Proxy,
    one: Node,
    other: Node,
}

impl Pair {
    async fn start() -> Self {
        let server = Redis::start();
        let proxy = Proxy::to(server.address());
        let (store, prefix) = (Arc::default(), unique("outage"));
        let one = Node::new(impatient(&server.url_at(proxy.address()), &prefix), &store);
        let other = Node::new(patient(&server.url(), &prefix), &store);
        one.comes_to_be(true).await;
        assert_eq!((one.read().await, other.read().await), (0, 0));
        Self { server, proxy, one, other }
    }
}

#[tokio::test]
async fn who_is_cut_off_reads_past_the_cache_and_takes_it_up_again() {
    let Pair { proxy, one, other, server: _server } = Pair::start().await;
    proxy.refuse();
    one.comes_to_be(false).await;
    assert_eq!(one.reads_of_two().await, 2);
    assert!(one.cache.glance(KEY).is_none());
    let version = other.change().await;
    assert_eq!(one.read().await, version);
    proxy.pass();
    one.comes_to_be(true).await;
    assert_eq!(one.reads_of_two().await, 1, "it begins empty");
    assert_eq!(one.reads_of_two().await, 0);
}

#[tokio::test]
async fn what_was_changed_while_cut_off_is_told_before_it_is_trusted_again() {
    let Pair { proxy, one, other, server: _server } = Pair::start().await;
    proxy.refuse();
    one.comes_to_be(false).await;
    let version = one.change().await;
    proxy.pass();
    one.comes_to_be(true).await;
    assert_eq!((other.read().await, one.read().await), (version, version));
}

#[tokio::test]
async fn a_connection_that_is_cut_is_made_anew() {
    let Pair { proxy, one, other, server: _server } = Pair::start().await;
    for _ in 0..10 {
        proxy.cut();
        let version = other.change().await;
        assert_eq!(one.read().await, version);
        one.comes_to_be(true).await;
        let version = one.change().await;
        assert_eq!((other.read().await, one.read().await), (version, version));
    }
}

#[tokio::test]
async fn a_redis_that_answers_nothing_is_waited_for_once() {
    let Pair { server, one, other: _other, proxy: _proxy } = Pair::start().await;
    server.pause();
    let start = Instant::now();
    let refused = one.limiter.check(subject(), &TEN).await;
    let waited = start.elapsed();
    assert!(matches!(refused, Err(LimiterError::TimedOut)), "{refused:?}");
    assert!((Duration::from_millis(250)..Duration::from_millis(1_500)).contains(&waited), "{waited:?}");
    let start = Instant::now();
    for _ in 0..100 {
        let refused = one.limiter.check(subject(), &TEN).await;
        assert!(matches!(refused, Err(LimiterError::Unreachable(_))), "{refused:?}");
        one.read().await;
    }
    let waited = start.elapsed();
    assert!(waited < Duration::from_millis(250), "the others do not wait: {waited:?}");
    server.resume();
    one.comes_to_be(true).await;
    assert!(one.limiter.check(subject(), &TEN).await.expect("Redis is there").allowed);
}

#[tokio::test]
async fn after_a_restart_of_redis_nothing_old_is_served_and_budgets_are_what_they_were() {
    let Pair { server, one, other, proxy: _proxy } = Pair::start().await;
    let subject = subject();
    for _ in 0..4 {
        one.limiter.check(subject, &TEN).await.expect("Redis is there");
    }
    server.kill();
    let version = other.change().await;
    assert_eq!((one.read().await, other.read().await), (version, version));
    server.restart();
    one.comes_to_be(true).await;
    other.comes_to_be(true).await;
    let version = one.change().await;
    assert_eq!((other.read().await, one.read().await), (version, version));
    assert_eq!(one.limiter.check(subject, &TEN).await.expect("Redis is there").remaining, 5);
}

#[tokio::test]
async fn an_idle_node_notices_by_itself() {
    let Pair { proxy, one, other: _other, server: _server } = Pair::start().await;
    proxy.refuse();
    wait_until(SOON, || !one.link.is_up(), "nobody asks, and it is noticed").await;
}

#[tokio::test]
async fn a_redis_without_memory_is_as_good_as_none() {
    let Pair { server, one, other, proxy: _proxy } = Pair::start().await;
    let _: String = command(&server.url(), &["CONFIG", "SET", "maxmemory", "1"]).await;
    let refused = one.limiter.check(subject(), &TEN).await;
    assert!(matches!(refused, Err(LimiterError::Unreachable(_))), "{refused:?}");
    let version = other.change().await;
    assert_eq!((one.read().await, other.read().await), (version, version));
    let _: String = command(&server.url(), &["CONFIG", "SET", "maxmemory", "0"]).await;
    one.comes_to_be(true).await;
    other.comes_to_be(true).await;
    let version = one.change().await;
    assert_eq!((other.read().await, one.read().await), (version, version));
}

#[tokio::test]
async fn a_link_ends_with_its_last_use() {
    let server = Redis::start();
    let node = Node::new(patient(&server.url(), &unique("ends")), &Arc::default());
    node.read().await;
    assert_eq!(clients(&server), 2);
    drop(node);
    wait_until(SOON, || clients(&server) == 1, "only the one who asks is connected").await;
}

/// How many are connected, the one who asks included.
fn clients(server: &Redis) -> usize {
    let mut connection =
        redis::Client::open(server.url()).and_then(|client| client.get_connection()).expect("it is there");
    let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut connection).expect("it is done");
    list.lines().count()
}
