//! A server that is held, gone or cut off.

use std::time::Duration;

use actix_rt::System;
use clientele::store::mongodb::{MongoOptions, MongoStore};
use clientele::store::{CommitError, Store, StoreError, Write};
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
