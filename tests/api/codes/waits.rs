//! Waiting in vain: 5001, 5003, 5004.

use std::time::{Duration, Instant};

use clientele::testkit::soon;

use crate::harness::TestServer;
use crate::harness::client::Answer;

/// Asks an actor that has stopped.
pub async fn stopped_actor() -> Answer {
    let server = TestServer::start();
    let admin = server.admin().await;
    for worker in server.backend().workers() {
        worker.groups.drain(soon()).await;
    }
    assert_eq!(admin.get("/customers").await.status, 200, "the other actors go on");
    admin.get("/customers/groups").await
}

/// Asks an actor that answers nobody, for as long as a request may take.
pub async fn suspended_actor() -> Answer {
    let server = TestServer::start();
    let admin = server.admin().await;
    for worker in server.backend().workers() {
        worker.groups.suspend();
    }
    let asked = Instant::now();
    let answer = admin.get("/customers/groups").await;
    let waited = asked.elapsed();
    assert!(waited >= Duration::from_secs(29) && waited < Duration::from_secs(35), "a request takes 30 s: {waited:?}");
    for worker in server.backend().workers() {
        worker.groups.resume();
    }
    answer
}

/// Asks once more than the budget allows.
pub async fn spent_budget() -> Answer {
    let server = TestServer::with(&[("RATE_LIMIT_MAX_REQUESTS", "1"), ("RATE_LIMIT_AUTH_MAX_REQUESTS", "0")]);
    let admin = server.admin().await;
    assert_eq!(admin.get("/customers").await.status, 200);
    admin.get("/customers").await
}
