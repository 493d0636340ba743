//! Every route × every kind of caller (§3, §4, §10), from one table.

mod order;
pub mod table;
mod tokens;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use clientele::http::Access;
use clientele::http::routes::endpoints;
use reqwest::Method;
use serde_json::{Value, json};

use crate::forgery::Forgery;
use crate::harness::client::Answer;
use crate::harness::{Client, TestServer};
use crate::problem::assert_problem;
use table::{Row, Who, routes};

/// The built-in roles: `member` holds nothing.
const ROLES: &[&str] = &["member", "viewer", "manager", "admin"];

#[test]
fn the_table_has_every_mounted_route_and_no_other() {
    let told = |access| match access {
        Access::Public | Access::Registration => "anyone".to_owned(),
        Access::SignedIn => "signed in".to_owned(),
        Access::Needs(permission) => permission.to_string(),
    };
    let expected = |who| match who {
        Who::Anyone => "anyone".to_owned(),
        Who::SignedIn => "signed in".to_owned(),
        Who::Holders(permission, _) => permission.to_owned(),
    };
    let mounted: BTreeMap<_, _> = endpoints("/api/v1")
        .into_iter()
        .map(|endpoint| (format!("{} {}", endpoint.method, endpoint.path), told(endpoint.access)))
        .collect();
    let listed: BTreeMap<_, _> =
        routes().into_iter().map(|row| (format!("{} {}", row.method, row.path), expected(row.who))).collect();
    assert_eq!(mounted, listed);
}

#[tokio::test]
async fn every_route_lets_in_those_who_may_and_nobody_else() {
    let server = TestServer::start();
    let mut callers = Vec::new();
    for role in ROLES {
        callers.push((*role, server.user(&format!("a-{role}@example.com"), &[role]).await));
    }
    let forger = Forgery::of(&callers[3].1);
    for row in routes() {
        without_a_token(&server, &row).await;
        with_a_forged_token(&server, &row, &forger).await;
        for (role, caller) in &callers {
            with_a_role(caller, role, &row).await;
        }
    }
}

async fn without_a_token(server: &TestServer, row: &Row) {
    let answer = ask(&server.client(), row).await;
    match row.who {
        Who::Anyone => assert_eq!(answer.status, row.answer, "{} {}: {}", row.method, row.path, answer.text),
        _ => {
            assert_problem(&answer, 401, 1001);
            assert!(!answer.header("www-authenticate").contains("error="), "RFC 6750 §3.1: {:?}", answer.headers);
        }
    }
}

async fn with_a_forged_token(server: &TestServer, row: &Row, forger: &Forgery) {
    let answer = ask(&server.client().with_token(&forger.signed_with_another_secret()), row).await;
    match row.who {
        Who::Anyone => assert_eq!(answer.status, row.answer, "{} {}: {}", row.method, row.path, answer.text),
        _ => {
            assert_problem(&answer, 401, 1004);
            assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{:?}", answer.headers);
        }
    }
}

async fn with_a_role(caller: &Client, role: &str, row: &Row) {
    let answer = ask(caller, row).await;
    match row.who {
        Who::Holders(permission, roles) if !roles.contains(&role) => {
            assert_problem(&answer, 403, 1005);
            assert_eq!(answer.body["requiredPermission"], permission, "{role} at {} {}", row.method, row.path);
        }
        _ => assert_eq!(answer.status, row.answer, "{role} at {} {}: {}", row.method, row.path, answer.text),
    }
}

/// Makes the row's request.
pub async fn ask(client: &Client, row: &Row) -> Answer {
    ask_with(client, row, "").await
}

/// Makes the row's request with this query.
pub async fn ask_with(client: &Client, row: &Row, query: &str) -> Answer {
    let method = row.method.parse::<Method>().expect("a method");
    let request = client.request(method, &format!("/{}{query}", row.target()));
    match &row.body {
        Value::Null => client.send(request).await,
        body => {
            let body = filled(client, body.to_string()).await;
            client.send(request.header("content-type", "application/json").body(body)).await
        }
    }
}

/// The body with what must be new each time.
async fn filled(client: &Client, mut body: String) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    if body.contains("{refresh}") {
        let email = format!("guest{}@example.com", NUMBER.fetch_add(1, Relaxed));
        let guest = client.clone().registered(&email).await;
        body = body.replace("{refresh}", guest.refresh_token());
    }
    body.replace("{n}", &NUMBER.fetch_add(1, Relaxed).to_string())
}

#[tokio::test]
async fn whoever_is_refused_leaves_an_event_but_for_want_of_a_token() {
    let server = TestServer::start();
    let member = server.client().registered("member@example.com").await;
    let forged = Forgery::of(&member).signed_with_another_secret();
    assert_eq!(server.client().get("/customers").await.status, 401);
    let forged = server.client().with_token(&forged).get("/customers").await;
    let denied = member.delete("/customers/0123456789abcdef01234567").await;
    assert_eq!((forged.status, denied.status), (401, 403));

    let admin = server.admin().await;
    let last = admin.post("/customers", crate::harness::client::customer(1)).await;
    let events = crate::trail::until_told(&admin, last.header("x-request-id")).await;
    let denials: Vec<_> = events.into_iter().filter(|event| event["action"] == "access.denied").collect();
    assert_eq!(denials.len(), 2, "{denials:#?}");
    for (event, answer, code) in [(&denials[0], &forged, 1004), (&denials[1], &denied, 1005)] {
        assert_eq!(event["requestId"], answer.header("x-request-id"), "{event:#}");
        assert_eq!((&event["outcome"], &event["code"]), (&json!("denied"), &json!(code)), "{event:#}");
    }
    assert_eq!(denials[1]["actor"]["email"], "member@example.com");
    assert_eq!(denials[0]["actor"].get("email"), None, "nobody knows who a forger is");
}

#[tokio::test]
async fn registering_is_refused_where_it_is_closed() {
    let server = TestServer::with(&[("REGISTRATION", "closed")]);
    let registration = json!({"email": "ada@example.com", "password": "correct horse battery"});
    for client in [server.client(), server.admin().await] {
        let answer = client.post("/auth/register", registration.clone()).await;
        assert_problem(&answer, 403, 1005);
        assert_eq!(answer.body["requiredPermission"], "users:create");
    }
}
