//! The suite on a MongoDB server, and what only a server can show.
//!
//! The server is a substitute where `TEST_MONGODB_URI` names no other. What the one that is installed cannot do is said
//! where it matters.

mod failures;
mod kill;
mod migrations;
mod outages;
mod plans;

use std::sync::Arc;
use std::time::Duration;

use actix_rt::System;
use clientele::store::mongodb::{MongoOptions, MongoStore};
use clientele::store::{Store, StoreError};
use mongodb::Client;
use mongodb::bson::{Document, doc};
use tokio::time::Instant;

use super::store::customer::COLLECTIONS;
use super::store::{Backend, store_suite};
use crate::harness::SOON;
use crate::harness::servers::{self, unique};

store_suite!(fresh);

async fn fresh() -> Backend {
    let database = Scratch::new();
    Backend { store: Arc::new(open(&database.0).await), _keep: Box::new(database) }
}

/// A database of the shared server that no other test has, dropped at the end.
struct Scratch(String);

impl Scratch {
    fn new() -> Self {
        Self(servers::mongodb().uri(&unique("store")))
    }
}

impl Drop for Scratch {
    /// Leaves nothing on a server that stays; the tests' own one goes with them.
    fn drop(&mut self) {
        if std::env::var_os("TEST_MONGODB_URI").is_none() {
            return;
        }
        let uri = self.0.clone();
        let dropped = std::thread::spawn(move || System::new().block_on(async { native(&uri).await.drop().await }));
        // Whether it succeeds is no part of the test.
        let _ = dropped.join();
    }
}

async fn open(uri: &str) -> MongoStore {
    let store = connect(uri).await.unwrap();
    store.migrate().await.unwrap();
    store
}

async fn connect(uri: &str) -> Result<MongoStore, StoreError> {
    MongoStore::connect(options(uri)).await
}

fn options(uri: &str) -> MongoOptions {
    MongoOptions { patience: Duration::from_secs(10), ..MongoOptions::new(uri, COLLECTIONS) }
}

/// The database, past the store.
async fn native(uri: &str) -> mongodb::Database {
    Client::with_uri_str(uri).await.unwrap().default_database().unwrap()
}

/// Waits until the store is well again.
async fn answers_again(store: &MongoStore) {
    let until = Instant::now() + SOON;
    while let Err(error) = store.ping().await {
        assert!(Instant::now() < until, "it does not answer: {error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn command(uri: &str, command: Document) -> Result<Document, mongodb::error::Error> {
    Client::with_uri_str(uri).await?.database("admin").run_command(command).await
}

#[test]
fn options_do_not_show_the_password() {
    let options = options("mongodb://clientele:secret@127.0.0.1/clientele");
    assert!(!format!("{options:?}").contains("secret"));
    System::new().block_on(async {
        let refusal = connect("mongodb://clientele:secret@127.0.0.1:port/clientele").await.unwrap_err();
        let StoreError::Unreachable(cause) = &refusal else { panic!("{refusal:?}") };
        assert!(!format!("{refusal:?} {cause}").contains("secret"), "{refusal:?}");
    });
}

#[test]
fn two_nodes_read_each_others_commits_at_once() {
    use super::store::customer::{customer, get, id};
    use clientele::store::Write;
    System::new().block_on(async {
        let database = Scratch::new();
        let (one, other) = (open(&database.0).await, connect(&database.0).await.unwrap());
        for n in 0..50 {
            one.commit(vec![Write::insert(&customer(n))]).await.unwrap();
            assert_eq!(get(&other, id(n)).await, Some(customer(n)));
            let next = customer(n).changed(|customer| customer.name = "Changed".into());
            other.commit(vec![next.replacing(), Write::insert(&customer(n + 1_000))]).await.unwrap();
            assert_eq!(get(&one, id(n)).await, Some(next));
        }
    });
}

#[test]
fn a_document_keeps_every_byte_of_its_text() {
    use clientele::model::document::Document;
    use clientele::store::Write;
    System::new().block_on(async {
        let database = Scratch::new();
        let store = open(&database.0).await;
        let id = super::store::customer::id(1);
        let json = r#"{"z":1,"id":"000000000000000000000001","metadata":{"$where":"1","a.b":"","":"x","$":{"$set":1}},"createdAt":7,"big":18446744073709551615,"tiny":1e-400,"half":1.50,"none":null}"#;
        let collection = &super::store::customer::CUSTOMERS;
        store
            .commit(vec![Write::Insert { collection, id, version: 1, document: Document::from_json(json) }])
            .await
            .unwrap();
        assert_eq!(store.get(collection, id).await.unwrap().unwrap().json(), json);
        let stored = native(&database.0).await.collection::<mongodb::bson::Document>("customers");
        let stored = stored.find_one(doc! { "createdAt": 7_i64 }).await.unwrap().unwrap();
        assert!(!stored.contains_key("metadata") && !stored.contains_key("z"), "only what indexes need: {stored}");
    });
}
