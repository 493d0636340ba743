//! A killed server loses nothing that it had answered.

use actix_rt::System;
use clientele::store::{CommitError, Store, Write};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::super::store::customer::{CUSTOMERS, EVENTS, Event, customer, id};
use super::open;
use crate::harness::servers::MongoDb;

/// The substitutes flush each commit to disk; a real server does so when it is asked to, as the store does.
#[test]
fn a_killed_server_loses_nothing_that_it_had_answered() {
    let server = MongoDb::start();
    System::new().block_on(async {
        let store = open(&server.uri("killed")).await;
        let store = &store;
        let commit = |n: usize| async move {
            let event = Event { id: id(n), customer: id(n) };
            (n, store.commit(vec![Write::insert(&customer(n)), Write::insert(&event)]).await)
        };
        let mut commits: FuturesUnordered<_> = (0..16).map(commit).collect();
        let (mut answered, mut next) = (Vec::new(), 16);
        while let Some((n, outcome)) = commits.next().await {
            match outcome {
                Ok(()) => answered.push(n),
                Err(CommitError::Store(_)) => {}
                Err(conflict) => panic!("{n} met itself: {conflict:?}"),
            }
            if answered.len() == 100 || answered.len() == 200 {
                // Again while others are under way, which are sent again.
                server.restart();
            }
            if answered.len() < 300 {
                commits.push(commit(next));
                next += 1;
            }
        }
        server.restart();
        let store = open(&server.uri("killed")).await;
        for n in &answered {
            assert!(store.get(&CUSTOMERS, id(*n)).await.unwrap().is_some(), "{n} was answered and is lost");
        }
        let customers = store.count(&CUSTOMERS, vec![]).await.unwrap();
        assert_eq!(store.count(&EVENTS, vec![]).await.unwrap(), customers, "each customer has its event");
    });
}
