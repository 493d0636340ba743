//! Traces as a collector receives them from the program, over OTLP.

#[path = "../harness/mod.rs"]
mod harness;

mod collector;

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use collector::{Collector, Manner, attribute, hex, tree};
use harness::client::{Answer, customer};
use harness::process::Process;
use harness::{ADMIN, Client, SOON};
use reqwest::Method;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT_SPAN: &str = "00f067aa0ba902b7";
const SECRET: &str = "hunter2hunter2";

/// How long a stop may take that no collector holds up, beside the time that the last spans are given.
const PROMPT: Duration = Duration::from_secs(4);

fn exporting(folder: &Path, collector: &str, more: &[(&str, &str)]) -> Process {
    let mut settings = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", collector)];
    settings.extend(more);
    Process::start(folder, &settings)
}

/// Creates a customer as part of the client's trace.
async fn create(admin: &Client, number: usize, flags: &str) -> Answer {
    let request = admin
        .request(Method::POST, "/customers")
        .header("traceparent", format!("00-{TRACE}-{CLIENT_SPAN}-{flags}"))
        .header("tracestate", "vendor=value")
        .header("x-request-id", "request-7")
        .header("user-agent", "test/1.0");
    admin.send(request.json(&customer(number))).await
}

/// Waits until the trail tells of it.
async fn in_the_trail(admin: &Client, request_id: &str) {
    let until = Instant::now() + SOON;
    loop {
        let page = admin.get("/audit/events?limit=100").await.expect(200);
        let events = page["data"].as_array().expect("a list");
        if events.iter().any(|event| event["requestId"] == request_id) {
            return;
        }
        assert!(Instant::now() < until, "{page}");
    }
}

fn stop(process: Process) -> Duration {
    let asked = Instant::now();
    process.signal("TERM");
    assert_eq!(process.ended().code(), Some(0));
    asked.elapsed()
}

#[actix_web::test]
async fn a_request_is_one_tree_from_the_client_to_the_trail() {
    let collector = Collector::start(Manner::Takes);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=hunter2hunter2");
    let process = exporting(folder.path(), collector.url(), &[headers, ("OTEL_SERVICE_NAME", "shop")]);
    let admin = process.admin().await;
    // Now the session is cached.
    admin.get("/customers").await.expect(200);
    create(&admin, 1, "01").await.expect(201);
    in_the_trail(&admin, "request-7").await;
    let token = admin.access_token().expect("signed in").to_owned();
    let session = admin.refresh_token().to_owned();
    stop(process);

    let spans = collector.trace(TRACE);
    let expected = "\
POST /api/v1/customers
  ask Authenticate
  ask TakeRequest
  ask CreateCustomer
    store.commit
      job Flush
  audit.relay customer.created
    audit.consume customer.created
";
    assert_eq!(tree(&spans, CLIENT_SPAN), expected, "{spans:#?}");

    let span = |name: &str| spans.iter().find(|span| span.name == name).expect("it is in the tree");
    let has = |name: &str, key: &str| attribute(&span(name).attributes, key).unwrap_or_default();
    let server = "POST /api/v1/customers";
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/api/v1/customers"),
        ("http.response.status_code", "201"),
        ("url.path", "/api/v1/customers"),
        ("client.address", "127.0.0.1"),
        ("user_agent.original", "test/1.0"),
        ("request.id", "request-7"),
    ] {
        assert_eq!(has(server, key), value, "{key}");
    }
    assert_eq!((span(server).kind, &*span(server).trace_state), (2, "vendor=value"));
    assert_eq!(has("ask CreateCustomer", "actor"), "customers");
    assert!(["0", "1"].contains(&&*has("ask CreateCustomer", "replica")), "{spans:#?}");
    assert!(has("ask CreateCustomer", "wait_us").parse::<u64>().is_ok(), "{spans:#?}");
    assert!(has("job Flush", "wait_us").parse::<u64>().is_ok(), "{spans:#?}");
    assert_eq!(has("job Flush", "pool"), "store-writer");
    assert_eq!(has("store.commit", "db.operation.batch.size"), "2");
    for child in &spans {
        let parent = spans.iter().find(|span| span.span_id == child.parent_span_id);
        let begins_first = parent.is_none_or(|parent| parent.start_time_unix_nano <= child.start_time_unix_nano);
        assert!(begins_first && child.start_time_unix_nano <= child.end_time_unix_nano, "{child:#?}");
    }

    let deliveries = collector.deliveries();
    let resource = deliveries[0].content.resource_spans[0].resource.as_ref().expect("it is named");
    assert_eq!(attribute(&resource.attributes, "service.name").as_deref(), Some("shop"));
    assert!(deliveries.iter().all(|delivery| delivery.tenant.as_deref() == Some(SECRET)));
    let told = format!("{:?}", collector.spans());
    for secret in [ADMIN.0, ADMIN.1, "customer1@example.com", &*token, &*session, SECRET] {
        assert!(!told.contains(secret), "{secret} is in a span");
    }
    assert!(!told.contains("/health"), "probes are not traced");
}

#[actix_web::test]
async fn a_trace_that_begins_here_is_told_in_the_audit_event() {
    let collector = Collector::start(Manner::Takes);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let process = exporting(folder.path(), collector.url(), &[]);
    let admin = process.admin().await;
    let request = admin.request(Method::POST, "/customers").header("x-request-id", "first");
    admin.send(request.json(&customer(1))).await.expect(201);
    in_the_trail(&admin, "first").await;
    let events = admin.get("/audit/events").await.expect(200);
    let events = events["data"].as_array().expect("a list");
    let event = events.iter().find(|event| event["requestId"] == "first").expect("it is there").clone();
    stop(process);

    let spans = collector.spans();
    let server = spans.iter().find(|span| attribute(&span.attributes, "request.id").as_deref() == Some("first"));
    let server = server.expect("it was exported");
    assert_eq!((event["traceId"].as_str(), hex(&server.parent_span_id).as_str()), (Some(&*hex(&server.trace_id)), ""));
    assert_eq!(event.get("traceparent"), None);
}

#[actix_web::test]
async fn what_is_not_sampled_has_no_spans() {
    let collector = Collector::start(Manner::Takes);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let process = exporting(folder.path(), collector.url(), &[("OTEL_TRACES_SAMPLER_ARG", "0")]);
    let admin = process.admin().await;
    create(&admin, 1, "00").await.expect(201);
    in_the_trail(&admin, "request-7").await;
    create(&admin, 2, "01").await.expect(201);
    stop(process);
    let spans = collector.spans();
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE), "{spans:#?}");
    let servers = spans.iter().filter(|span| span.name == "POST /api/v1/customers");
    assert_eq!(servers.count(), 1, "the client's flag decides: {spans:#?}");
}

#[actix_web::test]
async fn a_collector_that_is_away_or_refuses_or_hangs_harms_nobody() {
    let away = TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("it is bound");
    let (refusing, hanging) = (Collector::start(Manner::Refuses), Collector::start(Manner::Hangs));
    let away = format!("http://{away}");
    for collector in [away.as_str(), refusing.url(), hanging.url()] {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let mut process = exporting(folder.path(), collector, &[("SHUTDOWN_TIMEOUT", "2000")]);
        let admin = process.admin().await;
        for number in 0..50 {
            let asked = Instant::now();
            create(&admin, number, "01").await.expect(201);
            assert!(asked.elapsed() < SOON / 4, "{collector}: {:?}", asked.elapsed());
        }
        process.line_with("collector");
        let took = stop(process);
        assert!(took < Duration::from_secs(2) + PROMPT, "{collector}: {took:?}");
    }
}
