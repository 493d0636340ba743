//! What single figures say after something has happened.

use clientele::actors::supervision::Fault;
use reqwest::Method;

use crate::harness::{Client, SOON, TestServer};
use crate::traffic::traffic;

/// The value of a sample; 0 if it is not there.
fn value(text: &str, sample: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a value is a number"))
}

async fn scrape(client: &Client) -> String {
    client.get("//metrics").await.text
}

#[tokio::test]
async fn requests_are_counted_by_route_method_and_status() {
    let server = TestServer::start();
    let admin = server.admin().await;
    traffic(&admin, 1).await;
    let head = admin.request(Method::HEAD, "/customers/0123456789abcdef01234567");
    assert_eq!(admin.send(head).await.status, 404);
    let text = scrape(&admin).await;
    let counted = |method: &str, route: &str, status: u16| {
        value(
            &text,
            &format!(r#"clientele_http_requests_total{{method="{method}",route="{route}",status="{status}"}}"#),
        )
    };
    assert_eq!(counted("GET", "/api/v1/customers/{id}", 200), 5.0);
    assert_eq!(counted("GET", "/api/v1/customers/{id}", 404), 2.0, "HEAD counts as GET");
    assert_eq!(counted("POST", "/api/v1/customers", 201), 1.0);
    assert_eq!(counted("any", "unmatched", 404), 1.0);
    let timed = r#"clientele_http_request_duration_seconds_count{method="GET",route="/api/v1/customers/{id}"}"#;
    assert_eq!(value(&text, timed), 7.0);
    assert_eq!(value(&text, "clientele_http_requests_in_flight"), 1.0, "this one");
    assert!(value(&text, "clientele_http_sent_bytes_total") > 5_000.0, "{text}");
    assert!(value(&text, "clientele_http_connections_open") >= 1.0, "{text}");
}

#[tokio::test]
async fn a_buckets_count_is_never_less_than_the_one_before() {
    let server = TestServer::start();
    traffic(&server.admin().await, 1).await;
    let text = scrape(&server.client()).await;
    let mut before = (String::new(), 0);
    let mut buckets = 0;
    for line in text.lines().filter(|line| line.contains("_bucket{")) {
        let (sample, count) = line.rsplit_once(' ').expect("a sample has a value");
        let count = count.parse::<u64>().expect("a count");
        let (name, labels) = sample.split_once("_bucket{le=\"").expect("its bound comes first");
        let (bound, others) = labels.split_once('"').expect("a label is closed");
        let others = others.trim_start_matches(',');
        let series = format!("{name}_count{{{others}");
        assert!(before.0 != series || before.1 <= count, "{line} after {before:?}");
        if bound == "+Inf" {
            assert_eq!(value(&text, &series), count as f64, "{line}");
        }
        before = (series, count);
        buckets += 1;
    }
    assert!(buckets > 100, "{text}");
}

#[tokio::test]
async fn a_panic_shows_in_the_figures_of_its_actor() {
    let server = TestServer::start();
    let customers = &server.backend().workers()[0].customers;
    let replica = customers.status().replica;
    let of = |name: &str| format!(r#"{name}{{actor="customers",replica="{replica}"}}"#);
    let before = scrape(&server.client()).await;
    assert_eq!(value(&before, &of("clientele_actor_panics_total")), 0.0);
    customers.inject(Fault::Panic);
    let until = std::time::Instant::now() + SOON;
    loop {
        let text = scrape(&server.client()).await;
        let panics = value(&text, &of("clientele_actor_panics_total"));
        if value(&text, &of("clientele_actor_restarts_total")) == 1.0 {
            assert_eq!(panics, 1.0);
            return;
        }
        assert!(std::time::Instant::now() < until, "{text}");
    }
}

#[tokio::test]
async fn ready_says_what_readiness_says() {
    let server = TestServer::start();
    let text = scrape(&server.client()).await;
    assert_eq!(value(&text, "clientele_ready"), 1.0);
    let customers = &server.backend().workers()[0].customers;
    customers.suspend();
    let until = std::time::Instant::now() + SOON;
    while value(&scrape(&server.client()).await, "clientele_ready") != 0.0 {
        assert!(std::time::Instant::now() < until, "a held actor is not ready");
    }
    customers.resume();
}

#[tokio::test]
async fn the_token_is_asked_for_where_it_is_set() {
    let server = TestServer::with(&[("METRICS_TOKEN", "let-prometheus-in")]);
    let client = server.client();
    assert_eq!(client.get("//metrics").await.failure(), (401, 1001));
    let admin = server.admin().await;
    assert_eq!(admin.get("//metrics").await.failure(), (401, 1004), "an administrator's token is another one");
    let answer = client.with_token("let-prometheus-in").get("//metrics").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; version=0.0.4; charset=utf-8"));
}
