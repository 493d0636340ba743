//! Commits that the server fails at a chosen point: each is done once. The substitutes know a real server's fail points, but
//! no election: a primary that steps down is one that says so.

use actix_rt::System;
use clientele::store::{Store, Write};
use mongodb::bson::{Document, doc};

use super::super::store::customer::{CUSTOMERS, EVENTS, Event, customer, get, id, insert_all};
use super::{command, open};
use crate::harness::servers::MongoDb;

const NOT_WRITABLE_PRIMARY: i32 = 10_107;
const SHUTDOWN_IN_PROGRESS: i32 = 91;
const WRITE_CONFLICT: i32 = 112;
const NO_SUCH_TRANSACTION: i32 = 251;

/// What the next commands of this kind meet.
fn fail(times: i32, commands: &[&str], how: Document) -> Document {
    let mut failure = doc! { "failCommands": commands.to_vec() };
    failure.extend(how);
    doc! { "configureFailPoint": "failCommand", "mode": { "times": times }, "data": failure }
}

/// Commits one write and two, each after each of the failures.
async fn commits_in_spite_of(failures: &[(&str, Document)]) {
    let server = MongoDb::start();
    let uri = server.uri("failures");
    let store = open(&uri).await;
    insert_all(&store, &[customer(0)]).await;
    let mut version = 1;
    for (n, (what, failure)) in failures.iter().enumerate() {
        command(&uri, failure.clone()).await.unwrap();
        let next = customer(0).changed(|customer| customer.version = version + 1);
        let event = Event { id: id(1_000 + n), customer: id(0) };
        let writes = vec![Write::replace(&next, version), Write::insert(&event)];
        store.commit(writes).await.unwrap_or_else(|error| panic!("two writes, {what}: {error:?}"));
        version += 1;

        command(&uri, failure.clone()).await.unwrap();
        let write = Write::insert(&customer(1 + n));
        store.commit(vec![write]).await.unwrap_or_else(|error| panic!("one write, {what}: {error:?}"));
        command(&uri, doc! { "configureFailPoint": "failCommand", "mode": "off" }).await.unwrap();
    }
    assert_eq!(get(&store, id(0)).await.unwrap().version, version);
    assert_eq!(store.count(&EVENTS, vec![]).await.unwrap(), failures.len() as u64);
    assert_eq!(store.count(&CUSTOMERS, vec![]).await.unwrap(), 1 + failures.len() as u64);
}

#[test]
fn a_change_of_the_primary_in_the_middle_of_a_commit_is_survived() {
    let transient = doc! { "errorLabels": ["TransientTransactionError"] };
    let with = |code: i32, labels: &Document| {
        let mut how = doc! { "errorCode": code };
        how.extend(labels.clone());
        how
    };
    System::new().block_on(commits_in_spite_of(&[
        ("not the primary", fail(1, &["bulkWrite"], with(NOT_WRITABLE_PRIMARY, &transient))),
        ("not the primary twice", fail(2, &["bulkWrite"], with(NOT_WRITABLE_PRIMARY, &transient))),
        ("a conflict", fail(3, &["bulkWrite"], with(WRITE_CONFLICT, &transient))),
        ("no transaction", fail(1, &["commitTransaction"], with(NO_SUCH_TRANSACTION, &transient))),
        ("a conflict at the end", fail(1, &["commitTransaction"], with(WRITE_CONFLICT, &transient))),
    ]));
}

#[test]
fn a_commit_of_unknown_outcome_is_tried_until_it_is_known() {
    let how = doc! { "errorCode": SHUTDOWN_IN_PROGRESS, "errorLabels": ["UnknownTransactionCommitResult"] };
    System::new().block_on(commits_in_spite_of(&[
        ("unknown once", fail(1, &["commitTransaction"], how.clone())),
        ("unknown again and again", fail(5, &["commitTransaction"], how)),
    ]));
}

#[test]
fn a_connection_that_ends_during_a_commit_is_survived() {
    let closed = doc! { "closeConnection": true };
    System::new().block_on(commits_in_spite_of(&[
        ("closed at the writes", fail(1, &["bulkWrite"], closed.clone())),
        ("closed at the commit", fail(1, &["commitTransaction"], closed.clone())),
        ("closed at the commit, three times", fail(3, &["commitTransaction"], closed)),
    ]));
}

/// The document is there when the error comes: a conflict with oneself is none.
#[test]
fn a_write_that_was_done_and_not_answered_is_not_done_twice() {
    let late = doc! { "writeConcernError": { "code": SHUTDOWN_IN_PROGRESS, "errmsg": "shutting down" } };
    System::new().block_on(commits_in_spite_of(&[("done, then the end", fail(1, &["bulkWrite"], late))]));
}
