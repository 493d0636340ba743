//! Budgets of requests (§8): what is counted, whose it is, and what is told of it.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::client::{Answer, PASSWORD};
use crate::harness::{Client, TestServer};
use crate::problem::assert_problem;

const LIST: &str = "/customers";

/// A server with this budget of requests, refilled over 15 minutes, and none for `/auth/*`.
fn server(requests: &str, more: &[(&str, &str)]) -> TestServer {
    let limits = [("RATE_LIMIT_MAX_REQUESTS", requests), ("RATE_LIMIT_AUTH_MAX_REQUESTS", "0")];
    TestServer::with(&[&limits, more].concat())
}

/// What an answer tells is left, and in how many seconds all is refilled.
fn told(answer: &Answer) -> (String, u64, u64) {
    let header = answer.header("ratelimit");
    let mut parts = header.split(';');
    let number = |prefix: &str, text: Option<&str>| text?.strip_prefix(prefix)?.parse().ok();
    let name = parts.next().unwrap_or_default().to_owned();
    let left = number("r=", parts.next()).unwrap_or_else(|| panic!("RateLimit: {header}"));
    (name, left, number("t=", parts.next()).unwrap_or_else(|| panic!("RateLimit: {header}")))
}

#[tokio::test]
async fn each_counted_answer_tells_what_is_left_and_the_next_is_refused() {
    let server = server("5", &[("RATE_LIMIT_WINDOW", "900000")]);
    let admin = server.admin().await;
    for left in (0..5).rev() {
        let answer = admin.get(LIST).await;
        assert_eq!(answer.status, 200, "administrators are let in, too");
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=5;w=900");
        let (name, remaining, reset) = told(&answer);
        assert_eq!((name.as_str(), remaining), ("\"default\"", left));
        let spent = 5 - left;
        assert!((180 * spent - 10..=180 * spent).contains(&reset), "one comes back each 180 s: {reset}");
    }
    let refused = admin.get(LIST).await;
    assert_problem(&refused, 429, 5004);
    assert_eq!(told(&refused).1, 0);
    let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((170..=180).contains(&seconds), "{seconds}");
    assert_problem(&admin.get("/customers/7").await, 429, 5004);
    assert_problem(&admin.get("/unknown").await, 404, 3001);
}

#[tokio::test]
async fn retry_after_is_true() {
    let server = server("2", &[("RATE_LIMIT_WINDOW", "4000")]);
    let admin = server.admin().await;
    let start = Instant::now();
    for _ in 0..2 {
        assert_eq!(admin.get(LIST).await.status, 200);
    }
    let refused = admin.get(LIST).await;
    let refused_at = Instant::now();
    assert_problem(&refused, 429, 5004);
    let told = Duration::from_secs(refused.header("retry-after").parse().expect("seconds"));
    // Refused requests cost nothing, so asking again and again finds the moment.
    loop {
        let asked = refused_at.elapsed();
        if admin.get(LIST).await.status != 429 {
            break;
        }
        assert!(asked < told, "refused after {asked:?}, told to come back after {told:?}");
    }
    let waited = refused_at.elapsed();
    assert!(
        start.elapsed() >= Duration::from_millis(1_900),
        "one comes back each 2 s, not after {:?}",
        start.elapsed()
    );
    assert!(told <= waited + Duration::from_secs(1), "told {told:?}, rounded up from {waited:?}");
}

#[tokio::test]
async fn users_and_addresses_have_budgets_of_their_own() {
    let server = server("3", &[]);
    let (ada, eve) =
        (server.client().registered("ada@example.com").await, server.client().registered("eve@example.com").await);
    let again = server.client().signed_in("ada@example.com", PASSWORD).await;
    let asks = async |client: &Client| client.get(LIST).await.failure();
    assert_eq!(asks(&ada).await, (403, 1005), "a denial is counted");
    assert_eq!(asks(&again).await, (403, 1005), "another session of the same user spends the same budget");
    assert_eq!(asks(&ada).await, (403, 1005));
    assert_eq!((asks(&ada).await, asks(&again).await), ((429, 5004), (429, 5004)));
    assert_eq!(asks(&eve).await, (403, 1005));
    let nobody = server.client();
    for _ in 0..3 {
        assert_eq!(asks(&nobody).await, (401, 1001), "want of a token is counted, by address");
    }
    assert_eq!(asks(&nobody).await, (429, 5004));
    assert_eq!(asks(&server.client().with_token("forged")).await, (429, 5004), "a forged token is nobody's");
    assert_eq!(asks(&eve).await, (403, 1005), "whoever is signed in does not spend the address's");
}

