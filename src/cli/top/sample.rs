//! A node that is not there, for tests.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::json;

use super::node::{Snapshot, Tree};
use super::rows::Sort;
use super::screen::Screen;

/// When the first look was taken.
static START: OnceLock<Instant> = OnceLock::new();

/// Two looks at a node, two seconds apart: one of its actors has failed, a thread of its pool lacks.
pub(super) fn screen() -> Screen {
    let mut screen = Screen::new("http://localhost:4000".to_owned(), snapshot(0, 11_518), Sort::State, String::new());
    screen.take(snapshot(2, 11_520));
    screen
}

/// A look at the node, that long after the first one.
pub(super) fn snapshot(seconds: u64, uptime: u64) -> Snapshot {
    let idle = json!({"depth": 0, "bound": 2048, "oldestMs": 0});
    let failure = json!({
        "kind": "panic", "reason": "index out of bounds", "at": "src/actors/customers/actor.rs:88", "during": "GetCustomer",
        "time": "2026-03-23T09:59:07.123Z"
    });
    let customers = json!({
        "name": "customers", "state": "failed", "ready": false, "restarts": 5, "lastFailure": failure, "inFlight": 3,
        "mailbox": {"depth": 1024, "bound": 4096, "oldestMs": 1_250.0},
        "replicas": [
            {"replica": 0, "state": "running", "restarts": 0, "mailbox": idle, "inFlight": 3, "stalledMs": 6_000.0},
            {"replica": 1, "state": "failed", "restarts": 5, "mailbox": idle, "inFlight": 0, "lastFailure": failure}
        ],
        "messages": [{"type": "GetCustomer", "count": 90_000 + seconds * 1_200, "errors": seconds * 2, "p50Ms": 0.016, "p99Ms": 2.4}]
    });
    let passwords = json!({
        "name": "passwords", "state": "degraded", "ready": false, "restarts": 1, "mailbox": {"depth": 16, "bound": 16, "oldestMs": 310.0},
        "inFlight": 1, "messages": [{"type": "Job", "count": 40, "errors": 0, "p50Ms": 14.0, "p99Ms": 340.0}],
        "threads": {"live": 1, "expected": 2}
    });
    let auth = json!({"name": "auth", "state": "running", "ready": true, "mailbox": idle, "messages": []});
    let tree: Tree =
        serde_json::from_value(json!({"actors": [auth, customers, passwords]})).expect("the shape of /ops/actors");
    let health = json!({
        "status": "degraded", "version": "0.1.0", "environment": "production", "timestamp": "2026-03-23T10:00:00.000Z",
        "uptime": uptime, "memoryUsage": {"heapUsed": 20, "heapTotal": 30, "external": 2, "rss": 34}, "checks": {}
    });
    let health = serde_json::from_value(health).expect("the shape of /health");
    let taken = *START.get_or_init(Instant::now) + Duration::from_secs(seconds);
    Snapshot { taken, health, unready: vec!["customers/1".to_owned(), "passwords".to_owned()], actors: tree.actors }
}
