//! A client's session over HTTP that uses every route, field by field as the contract has it.

mod accounts;
mod customers;
mod groups;
mod operations;
mod trail;

use std::collections::BTreeSet;
use std::sync::Mutex;

use clientele::http::EndpointInfo;
use clientele::http::routes::endpoints;
use reqwest::Method;
use serde_json::Value;

use crate::harness::client::Answer;
use crate::harness::{Client, TestServer};

/// A session in which it is noted which routes were used.
struct Walk {
    server: TestServer,
    routes: Vec<EndpointInfo>,
    used: Mutex<BTreeSet<String>>,
}

#[tokio::test]
async fn a_clients_session_uses_every_route() {
    let limits = [("RATE_LIMIT_MAX_REQUESTS", "1000"), ("RATE_LIMIT_WINDOW", "900000")];
    let server = TestServer::with(&[&limits[..], &[("RATE_LIMIT_AUTH_MAX_REQUESTS", "200")]].concat());
    let walk = Walk { server, routes: endpoints("/api/v1"), used: Mutex::default() };
    let (admin, manager) = accounts::register_sign_in_and_be_given_a_role(&walk).await;
    let customers = customers::create_read_change_and_delete(&walk, &manager).await;
    groups::gather_and_disperse(&walk, &manager, &customers).await;
    operations::look_around(&walk).await;
    operations::operate(&walk, &admin).await;
    accounts::sign_out(&walk, &manager).await;
    trail::read_what_was_done(&walk, &admin).await;

    let used = walk.used.into_inner().expect("no panic before");
    let unused: Vec<_> = walk.routes.iter().map(named).filter(|route| !used.contains(route)).collect();
    assert_eq!(unused, [] as [String; 0], "these routes were not used");
}

fn named(route: &EndpointInfo) -> String {
    format!("{} {}", route.method, route.path)
}

impl Walk {
    /// Makes a request and holds what every answer has against the contract. A null body is none.
    async fn ask(&self, client: &Client, method: Method, path: &str, body: Value) -> Answer {
        let route = self.route(&method, path.split('?').next().unwrap_or_default());
        let counted = route.starts_with("/api/");
        self.used.lock().expect("no panic before").insert(format!("{method} {route}"));
        let request = client.request(method, &format!("/{path}"));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = client.send(request).await;
        assert_usual_headers(&answer);
        let policy = match (counted, route.starts_with("/api/v1/auth/")) {
            (false, _) => "",
            (true, false) => "\"default\";q=1000;w=900",
            (true, true) => "\"auth\";q=200;w=900",
        };
        assert_eq!(answer.header("ratelimit-policy"), policy, "{route}");
        assert_eq!(answer.headers.contains_key("ratelimit"), counted, "{route}");
        answer
    }

    async fn get(&self, client: &Client, path: &str) -> Answer {
        self.ask(client, Method::GET, path, Value::Null).await
    }

    async fn post(&self, client: &Client, path: &str, body: Value) -> Answer {
        self.ask(client, Method::POST, path, body).await
    }

    async fn put(&self, client: &Client, path: &str, body: Value) -> Answer {
        self.ask(client, Method::PUT, path, body).await
    }

    async fn patch(&self, client: &Client, path: &str, body: Value) -> Answer {
        self.ask(client, Method::PATCH, path, body).await
    }

    async fn delete(&self, client: &Client, path: &str, body: Value) -> Answer {
        self.ask(client, Method::DELETE, path, body).await
    }

    /// The path, as the table of endpoints has it, of the route that a path leads to.
    fn route(&self, method: &Method, path: &str) -> String {
        let of_method = self.routes.iter().filter(|route| route.method.as_str() == method.as_str());
        let leading = of_method.filter(|route| leads(&route.path, path));
        // A literal segment comes before a parameter.
        let route = leading.min_by_key(|route| route.path.matches('{').count());
        route.unwrap_or_else(|| panic!("no route leads to {method} {path}")).path.clone()
    }
}

fn leads(route: &str, path: &str) -> bool {
    let (route, path) = (route.split('/'), path.split('/'));
    route.clone().count() == path.clone().count()
        && route.zip(path).all(|(expected, actual)| expected == actual || expected.starts_with('{'))
}

#[track_caller]
fn assert_usual_headers(answer: &Answer) {
    assert_eq!(answer.header("x-request-id").len(), 32, "{:?}", answer.headers);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "no-referrer"),
        ("access-control-allow-origin", "*"),
    ] {
        assert_eq!(answer.header(name), value, "{:?}", answer.headers);
    }
    let expected = match answer.status {
        204 | 304 => "",
        200..300 => return,
        _ => "application/problem+json",
    };
    assert_eq!(answer.header("content-type"), expected, "{}", answer.text);
}

/// Asserts status and body type of a success, and gives the body.
#[track_caller]
fn json(answer: Answer, status: u16) -> Value {
    assert_eq!(answer.header("content-type"), "application/json", "{}", answer.text);
    answer.expect(status)
}

/// The id in a body.
fn id(body: &Value) -> String {
    body["id"].as_str().expect("an id").to_owned()
}
