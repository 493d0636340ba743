//! Failures of the store, which somebody meddles with from outside: 4001 to 4004.

use crate::contents;
use crate::harness::client::{Answer, customer};
use crate::harness::{Client, EMBEDDED, TestServer};

/// A server, its administrator, and the path of a customer.
async fn stage() -> (TestServer, Client, String) {
    let server = TestServer::embedded();
    let admin = server.admin().await;
    let made = admin.post("/customers", customer(1)).await.expect(201);
    let path = format!("/customers/{}", made["id"].as_str().expect("an id"));
    (server, admin, path)
}

fn meddle(server: &TestServer, statement: &str) {
    contents::open(server).execute_batch(statement).expect("the store can be meddled with");
}

/// A document that is none of ours any more.
pub async fn damaged_document() -> Answer {
    let (server, _, path) = stage().await;
    let folder = server.stop();
    let damage = "UPDATE customers SET document = jsonb_remove(document, '$.email')";
    // A server that starts anew has nothing cached.
    let server = TestServer::over(folder, EMBEDDED);
    meddle(&server, damage);
    let admin = server.admin().await;
    assert_eq!(admin.get("/customers").await.failure(), (500, 4001), "a list tells it too");
    admin.get(&path).await
}

/// A transaction that the store refuses to complete.
pub async fn refused_insert() -> Answer {
    let (server, admin, _) = stage().await;
    let refusal = "CREATE TRIGGER refusal BEFORE INSERT ON customers BEGIN SELECT RAISE(ABORT, 'no'); END";
    meddle(&server, refusal);
    let answer = admin.post("/customers", customer(2)).await;
    meddle(&server, "DROP TRIGGER refusal");
    assert_eq!(admin.post("/customers", customer(2)).await.status, 201, "nothing stayed of the failure");
    answer
}

/// A query for which the store lacks what it needs.
pub async fn dropped_collection() -> Answer {
    let (server, admin, _) = stage().await;
    meddle(&server, "DROP TABLE customers");
    assert_eq!(admin.get("/customers/groups").await.status, 200, "the rest goes on");
    admin.get("/customers").await
}

/// A file that another process has locked for longer than the store waits.
pub async fn locked_file() -> Answer {
    let (server, admin, path) = stage().await;
    let other = contents::open(&server);
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    let answer = admin.post("/customers", customer(2)).await;
    assert_eq!(admin.get(&path).await.status, 200, "reading goes on");
    other.execute_batch("ROLLBACK").expect("the lock is held");
    assert_eq!(admin.post("/customers", customer(2)).await.status, 201, "nothing stayed of the failure");
    answer
}
