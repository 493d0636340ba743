//! The Redis that there may be: with a password, with TLS, a cluster.

use std::process::Command;
use std::sync::Arc;

use clientele::limiter::Limiter as _;
use clientele::redis::RedisOptions;

use super::{Node, patient, subject};
use crate::harness::servers::{Redis, unique};

const TEN: clientele::limiter::Quota =
    clientele::limiter::Quota { name: "default", burst: 10, window: std::time::Duration::from_secs(900) };

/// Whether nodes with these options know of each other's changes.
async fn serves(options: impl Fn() -> RedisOptions) {
    let store = Arc::default();
    let [one, other] = [(); 2].map(|()| Node::new(options(), &store));
    one.comes_to_be(true).await;
    other.comes_to_be(true).await;
    assert_eq!((one.read().await, other.read().await), (0, 0));
    assert_eq!((one.reads_of_two().await, other.reads_of_two().await), (0, 0));
    let version = one.change().await;
    assert_eq!(other.read().await, version);
    assert_eq!(other.limiter.check(subject(), &TEN).await.expect("Redis is there").remaining, 9);
}

#[tokio::test]
async fn the_password_is_in_the_url_or_beside_it() {
    let server = Redis::start_with(&["--requirepass", "hunter2"]);
    let prefix = unique("password");
    serves(|| patient(&server.url(), &prefix)).await;
    let url = format!("redis://{}", server.address());
    serves(|| RedisOptions { password: Some("hunter2".to_owned()), ..patient(&url, &prefix) }).await;

    for password in [None, Some("hunter3".to_owned())] {
        let node = Node::new(RedisOptions { password, ..patient(&url, &prefix) }, &Arc::default());
        let refused = node.limiter.check(subject(), &TEN).await.expect_err("it is wrong");
        assert!(!format!("{refused:?} {:?}", node.link).contains("hunter"), "{refused:?}");
        assert!(!node.link.is_up());
        assert_eq!(node.reads_of_two().await, 2);
    }
}

#[tokio::test]
async fn a_connection_may_be_encrypted() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let server = Redis::start_tls();
    let (url, prefix) = (server.url(), unique("tls"));
    let root_certificate = std::fs::read(server.certificate().authority).ok();
    serves(|| RedisOptions { root_certificate: root_certificate.clone(), ..patient(&url, &prefix) }).await;
    let stranger = Node::new(patient(&url, &prefix), &Arc::default());
    assert_eq!(stranger.reads_of_two().await, 2);
    assert!(!stranger.link.is_up(), "nobody whom it trusts has signed the certificate");
}

#[tokio::test]
async fn it_may_be_a_cluster() {
    let servers = [(); 3].map(|()| Redis::start_with(&["--cluster-enabled", "yes"]));
    let addresses = servers.each_ref().map(|server| server.address().to_string());
    let mut create = Command::new("redis-cli");
    create.args(["--cluster", "create"]).args(&addresses).args(["--cluster-replicas", "0", "--cluster-yes"]);
    let created = create.output().expect("redis-cli is there");
    assert!(created.status.success(), "{created:?}");
    let prefix = unique("cluster");
    let one = format!("redis+cluster://{}", addresses[0]);
    serves(|| patient(&one, &prefix)).await;
    let all = addresses.map(|address| format!("redis://{address}")).join(",");
    serves(|| patient(&all, &prefix)).await;
}
