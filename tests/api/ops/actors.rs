//! `/ops/actors`: the tree of a healthy server, and of one that has met a panic.

use serde_json::{Value, json};

use super::{incarnations, poison, row};
use crate::harness::TestServer;
use crate::like::is_time;

#[tokio::test]
async fn the_tree_shows_every_actor_and_pool_as_it_is() {
    let server = TestServer::start();
    let admin = server.admin().await;
    admin.get("/customers").await.expect(200);
    let tree = admin.get("//ops/actors").await.expect(200);
    let rows = tree["actors"].as_array().expect("a list");
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().expect("a name")).collect();
    assert_eq!(names[..5], ["audit", "auth", "customers", "groups", "rate-limiter"], "in the order of their start");
    assert!(names[5..].contains(&"passwords"), "{names:?}");
    for row in rows {
        assert_eq!((&row["state"], &row["ready"]), (&json!("running"), &json!(true)), "{row:#}");
        assert_eq!((&row["restarts"], &row["panics"]), (&json!(0), &json!(0)), "{row:#}");
        assert_eq!((row.get("lastFailure"), row.get("stalledMs")), (None, None), "{row:#}");
        assert!(row["mailbox"]["bound"].as_u64() > row["mailbox"]["depth"].as_u64(), "{row:#}");
        assert!(row["mailbox"]["oldestMs"].is_number() && row["inFlight"].is_u64(), "{row:#}");
        match row.get("threads") {
            Some(threads) => {
                assert_eq!(threads["live"], threads["expected"], "{row:#}");
                assert_eq!(row["replicas"], json!([]), "{row:#}");
            }
            None => assert_replicas(row),
        }
    }
}

/// What an actor's replicas tell adds up to what is told of it.
fn assert_replicas(row: &Value) {
    let replicas = row["replicas"].as_array().expect("a list");
    assert_eq!(replicas.len(), if row["name"] == "audit" { 1 } else { 2 }, "{row:#}");
    let bounds: u64 = replicas.iter().filter_map(|replica| replica["mailbox"]["bound"].as_u64()).sum();
    assert_eq!(row["mailbox"]["bound"], bounds, "{row:#}");
    for (number, replica) in replicas.iter().enumerate() {
        assert_eq!((&replica["replica"], &replica["incarnation"]), (&json!(number), &json!(1)), "{row:#}");
        assert!(replica["uptimeSeconds"].as_f64().is_some_and(|uptime| uptime > 0.0), "{row:#}");
    }
}

#[tokio::test]
async fn messages_are_counted_by_their_type_with_the_time_they_take() {
    let server = TestServer::start();
    let admin = server.admin().await;
    for _ in 0..10 {
        admin.get("/customers").await.expect(200);
    }
    let customers = row(&admin, "customers", |_| true).await;
    let lists = &customers["messages"][0];
    assert_eq!((&lists["type"], &lists["count"], &lists["errors"]), (&json!("ListCustomers"), &json!(10), &json!(0)));
    let (p50, p99) = (lists["p50Ms"].as_f64().expect("a number"), lists["p99Ms"].as_f64().expect("a number"));
    assert!(0.0 < p50 && p50 <= p99 && p99 < 20_000.0, "{lists}");
    let hashing = row(&admin, "passwords", |_| true).await;
    assert!(hashing["messages"][0]["count"].as_u64() >= Some(1), "somebody has signed in: {hashing:#}");
}

#[tokio::test]
async fn a_panic_is_shown_with_its_place_and_its_time() {
    let server = TestServer::start();
    let admin = server.admin().await;
    poison(&server).await;
    let customers = row(&admin, "customers", |row| row["restarts"] == 1 && row["state"] == "running").await;
    assert_eq!((&customers["panics"], &customers["ready"]), (&json!(1), &json!(true)), "{customers:#}");
    let mut lives = incarnations(&customers);
    lives.sort_unstable();
    assert_eq!(lives, [1, 2], "{customers:#}");
    let failure = &customers["lastFailure"];
    assert_eq!((&failure["kind"], &failure["reason"]), (&json!("panic"), &json!("poisoned")), "{failure}");
    assert_eq!(failure["during"], "Poison", "{failure}");
    assert!(failure["at"].as_str().is_some_and(|place| place.starts_with("tests/api/ops/mod.rs:")), "{failure}");
    assert!(failure["time"].as_str().is_some_and(is_time), "{failure}");
    let of_replicas = customers["replicas"].as_array().expect("a list").iter();
    assert_eq!(of_replicas.filter_map(|replica| replica.get("lastFailure")).collect::<Vec<_>>(), [failure]);
    let poisoned = customers["messages"].as_array().expect("a list").iter().find(|one| one["type"] == "Poison");
    let poisoned = poisoned.expect("the message is told of");
    assert_eq!((&poisoned["count"], &poisoned["errors"]), (&json!(1), &json!(1)), "{poisoned}");
}
