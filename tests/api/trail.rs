//! Reads the audit trail as clients do.

use serde_json::Value;
use tokio::time::Instant;

use crate::harness::{Client, SOON};

/// The whole trail, the oldest event first, once it tells of the request with this id.
pub async fn until_told(admin: &Client, request_id: &str) -> Vec<Value> {
    let until = Instant::now() + SOON;
    loop {
        let events = read(admin, 100).await;
        if events.iter().any(|event| event["requestId"] == request_id) {
            return events;
        }
        assert!(Instant::now() < until, "no event of the request {request_id} in {events:#?}");
    }
}

/// The whole trail, the oldest event first, read by pages of this size along their `Link`s.
pub async fn read(admin: &Client, limit: usize) -> Vec<Value> {
    let mut events = Vec::new();
    let mut page = Some(format!("//api/v1/audit/events?limit={limit}"));
    while let Some(path) = page {
        let answer = admin.get(&path).await;
        page = next(answer.header("link")).map(|path| format!("/{path}"));
        events.extend(answer.expect(200)["data"].as_array().expect("a list has data").iter().cloned());
    }
    events.reverse();
    events
}

/// The target of a `Link` to the next page.
pub fn next(link: &str) -> Option<String> {
    let (target, relation) = link.split_once(">; ")?;
    assert_eq!(relation, "rel=\"next\"", "{link}");
    target.strip_prefix('<').map(str::to_owned)
}
