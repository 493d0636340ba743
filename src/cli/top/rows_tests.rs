use std::time::Instant;

use serde_json::{Value, json};

use super::super::node::Tree;
use super::*;

/// A node with these actors, that long after the start of the test.
fn snapshot(start: Instant, seconds: u64, actors: Value) -> Snapshot {
    let tree: Tree = serde_json::from_value(json!({"actors": actors})).unwrap();
    let health =
        json!({"version": "1", "environment": "test", "timestamp": "", "uptime": 1, "memoryUsage": {"rss": 1}});
    let health = serde_json::from_value(health).unwrap();
    Snapshot { taken: start + Duration::from_secs(seconds), health, unready: vec![], actors: tree.actors }
}

fn actor(name: &str, state: &str, depth: u64, messages: Value) -> Value {
    json!({"name": name, "state": state, "mailbox": {"depth": depth, "bound": 16, "oldestMs": 0}, "messages": messages})
}

fn message(name: &str, count: u64, errors: u64, p50: f64, p99: f64) -> Value {
    json!({"type": name, "count": count, "errors": errors, "p50Ms": p50, "p99Ms": p99})
}

#[test]
fn rates_are_what_happened_between_two_looks() {
    let start = Instant::now();
    let messages =
        |reads, writes| json!([message("Read", reads, 0, 0.1, 1.0), message("Write", writes, writes, 5.0, 9.0)]);
    let before = snapshot(start, 0, json!([actor("customers", "running", 0, messages(100, 7))]));
    let now = snapshot(start, 4, json!([actor("customers", "running", 0, messages(500, 9))]));
    let rows = rows(&now, Some(&before));
    let row = &rows[0];
    assert_eq!((row.rate_per_second, row.errors_per_second), (Some(100.5), Some(0.5)));
    assert_eq!((row.p50_ms, row.p99_ms), (Some(0.1), Some(9.0)), "the busiest type's and the slowest type's");
    assert_eq!((row.messages[1].rate_per_second, row.messages[1].count), (Some(0.5), 9));
}

#[test]
fn there_is_no_rate_without_an_earlier_look_or_over_a_start_of_the_node() {
    let start = Instant::now();
    let at = |seconds, count| {
        snapshot(start, seconds, json!([actor("auth", "running", 0, json!([message("Login", count, 0, 1.0, 1.0)]))]))
    };
    assert_eq!(rows(&at(0, 5), None)[0].rate_per_second, None);
    assert_eq!(rows(&at(1, 2), Some(&at(0, 5)))[0].rate_per_second, None, "counters went back");
    assert_eq!(rows(&at(0, 5), Some(&at(0, 5)))[0].rate_per_second, None, "no time has passed");
    let (quiet, other) =
        (snapshot(start, 1, json!([actor("auth", "running", 0, json!([]))])), snapshot(start, 0, json!([])));
    assert_eq!(rows(&quiet, Some(&quiet.clone()))[0].rate_per_second, Some(0.0));
    assert_eq!(rows(&quiet, Some(&other))[0].rate_per_second, None, "it was not there");
}

#[test]
fn rows_are_ordered_by_what_matters_and_then_by_name() {
    let start = Instant::now();
    let one = |name, state, depth, p99| actor(name, state, depth, json!([message("M", depth, 0, 0.0, p99)]));
    let node = snapshot(
        start,
        0,
        json!([
            one("c", "running", 2, 1.0),
            one("b", "failed", 0, 3.0),
            one("a", "running", 2, 2.0),
            one("d", "unheard of", 1, 0.5)
        ]),
    );
    let ordered = |by, reversed| {
        let mut rows = rows(&node, None);
        sort(&mut rows, by, reversed);
        rows.into_iter().map(|row| row.name).collect::<String>()
    };
    assert_eq!(ordered(Sort::State, false), "dbac");
    assert_eq!(ordered(Sort::Name, false), "abcd");
    assert_eq!(ordered(Sort::Name, true), "dcba");
    assert_eq!(ordered(Sort::Depth, false), "acdb");
    assert_eq!(ordered(Sort::P99, false), "bacd");
    assert_eq!(ordered(Sort::Rate, false), "abcd", "nothing is known of rates");
    assert_eq!(ordered(Sort::Restarts, false), "abcd");
}

#[test]
fn a_filter_looks_into_names_states_and_messages() {
    let node = snapshot(
        Instant::now(),
        0,
        json!([actor("auth", "failed", 0, json!([message("CheckLogin", 1, 0, 1.0, 1.0)]))]),
    );
    let row = &rows(&node, None)[0];
    assert_eq!(
        ["", "aut", "fail", "checklogin", "customers"].map(|filter| row.matches(filter)),
        [true, true, true, true, false]
    );
}

#[test]
fn what_stalls_is_told_to_stall_though_it_runs() {
    assert_eq!(condition("running", Some(12.0)), "stalled");
    assert_eq!(condition("failed", Some(12.0)), "failed");
    assert_eq!(condition("running", None), "running");
}

#[test]
fn a_row_is_written_without_what_is_not_known() {
    let node = snapshot(Instant::now(), 0, json!([actor("auth", "running", 1, json!([]))]));
    let written = serde_json::to_value(&rows(&node, None)[0]).unwrap();
    let expected = json!({
        "name": "auth", "state": "running", "mailbox": {"depth": 1, "bound": 16, "oldestMs": 0.0}, "inFlight": 0,
        "restarts": 0, "replicas": [], "messages": []
    });
    assert_eq!(written, expected);
}
