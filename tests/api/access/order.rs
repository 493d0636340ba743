//! The order of answers (§10): a request with every fault there is, which is mended fault by fault.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::contents;
use crate::harness::client::customer;
use crate::harness::{Client, TestServer};
use crate::problem::assert_problem;

const JSON: &str = "application/json";
const GOOD: &str = r#"{"name": "Ada", "email": "ada@example.com"}"#;

/// A PUT that nothing can match but the 7th version.
fn put(client: &Client, path: &str, kind: &str, body: String) -> RequestBuilder {
    client.request(Method::PUT, path).header("content-type", kind).header("if-match", "\"7\"").body(body)
}

#[tokio::test]
async fn of_many_faults_the_first_in_order_is_told() {
    let server = TestServer::start();
    let (nobody, admin) = (server.client(), server.admin().await);
    let viewer = server.user("viewer@example.com", &["viewer"]).await;
    let live = admin.post("/customers", customer(1)).await.expect(201)["id"].as_str().expect("an id").to_owned();
    let deleted = admin.post("/customers", customer(2)).await.expect(201)["id"].as_str().expect("an id").to_owned();
    assert_eq!(admin.delete(&format!("/customers/{deleted}")).await.status, 204);
    let before = contents::of(&server).await;

    let huge = || "x".repeat((1 << 20) + 1);
    let (bad_id, absent) = ("/customers/7?surprise=1", "/customers/0123456789abcdef01234567");
    let (deleted, live) = (format!("/customers/{deleted}"), format!("/customers/{live}"));
    let steps = [
        (&nobody, "/clients/7?surprise=1", "text/plain", huge(), 404, 3001),
        (&nobody, bad_id, "text/plain", huge(), 401, 1001),
        (&viewer, bad_id, "text/plain", huge(), 403, 1005),
        (&admin, bad_id, "text/plain", "x".to_owned(), 415, 2002),
        (&admin, bad_id, JSON, huge(), 413, 2002),
        (&admin, bad_id, JSON, "x".to_owned(), 400, 2004),
        (&admin, bad_id, JSON, GOOD.to_owned(), 400, 2004),
        (&admin, absent, JSON, "{}".to_owned(), 400, 2003),
        (&admin, absent, JSON, GOOD.to_owned(), 404, 3001),
        (&admin, &deleted, JSON, GOOD.to_owned(), 410, 3004),
        (&admin, &live, JSON, GOOD.to_owned(), 412, 3003),
    ];
    for (number, (client, path, kind, body, status, code)) in steps.into_iter().enumerate() {
        let answer = client.send(put(client, path, kind, body)).await;
        assert_eq!(answer.failure(), (status, code), "step {number}: {}", answer.text);
        assert_problem(&answer, status, code);
    }
    assert_eq!(contents::of(&server).await, before);
    let mended = admin.put(&live, json!({"name": "Ada", "email": "ada@example.com"})).await;
    assert_eq!(mended.status, 200, "{}", mended.text);
}

#[tokio::test]
async fn a_method_that_a_route_lacks_is_told_to_anybody() {
    let server = TestServer::start();
    let answer = server.client().put("/customers", json!({})).await;
    assert_problem(&answer, 405, 2002);
    assert_eq!(answer.header("allow"), "POST, GET, HEAD, OPTIONS");
}