#[tokio::test]
async fn one_budget_counts_over_all_workers_and_connections() {
    let server = server("10", &[("MAX_WORKERS", "4")]);
    let token = server.admin().await;
    let token = token.access_token().expect("signed in");
    // Each client has connections of its own, which the workers share out among them.
    let asked = join_all((0..40).map(|_| {
        let client = server.client().with_token(token);
        async move { client.get(LIST).await.status }
    }));
    let statuses = asked.await;
    let let_in = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(let_in, 10, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 429)), "{statuses:?}");
}

#[tokio::test]
async fn sign_in_spends_a_tighter_budget_of_its_own() {
    let limits =
        [("RATE_LIMIT_MAX_REQUESTS", "50"), ("RATE_LIMIT_AUTH_MAX_REQUESTS", "3"), ("RATE_LIMIT_WINDOW", "600000")];
    let server = TestServer::with(&limits);
    let wrong = json!({"email": "ada@example.com", "password": "a wrong one"});
    for left in (0..3).rev() {
        let answer = server.client().post("/auth/login", wrong.clone()).await;
        assert_eq!(answer.failure(), (401, 1002));
        assert_eq!(answer.header("ratelimit-policy"), "\"auth\";q=3;w=600");
        assert_eq!(told(&answer).1, left);
    }
    for path in ["/auth/login", "/auth/register", "/auth/refresh-token", "/auth/logout"] {
        assert_problem(&server.client().post(path, json!({})).await, 429, 5004);
    }
    assert_problem(&server.client().get("/auth/me").await, 429, 5004);
    let other = server.client().get(LIST).await;
    assert_eq!((other.failure(), told(&other).1), ((401, 1001), 49), "the other budget is untouched");
}

#[tokio::test]
async fn only_a_trusted_proxy_is_believed_about_addresses() {
    let ask = async |server: &TestServer, forwarded: &str| {
        let client = server.client();
        let request = client.request(Method::GET, LIST).header("x-forwarded-for", forwarded);
        client.send(request).await.status
    };
    let open = server("2", &[]);
    assert_eq!(
        [ask(&open, "192.0.2.1").await, ask(&open, "192.0.2.2").await, ask(&open, "192.0.2.3").await],
        [401, 401, 429]
    );

    let behind = server("2", &[("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")]);
    assert_eq!(
        [ask(&behind, "192.0.2.1").await, ask(&behind, "192.0.2.1").await, ask(&behind, "192.0.2.1").await],
        [401, 401, 429]
    );
    assert_eq!(ask(&behind, "192.0.2.2").await, 401, "another client of the same proxy");
    assert_eq!(
        ask(&behind, "192.0.2.9, 192.0.2.1, 10.1.2.3").await,
        429,
        "what a client wrote to the left is not believed"
    );
    assert_eq!(
        [ask(&behind, "2001:db8::1").await, ask(&behind, "2001:db8::2").await, ask(&behind, "2001:db8::3").await],
        [401, 401, 429],
        "a network of 64 bits is one client"
    );
}

#[tokio::test]
async fn zero_switches_the_limit_off() {
    let server = server("0", &[]);
    let admin = server.admin().await;
    for _ in 0..200 {
        let answer = admin.get(LIST).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.headers.contains_key("ratelimit") && !answer.headers.contains_key("ratelimit-policy"));
    }
}

#[tokio::test]
async fn health_and_documents_are_not_counted() {
    let server = server("1", &[]);
    let client = server.client();
    assert_eq!(client.get(LIST).await.status, 401);
    assert_eq!(client.get(LIST).await.status, 429);
    for _ in 0..5 {
        for path in ["//health", "//health/live", "//health/ready", "//errors/TIMEOUT", "//openapi.json", "//docs"] {
            let answer = client.get(path).await;
            assert_eq!((answer.status, answer.header("ratelimit")), (200, ""), "{path}");
        }
    }
    let preflight = client.send(client.request(Method::OPTIONS, LIST)).await;
    assert_eq!(preflight.status, 204, "a browser's question is not counted either");
}

#[tokio::test]
async fn denials_are_counted_where_requests_are_not() {
    let server = server("3", &[("RATE_LIMIT_WINDOW", "900000")]);
    let stranger = server.client().with_token("a.b.c");
    for _ in 0..3 {
        assert_problem(&stranger.get("//ops/actors").await, 401, 1004);
    }
    let refused = stranger.get("//ops/actors").await;
    assert_problem(&refused, 429, 5004);
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0), "{refused:?}");
    let admin = server.admin().await;
    for _ in 0..8 {
        assert_eq!(admin.get("//ops/actors").await.status, 200, "operators are not counted");
    }
}
