//! Requests that go through nginx to a node.

use std::process::{Command, Stdio};

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::front::{self, Front};
use crate::harness::poll_until;
use crate::nodes::Node;

/// Status, code and `Retry-After` of a problem, after a look at its form.
async fn problem(answer: Response) -> (u16, u64, Option<String>) {
    let status = answer.status().as_u16();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("it is ASCII").to_owned());
    assert_eq!(header("content-type").as_deref(), Some("application/problem+json"), "{answer:?}");
    for name in ["strict-transport-security", "x-content-type-options", "content-security-policy", "x-request-id"] {
        assert_eq!(answer.headers().get_all(name).iter().count(), 1, "{name}: {answer:?}");
    }
    let (id, retry_after, path) = (header("x-request-id"), header("retry-after"), answer.url().path().to_owned());
    let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("it is JSON");
    assert_eq!((&body["status"], &body["instance"]), (&status.into(), &path.into()), "{body}");
    assert_eq!(body["requestId"].as_str(), id.as_deref(), "{body}");
    assert_eq!(body["type"], format!("/errors/{}", body["name"].as_str().expect("a name")), "{body}");
    let time = body["timestamp"].as_str().expect("a time");
    assert!(time.len() == "2026-03-23T10:00:00.000Z".len() && time.ends_with('Z'), "{body}");
    assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
    (status, body["code"].as_u64().expect("a code"), retry_after)
}

async fn get(http: &Client, url: String) -> Response {
    http.get(url).send().await.expect("nginx answers")
}

/// The code of the contract by this name, as the program knows it.
fn is_known(code: u64, title: &str) -> bool {
    clientele::model::error::ErrorCode::ALL
        .iter()
        .any(|known| u64::from(known.number()) == code && known.title() == title)
}

#[test]
fn nginx_takes_the_shipped_configuration() {
    let tested = front::tested();
    let said = String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success() && !said.contains("[warn]"), "{said}");
}

#[test]
fn problems_of_nginx_have_the_codes_and_titles_of_the_contract() {
    let text = crate::text_of("deploy/nginx/problems.conf");
    let bodies = text.lines().filter_map(|line| line.trim().strip_prefix("return ")?.split_once(' '));
    let mut count = 0;
    for (status, body) in bodies {
        let body: Value = serde_json::from_str(body.trim_matches([';', '\''])).expect("it is JSON");
        assert_eq!(body["status"].to_string(), status);
        assert!(is_known(body["code"].as_u64().expect("a code"), body["title"].as_str().expect("a title")), "{body}");
        count += 1;
    }
    assert!(count > 5, "{count}");
}

#[actix_web::test]
async fn what_comes_in_the_clear_is_sent_to_tls() {
    let node = Node::start(&[]);
    let front = Front::start(&[&node.address()], &[]);
    let answer = get(&front.client(), format!("{}/api/v1/customers?limit=2", front.clear_url())).await;
    assert_eq!(answer.status(), 308);
    assert_eq!(answer.headers()["location"], "https://localhost/api/v1/customers?limit=2");
    assert_eq!(get(&front.client(), format!("{}/health/ready", front.url())).await.status(), 200);
}

