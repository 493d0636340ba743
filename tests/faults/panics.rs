//! A panic in an actor during load: only the message that met it fails.

use std::cell::Cell;
use std::rc::Rc;

use actix::{Actor, Context, Handler, Message};
use clientele::actors::audit::AuditActor;
use clientele::actors::auth::AuthActor;
use clientele::actors::customers::CustomerActor;
use clientele::actors::groups::GroupActor;
use clientele::actors::rate_limiter::RateLimiterActor;
use clientele::actors::supervision::{AskError, Fault, Isolated, Mailbox, isolated_future};
use clientele::testkit::soon;
use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;
use tokio::time::Instant;

use crate::harness::client::customer;
use crate::harness::trail::{assert_unbroken, changes, whole_trail};
use crate::harness::writer::Writer;
use crate::harness::{Client, SOON, TestServer, status_of};

/// A message whose handler panics.
#[derive(Message)]
#[rtype(result = "()")]
struct Poison;

macro_rules! poisoned {
    ($($actor:ty),+) => {$(
        impl Handler<Poison> for $actor {
            type Result = Isolated<Self, ()>;

            fn handle(&mut self, _: Poison, _: &mut Self::Context) -> Self::Result {
                isolated_future(async { panic!("poisoned") })
            }
        }
    )+};
}

poisoned!(AuthActor, CustomerActor, GroupActor, AuditActor, RateLimiterActor);

#[actix_web::test]
async fn a_panic_in_an_actor_during_load_fails_one_message_and_nothing_else() {
    let server = TestServer::with(&[("RATE_LIMIT_MAX_REQUESTS", "1000000"), ("RATE_LIMIT_AUTH_MAX_REQUESTS", "0")]);
    let admin = server.admin().await;
    let (enough, written) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    // Whatever they are answered that is no success fails the test.
    let writing: Vec<_> = (0..8)
        .map(|number| {
            let mut writer = Writer::new(&format!("w{number}"), admin.clone(), number);
            let (enough, written) = (Rc::clone(&enough), Rc::clone(&written));
            actix_web::rt::spawn(async move {
                while !enough.get() {
                    assert!(writer.step().await, "every request is answered");
                    written.set(written.get() + 1);
                }
                writer
            })
        })
        .collect();
    for _ in 0..2 {
        for worker in server.backend().workers() {
            poison(&server, &written, &worker.auth).await;
            poison(&server, &written, &worker.customers).await;
            poison(&server, &written, &worker.groups).await;
            poison(&server, &written, &worker.rate_limiter).await;
            poison(&server, &written, &worker.audit).await;
        }
    }
    enough.set(true);
    let mut expected = Vec::new();
    let trail = {
        let mut writers = Vec::new();
        for writer in writing {
            writers.push(writer.await.expect("a writer got what it was promised"));
        }
        for writer in &writers {
            writer.verify(&admin).await;
            expected.extend(writer.promised().to_vec());
        }
        whole_trail(&admin, "marker").await
    };
    assert_unbroken(&trail);
    let mut told = changes(&trail);
    told.retain(|(request, ..)| request != "marker");
    expected.sort_unstable();
    assert_eq!(told, expected, "the trail tells what was done, and nothing else");
}

/// Has an actor meet a panic, once in a message and once in its own poll, and waits until it serves again.
async fn poison<A>(server: &TestServer, written: &Cell<usize>, actor: &Mailbox<A>)
where
    A: Actor<Context = Context<A>> + Handler<Poison>,
{
    for in_message in [true, false] {
        let before = actor.status();
        if in_message {
            let crashed = actor.ask(soon(), Poison).await;
            assert_eq!(crashed, Err(AskError::Crashed { reason: "poisoned".into() }));
        } else {
            actor.inject(Fault::Panic);
        }
        let written_before = written.get();
        let until = Instant::now() + SOON;
        while actor.status().incarnation == before.incarnation || written.get() < written_before + 8 {
            assert!(Instant::now() < until, "no new life, or no load, after {before:?}: {:?}", actor.status());
            tokio::task::yield_now().await;
        }
        let ready = status_of(&format!("{}/health/ready", server.url()));
        assert_eq!(ready, Some(200), "a restart is routine: {:?}", server.backend().supervisor().unready());
    }
}

