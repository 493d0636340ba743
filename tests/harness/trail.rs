//! The audit trail as an auditor reads it: over HTTP, all pages.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Client, SOON};

/// A change that an event tells of: the request's id, the action, and the resource's id.
pub type Told = (String, String, String);

/// The whole trail, the oldest event first, after everything that happened before this call has arrived in it.
///
/// Makes a group to know when that is so: events arrive in the order of their times.
pub async fn whole_trail(admin: &Client, marker: &str) -> Vec<Value> {
    let founding = admin.request(Method::POST, "/customers/groups").header("X-Request-Id", marker);
    admin.send(founding.json(&json!({"name": marker}))).await.expect(201);
    let until = Instant::now() + SOON;
    loop {
        let events = read_all(admin).await;
        if events.iter().any(|event| event["requestId"] == marker) {
            return events;
        }
        let newest = events.last();
        assert!(Instant::now() < until, "{marker} is not in the trail of {}, the newest is {newest:?}", events.len());
        tokio::task::yield_now().await;
    }
}

async fn read_all(admin: &Client) -> Vec<Value> {
    let mut events = Vec::new();
    let mut path = "/audit/events?limit=100".to_owned();
    loop {
        let page = admin.get(&path).await.expect(200);
        events.extend(page["data"].as_array().expect("a list").iter().cloned());
        match page["page"]["nextCursor"].as_str() {
            Some(cursor) => path = format!("/audit/events?limit=100&cursor={cursor}"),
            None => break,
        }
    }
    events.reverse();
    events
}

/// Fails unless the events are numbered from 1 without a gap, and none is there twice.
#[track_caller]
pub fn assert_unbroken(trail: &[Value]) {
    let sequence: Vec<u64> = trail.iter().filter_map(|event| event["sequence"].as_u64()).collect();
    let expected: Vec<u64> = (1..=trail.len() as u64).collect();
    let first_wrong = sequence.iter().zip(&expected).position(|(is, should)| is != should);
    assert_eq!(sequence, expected, "the first wrong one is at {first_wrong:?}");
    let mut ids: Vec<&str> = trail.iter().map(|event| event["id"].as_str().expect("an id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), trail.len(), "an event is in the trail twice");
}

/// What the trail tells of customers and groups, sorted.
pub fn changes(trail: &[Value]) -> Vec<Told> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut changes: Vec<Told> = trail
        .iter()
        .filter(|event| {
            event["action"].as_str().is_some_and(|name| name.starts_with("customer.") || name.starts_with("group."))
        })
        .map(|event| (text(&event["requestId"]), text(&event["action"]), text(&event["resource"]["id"])))
        .collect();
    changes.sort_unstable();
    changes
}
