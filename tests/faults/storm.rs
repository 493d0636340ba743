//! 64 clients hammer sign-in.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use clientele::actors::supervision::PoolStatus;
use serde_json::json;

use crate::harness::client::{PASSWORD, customer};
use crate::harness::{Client, TestServer};
use crate::latency::{BEARABLE, ninety_ninth};

const CLIENTS: usize = 64;

/// How many sign-ins have to succeed until the storm is over.
const ENOUGH: usize = 50;

/// What came of the storm.
#[derive(Default)]
struct Storm {
    succeeded: Cell<usize>,
    refused: Cell<u64>,
    deepest_queue: Cell<usize>,
    refusals_took: RefCell<Vec<Duration>>,
    reads_took: RefCell<Vec<Duration>>,
}

#[actix_web::test]
async fn a_storm_of_sign_ins_is_bounded_and_leaves_others_alone() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let made = admin.post("/customers", customer(1)).await.expect(201);
    let path = format!("/customers/{}", made["id"].as_str().expect("an id"));
    server.client().registered("ada@example.com").await;
    let before = passwords(&server);

    let storm = Rc::new(Storm::default());
    let hammering: Vec<_> =
        (0..CLIENTS).map(|_| actix_web::rt::spawn(hammer(server.client(), Rc::clone(&storm)))).collect();
    while storm.succeeded.get() < ENOUGH {
        let asked = Instant::now();
        admin.get(&path).await.expect(200);
        storm.reads_took.borrow_mut().push(asked.elapsed());
        storm.deepest_queue.set(storm.deepest_queue.get().max(passwords(&server).queue_depth));
    }
    for client in hammering {
        client.await.expect("every answer is one that the contract allows");
    }

    let after = passwords(&server);
    let (succeeded, refused) = (storm.succeeded.get() as u64, storm.refused.get());
    println!("{succeeded} signed in, {refused} refused; {after:?}");
    assert_eq!(after.shed - before.shed, refused, "who was refused was refused by the pool, at once");
    assert_eq!(after.done - before.done, succeeded, "all hashing is done by the pool");
    assert!(refused > 0, "64 clients are more than {} may wait", after.queue_bound);
    assert!(after.queue_bound <= 16 * after.threads_expected, "{after:?}");
    assert!(storm.deepest_queue.get() <= after.queue_bound, "{} waited", storm.deepest_queue.get());
    assert_eq!((after.threads_live, after.panics), (after.threads_expected, 0));
    let (refusals, reads) = (ninety_ninth(storm.refusals_took.take()), ninety_ninth(storm.reads_took.take()));
    println!("99 of 100 refusals took at most {refusals:?}, reads of a customer {reads:?}");
    assert!(reads < BEARABLE, "99 % of the reads within {reads:?}");
    assert!(refusals < BEARABLE, "99 % of the refusals within {refusals:?}");
}

/// Signs in again and again until there were enough sign-ins.
async fn hammer(client: Client, storm: Rc<Storm>) {
    while storm.succeeded.get() < ENOUGH {
        let asked = Instant::now();
        let answer = client.post("/auth/login", json!({"email": "ada@example.com", "password": PASSWORD})).await;
        if answer.status == 200 {
            storm.succeeded.set(storm.succeeded.get() + 1);
            let signed_in = client.clone().with_token(answer.body["accessToken"].as_str().expect("a token"));
            assert_eq!(signed_in.get("/auth/me").await.expect(200)["email"], "ada@example.com");
        } else {
            assert_eq!(answer.failure(), (503, 5001), "{answer:?}");
            let retry_after: u64 = answer.header("retry-after").parse().expect("a number of seconds");
            assert!((1..=60).contains(&retry_after), "{answer:?}");
            storm.refused.set(storm.refused.get() + 1);
            storm.refusals_took.borrow_mut().push(asked.elapsed());
        }
    }
}

fn passwords(server: &TestServer) -> PoolStatus {
    let pools = server.backend().supervisor().pools();
    pools.into_iter().find(|pool| pool.name == "passwords").expect("there is a pool of hashers")
}
