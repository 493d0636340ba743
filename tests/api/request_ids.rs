//! Request ids and traces (§1): taken where well formed, else made; on every answer, problem and event.

use reqwest::Method;
use serde_json::json;

use crate::harness::client::{Answer, customer};
use crate::harness::{Client, TestServer};
use crate::problem::assert_problem;
use crate::trail::until_told;

async fn with_id(client: &Client, id: &str) -> Answer {
    client.send(client.request(Method::GET, "/customers").header("x-request-id", id)).await
}

#[tokio::test]
async fn a_well_formed_id_is_taken_and_any_other_replaced() {
    let server = TestServer::start();
    let client = server.client();
    for id in ["a", "job-7.A_b", &"x".repeat(128)] {
        let answer = with_id(&client, id).await;
        assert_eq!(answer.header("x-request-id"), id);
        assert_problem(&answer, 401, 1001);
    }
    let mut made = std::collections::HashSet::new();
    for id in ["", "a b", "a/b", "<script>", "a,b", "\u{e9}", "a\tb", &"x".repeat(129), &"x".repeat(9_000)] {
        let answer = with_id(&client, id).await;
        let told = answer.header("x-request-id").to_owned();
        assert!(told != id && told.len() == 32, "{id}: {told}");
        assert_problem(&answer, 401, 1001);
        assert!(made.insert(told), "an id is made anew for each request");
    }
}

#[tokio::test]
async fn the_trail_tells_request_trace_and_client() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let request = admin.request(Method::POST, "/customers").json(&customer(1)).header("x-request-id", "import-7");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = request.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let agent = format!("importer/1.0 {}", "x".repeat(1_000));
    assert_eq!(admin.send(request.header("user-agent", &agent)).await.status, 201);

    let events = until_told(&admin, "import-7").await;
    let event = events.last().expect("an event");
    assert_eq!((&event["action"], &event["traceId"]), (&json!("customer.created"), &json!(trace)), "{event:#}");
    assert_eq!(event["actor"]["userAgent"], agent[..512], "{event:#}");
}
