//! `/ops/events`: what happens is told as it happens, to those who may know, and to no more of them than there are places.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::follower::Follower;
use super::poison;
use crate::harness::{Client, TestServer};
use crate::like::is_time;
use crate::problem::{assert_faults, assert_problem};

/// Streams that may be open at once.
const PLACES: usize = 64;

/// Of these one user may have so many.
const PLACES_OF_A_USER: usize = 8;

#[tokio::test]
async fn a_panic_and_the_restart_after_it_are_told_as_they_happen() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let mut events = Follower::of(&admin, None).await;
    poison(&server).await;
    let left = events.next().await.expect("an event");
    assert_eq!((left.event.as_str(), &left.data["from"]), ("state_changed", &json!("running")), "{left:?}");
    let mut last = left.id.expect("a number");
    let restarted = loop {
        let message = events.next().await.expect("an event");
        last += 1;
        assert_eq!((message.id, &message.data["sequence"]), (Some(last), &json!(last)), "without a gap");
        assert_eq!((&message.data["actor"], &message.data["kind"]), (&left.data["actor"], &json!(message.event)));
        if message.event == "restarted" {
            break message;
        }
    };
    assert_eq!((&restarted.data["incarnation"], &restarted.data["reason"]), (&json!(2), &json!("poisoned")));
    assert!(restarted.data["time"].as_str().is_some_and(is_time), "{restarted:?}");
    events.until(|message| message.data["to"] == "running").await;
}

#[tokio::test]
async fn a_reader_who_comes_back_is_told_what_it_has_missed() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let mut events = Follower::of(&admin, None).await;
    poison(&server).await;
    let first = events.next().await.and_then(|message| message.id).expect("a number");
    drop(events);
    let mut again = Follower::of(&admin, Some(first)).await;
    assert_eq!(again.next().await.and_then(|message| message.id), Some(first + 1));
    let mut strangers = Vec::new();
    for id in [0, 3, 9_999_999_999_999_999_999] {
        let mut stranger = Follower::of(&admin, Some(id)).await;
        strangers.push(stranger.next().await.and_then(|message| message.id).expect("a number"));
    }
    assert!(strangers.windows(2).all(|pair| pair[0] == pair[1]), "numbers of other lives of the server: {strangers:?}");
    assert!(strangers[0] < first, "everything is news to them");

    let unread = admin.request(Method::GET, "//ops/events").header("last-event-id", "");
    assert_eq!(admin.send(unread).await.status, 200, "who has read nothing has no id");
    for malformed in ["x", "-1", "+5", "1.5", "18446744073709551615", "99999999999999999999"] {
        let request = admin.request(Method::GET, "//ops/events").header("last-event-id", malformed);
        assert_faults(&admin.send(request).await, 2002, &["/Last-Event-ID"]);
    }
}

#[tokio::test]
async fn a_reader_who_comes_back_too_late_is_told_how_much_is_forgotten() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let mut events = Follower::of(&admin, Some(0)).await;
    let first = events.next().await.and_then(|message| message.id).expect("a number");
    let mut newest = first;
    // The newest 256 are kept.
    while newest < first + 300 {
        assert_eq!(admin.post("//ops/actors/groups/restart", json!({})).await.status, 202);
        let last = events.until(|message| message.data["to"] == "running").await;
        newest = last.id.expect("a number");
    }
    let mut late = Follower::of(&admin, Some(first)).await;
    let missed = late.next().await.expect("a message");
    assert_eq!((missed.event.as_str(), missed.id), ("missed", None), "{missed:?}");
    let next = late.next().await.and_then(|message| message.id).expect("a number");
    assert_eq!(missed.data, json!({"kind": "missed", "count": next - first - 1}));
}

#[tokio::test]
async fn a_stop_ends_the_streams_and_does_not_wait_for_them() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(Follower::of(&admin, None).await);
    }
    let told = Instant::now();
    let stopping = tokio::task::spawn_blocking(move || drop(server));
    for mut stream in streams {
        // What happens while the server stops may be told before its end.
        while stream.next().await.is_some() {}
    }
    stopping.await.expect("the server stops");
    assert!(told.elapsed() < Duration::from_secs(5), "of the 10 s that it may take: {:?}", told.elapsed());
}

