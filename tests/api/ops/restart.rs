//! `POST /ops/actors/{name}/restart`: every replica begins a new life, nobody's request is lost, and it is on record.

use std::cell::Cell;
use std::rc::Rc;

use reqwest::Method;
use serde_json::json;

use super::follower::Follower;
use super::{incarnations, row};
use crate::contents;
use crate::harness::client::customer;
use crate::harness::{Client, TestServer};
use crate::problem::{assert_faults, assert_problem};
use crate::trail::until_told;

const ACTORS: &[&str] = &["auth", "customers", "groups", "audit", "rate-limiter"];

async fn restart(admin: &Client, name: &str) -> crate::harness::client::Answer {
    admin.send(admin.request(Method::POST, &format!("//ops/actors/{name}/restart"))).await
}

#[actix_web::test]
async fn a_restart_gives_every_replica_a_new_life_and_costs_no_request() {
    let server = TestServer::with(&[("RATE_LIMIT_MAX_REQUESTS", "1000000"), ("RATE_LIMIT_AUTH_MAX_REQUESTS", "0")]);
    let admin = server.admin().await;
    let (enough, made) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let writing: Vec<_> = (0..4)
        .map(|_| {
            let (admin, enough, made) = (admin.clone(), Rc::clone(&enough), Rc::clone(&made));
            actix_web::rt::spawn(async move {
                while !enough.get() {
                    made.set(made.get() + 1);
                    admin.post("/customers", customer(made.get())).await.expect(201);
                    admin.get("/customers?limit=1").await.expect(200);
                }
            })
        })
        .collect();
    for name in ACTORS {
        let before = incarnations(&row(&admin, name, |_| true).await);
        let answer = restart(&admin, name).await.expect(202);
        assert_eq!(answer, json!({"name": name, "restarted": before.len()}));
        let after: Vec<_> = before.iter().map(|life| life + 1).collect();
        row(&admin, name, |row| incarnations(row) == after && row["ready"] == true).await;
    }
    enough.set(true);
    for writer in writing {
        writer.await.expect("every request was answered");
    }
    let page = admin.get("/customers?limit=1&include=total").await.expect(200);
    assert_eq!(page["page"]["total"], made.get());
}

#[tokio::test]
async fn a_restart_of_a_pool_is_counted_and_told() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let mut events = Follower::of(&admin, None).await;
    let before = row(&admin, "passwords", |_| true).await;
    let answer = restart(&admin, "passwords").await.expect(202);
    assert_eq!(answer, json!({"name": "passwords", "restarted": before["threads"]["expected"]}));
    let told = events.until(|message| message.data["actor"] == "passwords").await;
    assert_eq!((told.event.as_str(), &told.data["incarnation"]), ("restarted", &json!(2)));
    assert_eq!(told.data["reason"], "restarted by an operator");
    row(&admin, "passwords", |row| row["restarts"] == 1).await;
    let page = admin.get("//metrics").await.text;
    assert!(page.contains("clientele_pool_restarts_total{pool=\"passwords\"} 1\n"), "{page}");
}

#[tokio::test]
async fn one_replica_alone_can_be_restarted() {
    let server = TestServer::start();
    let admin = server.admin().await;
    assert_eq!(restart(&admin, "groups%2F1").await.expect(202), json!({"name": "groups/1", "restarted": 1}));
    row(&admin, "groups", |row| incarnations(row) == [1, 2] && row["ready"] == true).await;
}

#[tokio::test]
async fn a_restart_is_on_record_and_what_is_refused_is_not() {
    let server = TestServer::start();
    let admin = server.admin().await;
    assert_problem(&restart(&admin, "nobody").await, 404, 3001);
    let faulty = admin.post("//ops/actors/groups/restart", json!({"when": "now"})).await;
    assert_faults(&faulty, 2002, &["/when"]);
    let done = admin.post("//ops/actors/groups/restart", json!({})).await;
    assert_eq!(done.status, 202, "{}", done.text);

    let events = until_told(&admin, done.header("x-request-id")).await;
    let restarts: Vec<_> = events.iter().filter(|event| event["action"] == "ops.actor_restarted").collect();
    let [event] = restarts[..] else { panic!("one restart: {restarts:#?}") };
    assert_eq!(event["requestId"], done.header("x-request-id"));
    assert_eq!(event["resource"], json!({"type": "ops", "name": "groups"}));
    assert_eq!((&event["outcome"], &event["bypass"]), (&json!("success"), &json!(true)));
    assert_eq!(event["actor"]["email"], crate::harness::ADMIN.0);
}

#[tokio::test]
async fn nothing_is_restarted_that_cannot_be_recorded() {
    let server = TestServer::embedded();
    let admin = server.admin().await;
    let before = row(&admin, "groups", |_| true).await;
    let store = contents::open(&server);
    let refusal = "CREATE TRIGGER refusal BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no'); END";
    store.execute_batch(refusal).expect("the store can be meddled with");
    assert_problem(&restart(&admin, "groups").await, 500, 4002);
    let change = admin.put("//ops/log-level", json!({"level": "trace"})).await;
    assert_problem(&change, 500, 4002);
    store.execute_batch("DROP TRIGGER refusal").expect("the store can be mended");

    assert_eq!(admin.get("//ops/log-level").await.expect(200), json!({"level": "info"}));
    restart(&admin, "customers").await.expect(202);
    row(&admin, "customers", |row| incarnations(row) == [2, 2]).await;
    let after = row(&admin, "groups", |_| true).await;
    assert_eq!(incarnations(&after), incarnations(&before), "it was not restarted");
}