#[actix_web::test]
async fn a_request_that_goes_down_with_its_actor_is_told_to_come_again() {
    let server = TestServer::with(&[("MAX_WORKERS", "1")]);
    let admin = server.admin().await;
    let actor = server.backend().workers()[0].customers.clone();
    // The store cannot write, so that the request is in flight for longer than its actor's last grace.
    let store = Connection::open(server.folder().join("clientele.db")).expect("the store is an SQLite file");
    store.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes for long");
    let request = admin.request(Method::POST, "/customers").header("X-Request-Id", "doomed").json(&customer(1));
    let asking = actix_web::rt::spawn(request.send());
    wait(|| actor.status().in_flight == 1, "the request is in flight").await;
    actor.inject(Fault::Panic);
    let answer = asking.await.expect("no panic").expect("an answer");
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
    let body: serde_json::Value = answer.json().await.expect("a problem");
    assert_eq!(body["code"], 5001, "{body}");
    store.execute_batch("ROLLBACK").expect("nothing stands against it");

    admin.post("/customers", customer(2)).await.expect(201);
    agree_about_the_doomed(&admin).await;
}

#[actix_web::test]
async fn a_change_whose_actor_is_gone_is_not_hidden_by_what_was_cached() {
    let server = TestServer::with(&[("MAX_WORKERS", "1")]);
    let admin = server.admin().await;
    let made = admin.post("/customers", customer(1)).await.expect(201);
    let path = format!("/customers/{}", made["id"].as_str().expect("an id"));
    admin.get(&path).await.expect(200);
    let actor = server.backend().workers()[0].customers.clone();
    // The writer has taken the change up, and waits for its turn to write.
    let store = Connection::open(server.folder().join("clientele.db")).expect("the store is an SQLite file");
    store.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes for long");
    let writer = server.backend().pools().store.as_ref().expect("it is embedded").writer.clone();
    let asking = actix_web::rt::spawn(admin.request(Method::PATCH, &path).json(&json!({"name": "Renamed"})).send());
    wait(|| actor.status().in_flight == 1 && writer.status().running == 1, "the change is under way").await;
    actor.inject(Fault::Stop);
    assert_eq!(asking.await.expect("no panic").expect("an answer").status(), 503);
    assert_eq!(admin.get(&path).await.expect(200)["version"], 1, "nothing has changed yet");
    store.execute_batch("ROLLBACK").expect("nothing stands against it");

    let until = Instant::now() + SOON;
    while admin.get(&path).await.expect(200)["name"] != "Renamed" {
        assert!(Instant::now() < until, "what is read is older than what is stored");
    }
}

/// The doomed request may have been done or not, but then there is a customer and an event, or neither.
async fn agree_about_the_doomed(admin: &Client) {
    let trail = whole_trail(admin, "marker").await;
    let events = trail.iter().filter(|event| event["requestId"] == "doomed").count();
    let page = admin.get("/customers").await.expect(200);
    let customers = page["data"].as_array().expect("a list");
    let made = customers.iter().filter(|one| one["email"] == customer(1)["email"]).count();
    assert_eq!(events, made, "{page}");
    assert_eq!(customers.len(), 1 + made, "{page}");
}

#[actix_web::test]
async fn an_actor_that_takes_no_messages_is_named_by_readiness_until_it_does() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let actor = server.backend().workers()[1].groups.clone();
    actor.suspend();
    wait(|| !actor.status().ready, "the actor is suspended").await;
    let answer = admin.get("//health/ready").await;
    assert_eq!(answer.failure(), (503, 5001), "{answer:?}");
    assert_eq!(answer.body["unready"], json!([actor.status().full_name()]), "{answer:?}");
    for _ in 0..20 {
        admin.get("/customers").await.expect(200);
    }
    actor.resume();
    wait(|| actor.status().ready, "the actor goes on").await;
    admin.get("//health/ready").await.expect(200);
}

async fn wait(condition: impl Fn() -> bool, what: &str) {
    let until = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < until, "it is not so that {what}");
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn the_replicas_of_other_workers_stand_in_for_one_that_has_failed() {
    let server = TestServer::with(&[("RATE_LIMIT_MAX_REQUESTS", "0")]);
    let admin = server.admin().await;
    let worker = server.backend().workers().remove(1);
    worker.customers.drain(soon()).await;
    worker.groups.suspend();
    wait(|| !worker.groups.status().ready, "the actor is suspended").await;
    // Each of them on a connection of its own, which some worker takes.
    for _ in 0..20 {
        let mut client = server.client();
        client.session = admin.session.clone();
        client.get("/customers").await.expect(200);
        client.get("/customers/groups").await.expect(200);
    }
    worker.groups.resume();
}
