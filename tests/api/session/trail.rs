//! The trail tells of every change in the session, once, and of nothing else (§7).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Walk;
use crate::harness::Client;
use crate::harness::client::customer;
use crate::like::assert_like;
use crate::problem::assert_problem;
use crate::trail::{next, read, until_told};

/// How often the session did what.
const DONE: &[(&str, usize)] = &[
    ("access.denied", 2),
    ("auth.logged_in", 2),
    ("auth.logged_out", 1),
    ("auth.login_failed", 2),
    ("auth.refreshed", 1),
    ("auth.registered", 1),
    ("customer.created", 6),
    ("customer.deleted", 2),
    ("customer.updated", 6),
    ("group.created", 2),
    ("group.deleted", 1),
    ("group.members_added", 1),
    ("group.members_removed", 1),
    ("group.updated", 1),
    ("ops.actor_restarted", 1),
    ("ops.log_level_changed", 2),
    ("user.created", 1),
    ("user.updated", 3),
];

/// Reads the whole trail, by pages of different sizes, and each event by itself.
pub async fn read_what_was_done(walk: &Walk, admin: &Client) {
    let last = walk.post(admin, "/api/v1/customers", customer(99)).await;
    let events = until_told(admin, last.header("x-request-id")).await;
    assert_eq!(counts(&events), DONE.iter().copied().collect(), "{events:#?}");
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["sequence"], index + 1, "without a gap");
        assert_event(event);
        let path = format!("/api/v1/audit/events/{}", super::id(event));
        assert_eq!(super::json(walk.get(admin, &path).await, 200), *event);
    }
    assert_eq!(read(admin, 7).await, events, "by pages of seven, the same");
    one_page(walk, admin, &events).await;
    assert_last(events.last().expect("events"), &last.body, last.header("x-request-id"));
    assert_problem(&walk.get(admin, "/api/v1/audit/events/0123456789abcdef01234567").await, 404, 3001);
}

fn counts(events: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        *counts.entry(event["action"].as_str().expect("an action")).or_default() += 1;
    }
    counts
}

async fn one_page(walk: &Walk, admin: &Client, events: &[Value]) {
    let answer = walk.get(admin, "/api/v1/audit/events?limit=2&include=total").await;
    let more = next(answer.header("link")).expect("there is more");
    let page = super::json(answer, 200);
    let newest: Vec<_> = events.iter().rev().take(2).cloned().collect();
    assert_eq!(page["data"], json!(newest), "the newest first");
    assert_like(&page["page"], &json!({"limit": 2, "hasMore": true, "nextCursor": "<text>", "total": events.len()}));
    assert!(more.contains(page["page"]["nextCursor"].as_str().expect("a cursor")), "{more}");
}

/// What every event has.
fn assert_event(event: &Value) {
    let action = event["action"].as_str().expect("an action");
    let outcome = match action {
        "access.denied" => "denied",
        "auth.login_failed" => "failure",
        _ => "success",
    };
    assert_eq!(event["outcome"], outcome, "{event:#}");
    assert_eq!(event.get("code").is_some(), outcome != "success", "{event:#}");
    assert_eq!(event["resource"]["type"], action.split('.').next().unwrap_or_default(), "{event:#}");
    for (field, form) in [("id", "<id>"), ("time", "<time>")] {
        assert_like(&event[field], &json!(form));
    }
    // The first administrator is made before anybody asks.
    if action != "user.created" {
        assert_like(&event["requestId"], &json!("<hex32>"));
        assert_eq!(event["actor"]["ip"], "127.0.0.1", "{event:#}");
    }
    for secret in ["battery", "eyJ", "argon2"] {
        assert!(!event.to_string().contains(secret), "{event:#}");
    }
}

/// The event of a customer that the administrator made, to the last field.
fn assert_last(event: &Value, made: &Value, request_id: &str) {
    let actor = json!({"userId": made["createdBy"], "email": crate::harness::ADMIN.0, "ip": "127.0.0.1"});
    let expected = json!({"id": "<id>", "sequence": event["sequence"], "time": "<time>", "action": "customer.created",
        "outcome": "success", "actor": actor, "resource": {"type": "customer", "id": made["id"]}, "bypass": true,
        "requestId": request_id});
    assert_like(event, &expected);
}
