//! A server that is held, gone or cut off.

use std::time::Duration;

use actix_rt::System;
use clientele::store::mongodb::{MongoOptions, MongoStore};
use clientele::store::{CommitError, Store, StoreError, Write};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::super::store::customer::{CUSTOMERS, customer, find, get, id, insert_all};
use super::{answers_again, connect, open, options};
use crate::harness::servers::{MongoDb, Proxy};

const PATIENCE: Duration = Duration::from_millis(700);

async fn impatient(uri: &str) -> MongoStore {
    open(uri).await;
    MongoStore::connect(MongoOptions { patience: PATIENCE, ..options(uri) }).await.unwrap()
}

#[test]
fn a_held_server_is_given_up_in_time_and_used_again_afterwards() {
    let server = MongoDb::start();
    System::new().block_on(async {
        let store = impatient(&server.uri("held")).await;
        insert_all(&store, &[customer(1)]).await;
        server.pause();
        let begun = Instant::now();
        let read = store.get(&CUSTOMERS, id(1)).await.unwrap_err();
        let written = store.commit(vec![Write::insert(&customer(2)), Write::insert(&customer(3))]).await.unwrap_err();
        let pinged = store.ping().await.unwrap_err();
        assert!(begun.elapsed() < PATIENCE * 4, "{:?}", begun.elapsed());
        assert!(matches!(read, StoreError::TimedOut | StoreError::Unreachable(_)), "{read:?}");
        assert!(
            matches!(written, CommitError::Store(StoreError::TimedOut | StoreError::Unreachable(_))),
            "{written:?}"
        );
        assert!(matches!(pinged, StoreError::TimedOut | StoreError::Unreachable(_)), "{pinged:?}");
        server.resume();
        answers_again(&store).await;
        // What was begun and given up holds no document for ever.
        insert_all(&store, &[customer(4), customer(5)]).await;
        let halves = [get(&store, id(2)).await.is_some(), get(&store, id(3)).await.is_some()];
        assert_eq!(halves[0], halves[1], "all or nothing");
    });
}

#[test]
fn a_killed_server_is_unreachable_until_it_is_back() {
    let server = MongoDb::start();
    System::new().block_on(async {
        let store = open(&server.uri("gone")).await;
        insert_all(&store, &[customer(1)]).await;
        server.kill();
        let begun = Instant::now();
        let read = store.get(&CUSTOMERS, id(1)).await.unwrap_err();
        assert!(matches!(read, StoreError::Unreachable(_)), "{read:?}");
        let written = store.commit(vec![Write::insert(&customer(2))]).await.unwrap_err();
        assert!(matches!(written, CommitError::Store(StoreError::Unreachable(_))), "{written:?}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        let refused = connect(&server.uri("gone")).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unreachable(_)), "{refused:?}");
        server.restart();
        let back = Instant::now();
        answers_again(&store).await;
        assert!(back.elapsed() < Duration::from_secs(5), "{:?}", back.elapsed());
        assert_eq!(find(&store, &[]).await, [customer(1)]);
    });
}

/// Cuts fall before, into and behind commits; each is done once or not at all, and told so.
#[test]
fn commits_over_a_line_that_is_cut_are_done_once() {
    let server = MongoDb::start();
    let proxy = Proxy::to(server.address());
    System::new().block_on(async {
        let store = open(&server.uri_at(proxy.address(), "cut")).await;
        insert_all(&store, &[customer(0)]).await;
        let (mut version, mut done) = (1, 0);
        for n in 1..=60 {
            let next = customer(0).changed(|customer| customer.version = version + 1);
            let writes = if n % 2 == 0 {
                vec![Write::replace(&next, version)]
            } else {
                vec![Write::replace(&next, version), Write::insert(&customer(n))]
            };
            let commit = store.commit(writes);
            let cutting = async {
                tokio::time::sleep(Duration::from_micros(fastrand::u64(0..6_000))).await;
                proxy.cut();
            };
            let (outcome, ()) = tokio::join!(commit, cutting);
            match outcome {
                Ok(()) => {
                    version += 1;
                    done += 1;
                }
                Err(CommitError::Store(_)) => {
                    answers_again(&store).await;
                    version = get(&store, id(0)).await.expect("it is there").version;
                }
                Err(conflict) => panic!("{n} met itself: {conflict:?}"),
            }
        }
        assert!(done >= 50, "most are sent again with success: {done}");
    });
}

#[test]
fn a_single_server_is_refused_with_the_way_to_make_it_a_replica_set() {
    let server = MongoDb::start_alone();
    System::new().block_on(async {
        let refusal = connect(&server.uri("alone")).await.unwrap_err();
        let StoreError::Unreachable(cause) = &refusal else { panic!("{refusal:?}") };
        let text = cause.to_string();
        assert!(text.contains("mongod --replSet rs0") && text.contains("rs.initiate()"), "{text}");
    });
}

#[test]
fn reads_and_single_writes_take_one_round_trip_and_commits_of_several_take_two() {
    const CALLS: usize = 50;
    // Heartbeats, and greetings of new connections.
    const OTHERS: u64 = 20;
    let server = MongoDb::start();
    let proxy = Proxy::to(server.address());
    System::new().block_on(async {
        let store = open(&server.uri_at(proxy.address(), "trips")).await;
        insert_all(&store, &[customer(0)]).await;
        let begun = proxy.requests();
        for _ in 0..CALLS {
            get(&store, id(0)).await.unwrap();
        }
        let read = proxy.requests();
        for n in 1..=CALLS {
            store.commit(vec![Write::insert(&customer(n))]).await.unwrap();
        }
        let written = proxy.requests();
        for n in 1..=CALLS {
            let writes = vec![Write::delete(&customer(n)), Write::insert(&customer(100 + n))];
            store.commit(writes).await.unwrap();
        }
        let committed = proxy.requests();
        let calls = CALLS as u64;
        for (what, trips, each) in [
            ("reads", read - begun, 1),
            ("single writes", written - read, 1),
            ("commits of two writes", committed - written, 2),
        ] {
            assert!((each * calls..=each * calls + OTHERS).contains(&trips), "{what}: {trips} for {calls}");
        }
    });
}

#[test]
fn calls_beyond_the_bound_are_refused_at_once_and_leave_nothing() {
    let server = MongoDb::start();
    System::new().block_on(async {
        let uri = server.uri("full");
        open(&uri).await;
        let bounded = MongoOptions { pool_size: 2, waiting: 8, patience: PATIENCE, ..options(&uri) };
        let store = MongoStore::connect(bounded).await.unwrap();
        server.pause();
        let writes: Vec<_> = (0..40).map(|n| Write::insert(&customer(n))).collect();
        let outcomes = join_all(writes.into_iter().map(|write| store.commit(vec![write]))).await;
        let refused = |outcome: &&Result<(), CommitError>| {
            matches!(outcome, Err(CommitError::Store(StoreError::Overloaded { .. })))
        };
        assert_eq!(outcomes.iter().filter(refused).count(), 30, "{outcomes:?}");
        server.resume();
        answers_again(&store).await;
        assert!(store.count(&CUSTOMERS, vec![]).await.unwrap() <= 10);
        store.has_room().unwrap();
    });
}
