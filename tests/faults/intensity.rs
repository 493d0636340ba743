//! An actor that cannot be made any more: it gives up, is named, and comes back when the cause is gone.

use std::time::{Duration, Instant};

use clientele::actors::supervision::{FailureKind, Fault, State};
use serde_json::json;

use crate::harness::client::customer;
use crate::harness::{SOON, TestServer, wait_until};
use crate::latency::{BEARABLE, ninety_ninth};

#[actix_web::test]
async fn an_actor_that_cannot_start_has_failed_and_recovers_without_a_restart_of_the_process() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let made = admin.post("/customers/groups", json!({"name": "Pioneers"})).await.expect(201);
    let group = format!("/customers/groups/{}", made["id"].as_str().expect("an id"));
    let groups: Vec<_> = server.backend().workers().into_iter().map(|worker| worker.groups).collect();

    let causes: Vec<_> = groups.iter().map(|actor| actor.inject(Fault::RefuseStart(u32::MAX))).collect();
    groups.iter().for_each(|actor| actor.restart());
    for actor in &groups {
        wait_until(3 * SOON, || actor.status().state == State::Failed, "it gives up").await;
        let failure = actor.status().last_failure.expect("it tells why");
        assert_eq!((failure.kind, failure.during), (FailureKind::Start, Some("factory")), "{failure:?}");
    }
    let names: Vec<String> = groups.iter().map(|actor| actor.status().full_name()).collect();
    let answer = admin.get("//health/ready").await;
    assert_eq!((answer.failure(), &answer.body["unready"]), ((503, 5001), &json!(names)), "{answer:?}");

    let (mut refusals, mut others) = (Vec::new(), Vec::new());
    for number in 0..200 {
        let asked = Instant::now();
        let answer = admin.get(&group).await;
        refusals.push(asked.elapsed());
        assert_eq!(answer.failure(), (503, 5001), "{answer:?}");
        let retry_after: u64 = answer.header("retry-after").parse().expect("a number of seconds");
        assert!((1..=30).contains(&retry_after), "the cool-down is 30 s: {answer:?}");
        let asked = Instant::now();
        admin.post("/customers", customer(number)).await.expect(201);
        admin.get("/customers?limit=5").await.expect(200);
        others.push(asked.elapsed());
    }
    let (refusals, others) = (ninety_ninth(refusals), ninety_ninth(others));
    assert!(refusals < BEARABLE && others < BEARABLE, "refused within {refusals:?}, others served within {others:?}");

    causes.iter().for_each(|cause| cause.withdraw());
    assert_eq!(admin.get(&group).await.failure(), (503, 5001), "it rests until its cool-down is over");
    groups.iter().for_each(|actor| actor.restart());
    for actor in &groups {
        wait_until(3 * SOON, || actor.status().state == State::Running, "an operator wakes it").await;
    }
    assert_eq!(admin.get(&group).await.expect(200)["name"], "Pioneers");
    admin.get("//health/ready").await.expect(200);
}

#[actix_web::test]
async fn a_failed_actor_comes_back_by_itself_after_its_cool_down_and_at_the_time_that_was_told() {
    let server = TestServer::with(&[("MAX_WORKERS", "1")]);
    let admin = server.admin().await;
    let groups = server.backend().workers()[0].groups.clone();
    let cause = groups.inject(Fault::RefuseStart(u32::MAX));
    groups.restart();
    wait_until(3 * SOON, || groups.status().state == State::Failed, "it gives up").await;
    cause.withdraw();
    let refused = Instant::now();
    let answer = admin.get("/customers/groups").await;
    assert_eq!(answer.failure(), (503, 5001), "{answer:?}");
    let retry_after: u64 = answer.header("retry-after").parse().expect("a number of seconds");
    let told = Duration::from_secs(retry_after);

    // Nobody does anything to it.
    let until = refused + told + SOON;
    while admin.get("/customers/groups").await.status != 200 {
        assert!(Instant::now() < until, "it does not come back: {:?}", groups.status());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let away = refused.elapsed();
    assert!(away <= told + Duration::from_secs(1), "told {told:?}, and served after {away:?}");
    assert!(away + Duration::from_secs(2) > told, "told {told:?}, and served after {away:?} already");
}