#[tokio::test]
async fn a_stream_ends_with_its_readers_session_or_permission() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let leaving = server.user("leaving@example.com", &["admin"]).await;
    let demoted = server.user("demoted@example.com", &["admin"]).await;
    let mut staying = Follower::of(&admin, None).await;
    let mut ended = [Follower::of(&leaving, None).await, Follower::of(&demoted, None).await];
    assert_eq!(leaving.post("/auth/logout", json!({})).await.status, 204);
    let demotion = json!({"roles": ["manager"]});
    admin.patch(&format!("/users/{}", demoted.user_id()), demotion).await.expect(200);
    poison(&server).await;
    for stream in &mut ended {
        // One event may be told before it is known.
        while stream.next().await.is_some() {}
    }
    staying.until(|message| message.event == "restarted").await;
    poison(&server).await;
    staying.until(|message| message.data["incarnation"] == 3).await;
}

#[tokio::test]
async fn there_are_so_many_streams_and_each_is_free_as_soon_as_its_reader_leaves() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let mut streams = Vec::new();
    for number in 0..PLACES / PLACES_OF_A_USER {
        let user = server.user(&format!("operator{number}@example.com"), &["admin"]).await;
        for _ in 0..PLACES_OF_A_USER {
            streams.push(Follower::of(&user, None).await);
        }
        let refused = user.get("//ops/events").await;
        assert_problem(&refused, 503, 5001);
        assert!(refused.text.contains("your streams"), "{}", refused.text);
    }
    let refused = admin.get("//ops/events").await;
    assert_problem(&refused, 503, 5001);
    assert_eq!(refused.header("retry-after"), "1");
    let head = admin.send(admin.request(Method::HEAD, "//ops/events")).await;
    assert_eq!(head.status, 200, "it takes no place");

    drop(streams);
    // Nothing happens that would have to be told, and a heartbeat is 15 s away.
    let left = Instant::now();
    while admin.get("//ops/events").await.status != 200 {
        assert!(left.elapsed() < Duration::from_secs(5), "no place becomes free");
    }
}

#[tokio::test]
async fn a_reader_who_leaves_while_they_are_checked_is_no_error_of_the_actor() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let mut streams = Vec::new();
    for _ in 0..PLACES_OF_A_USER {
        streams.push(Follower::of(&admin, None).await);
    }
    let begun = Instant::now();
    // A reader is trusted for a second; with the next event after that they are checked.
    while begun.elapsed() < Duration::from_millis(1_100) {
        assert_eq!(admin.post("//ops/actors/groups/restart", json!({})).await.status, 202);
        streams[0].until(|message| message.data["to"] == "running").await;
    }
    poison(&server).await;
    drop(streams);
    // What comes after it on the same connection was handled after it.
    assert_eq!(admin.get("//ops/events").await.status, 200);
    assert_eq!(abandoned_checks(&admin).await, 0);
}

/// How many messages to AuthActor nobody waited for.
async fn abandoned_checks(admin: &Client) -> u64 {
    let page = admin.get("//metrics").await.text;
    let lines = page.lines().filter(|line| {
        line.starts_with("clientele_actor_messages_total{")
            && line.contains("message=\"Authenticate\"")
            && line.contains("outcome=\"abandoned\"")
    });
    lines.map(|line| line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok()).expect("a count")).sum()
}

#[tokio::test]
async fn a_stream_is_not_compressed_and_not_counted() {
    let server = TestServer::with(&[("RATE_LIMIT_MAX_REQUESTS", "1"), ("RATE_LIMIT_AUTH_MAX_REQUESTS", "0")]);
    let admin = server.admin().await;
    for _ in 0..3 {
        let request = admin.request(Method::GET, "//ops/events").header("accept-encoding", "gzip, br, zstd");
        let answer = admin.send(request).await;
        assert_eq!((answer.status, answer.header("content-encoding"), answer.header("ratelimit")), (200, "", ""));
        assert!(answer.text.starts_with("retry: 3000\n"), "{}", answer.text);
    }
    let nobody: Client = server.client();
    assert_problem(&nobody.get("//ops/events").await, 401, 1001);
}