#[test]
fn tls_is_1_2_or_1_3_and_http_2_is_spoken() {
    let node = Node::start(&[]);
    let front = Front::start(&[&node.address()], &[]);
    let handshake = |arguments: &[&str]| {
        let address = format!("127.0.0.1:{}", front.port());
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", &address, "-alpn", "h2", "-cipher", "ALL:@SECLEVEL=0"]).args(arguments);
        let done = client.stdin(Stdio::null()).output().expect("openssl is installed");
        (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    for version in ["-tls1_2", "-tls1_3"] {
        let (done, told) = handshake(&[version]);
        assert!(done && told.contains("ALPN protocol: h2"), "{version}: {told}");
    }
    for version in ["-tls1", "-tls1_1"] {
        let (done, told) = handshake(&[version]);
        assert!(!done, "{version}: {told}");
    }
}

#[actix_web::test]
async fn a_client_cannot_write_its_own_address() {
    let node = Node::start(&[("RATE_LIMIT_MAX_REQUESTS", "2")]);
    let front = Front::start(&[&node.address()], &[]);
    let mut statuses = Vec::new();
    for number in 1..=3 {
        let request = front.client().get(format!("{}/api/v1/customers", front.url()));
        let request =
            request.header("X-Forwarded-For", format!("198.51.100.{number}")).header("Forwarded", "for=192.0.2.1");
        let answer = request.send().await.expect("nginx answers");
        let told = answer.headers().contains_key("ratelimit");
        statuses.push((answer.status().as_u16(), told));
    }
    assert_eq!(statuses, [(401, true), (401, true), (429, true)], "one budget, and the node's own refusal");
}

#[actix_web::test]
async fn the_routes_of_operators_are_not_there_for_others() {
    let node = Node::start(&[]);
    let front = Front::start(&[&node.address()], &[]);
    for path in
        ["/metrics", "/ops", "/ops/", "/ops/actors", "/ops/events", "//ops/actors", "/docs/../ops/actors", "/%6fps"]
    {
        let answer = get(&front.client(), format!("{}{path}", front.url())).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    let answer = get(&front.client(), format!("{}/ops/actors", front.url())).await;
    assert_eq!(problem(answer).await, (404, 3001, None));
}

#[actix_web::test]
async fn operators_who_are_named_get_in_and_hear_events_as_they_happen() {
    let node = Node::start(&[]);
    let front = Front::start(&[&node.address()], &[("# allow 10.0.0.0/8;", "allow 127.0.0.0/8;")]);
    assert_eq!(get(&front.client(), format!("{}/metrics", front.url())).await.status(), 200);
    let admin = crate::harness::Client::new(&format!("http://{}", node.address()));
    let admin = admin.signed_in(crate::harness::ADMIN.0, crate::harness::ADMIN.1).await;
    let token = admin.access_token().expect("signed in");
    let events = front.client().get(format!("{}/ops/events", front.url())).bearer_auth(token);
    let mut events = events.send().await.expect("nginx answers");
    assert_eq!(events.status(), 200);
    let restart = admin.send(admin.request(Method::POST, "//ops/actors/groups/restart")).await;
    assert_eq!(restart.status, 202, "{restart:?}");
    let mut heard = String::new();
    while !heard.contains("restart") {
        let chunk = tokio::time::timeout(crate::harness::SOON, events.chunk()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("only heard: {heard}")).expect("it goes on").expect("it goes on");
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
}

#[actix_web::test]
async fn floods_from_one_address_are_refused_by_nginx() {
    let node = Node::start(&[]);
    let front = Front::start(&[&node.address()], &[("rate=200r/s", "rate=1r/s"), ("burst=400", "burst=1")]);
    let http = front.client();
    let mut refused = None;
    for _ in 0..5 {
        let answer = get(&http, format!("{}/health/live", front.url())).await;
        if answer.status() != 200 {
            refused = Some(problem(answer).await);
        }
    }
    assert_eq!(refused, Some((429, 5004, Some("1".to_owned()))));
}

#[actix_web::test]
async fn what_is_too_large_is_refused_as_the_contract_says() {
    let node = Node::start(&[]);
    let front = Front::start(&[&node.address()], &[]);
    let http = front.client();
    let login = format!("{}/api/v1/auth/login", front.url());
    let answer = http.post(&login).body(vec![b' '; (1 << 20) + 1]).send().await.expect("nginx answers");
    assert_eq!(problem(answer).await, (413, 2002, None));
    let answer = http.get(&login).header("X-Filler", "a".repeat(17 << 10)).send().await.expect("nginx answers");
    assert_eq!(problem(answer).await, (431, 2002, None));
    let answer = http.get(format!("{}/health/live", front.url())).header("X-Filler", "a".repeat(15 << 10)).send().await;
    assert_eq!(answer.expect("nginx answers").status(), 200);
    // A file goes through as it comes: there is no such route yet, and that is the node's word.
    let file = http.post(format!("{}/api/v1/customers/import", front.url())).body(vec![b' '; 3 << 20]);
    let answer = file.send().await.expect("nginx answers");
    assert_ne!(answer.status(), 413);
}

#[actix_web::test]
async fn a_request_has_one_id_everywhere_and_its_query_stands_in_no_log() {
    let node = Node::start(&[]);
    let front = Front::start(&[&node.address()], &[]);
    let url = format!("{}/health/live?email=secret%40example.com", front.url());
    let answer = front.client().get(&url).header("X-Request-Id", "job-7.a_B").send().await.expect("nginx answers");
    assert_eq!(answer.headers()["x-request-id"], "job-7.a_B");
    let answer = front.client().get(&url).header("X-Request-Id", "a b").send().await.expect("nginx answers");
    let made = answer.headers()["x-request-id"].to_str().expect("it is ASCII").to_owned();
    assert_eq!(made.len(), 32, "{made}");
    // The line is written when the answer is sent.
    poll_until(|| front.log().iter().any(|line| line["request_id"] == *made), "the log has the id");
    let log = front.log();
    let line = log.iter().find(|line| line["request_id"] == "job-7.a_B").unwrap_or_else(|| panic!("{log:?}"));
    assert_eq!((&line["path"], &line["node"]), (&"/health/live".into(), &node.address().into()), "{line}");
    assert!(!json!(log).to_string().contains("secret"), "{log:?}");
}
