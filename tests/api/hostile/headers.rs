//! Headers that are huge, absurd or contradictory (§1, §2, §10).

use reqwest::Method;

use super::Target;
use crate::problem::{assert_faults, assert_problem};
use crate::wire::exchange;

#[tokio::test]
async fn a_header_block_beyond_16_kib_is_refused_and_the_connection_closed() {
    let target = Target::new().await;
    let with = |padding: usize| {
        let line = format!("X-Padding: {}\r\n", "x".repeat(padding));
        format!("GET /health/live HTTP/1.1\r\nHost: x\r\n{line}\r\n")
    };
    assert_eq!(exchange(&target, with(15 << 10)).map(|answer| answer.status), Some(200));
    let answer = exchange(&target, with(17 << 10)).expect("431 is answered");
    assert_problem(&answer, 431, 2002);
    assert_eq!(answer.header("connection"), "close");
    let many = "X-Padding: xxxxxxxxxxxxxxxxxxxx\r\n".repeat(90);
    assert_eq!(
        exchange(&target, format!("GET /health/live HTTP/1.1\r\nHost: x\r\n{many}\r\n")).map(|a| a.status),
        Some(200)
    );
    for huge in [with(200 << 10), with(2 << 20), format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20))] {
        let answer = exchange(&target, &huge);
        assert!(answer.is_none_or(|answer| matches!(answer.status, 400 | 431)), "{} bytes", huge.len());
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn only_json_in_utf_8_is_taken() {
    let target = Target::new().await;
    let body = r#"{"name": "Eve", "email": "eve@example.com"}"#;
    let refused = [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "*/*",
        "application/merge-patch+json",
        "json",
        "/",
        ";",
        "application/json\u{e9}",
    ];
    for kind in refused {
        let request = target.admin.request(Method::POST, "/customers").header("content-type", kind);
        let answer = target.admin.send(request.body(body)).await;
        assert_eq!(answer.failure(), (415, 2002), "{kind}: {}", answer.text);
        assert_problem(&answer, 415, 2002);
    }
    let without = target.admin.request(Method::POST, "/customers").body(body);
    assert_problem(&target.admin.send(without).await, 415, 2002);
    for encoding in ["gzip", "br", "zstd", "deflate", "identity, gzip", "x"] {
        let request = target.admin.request(Method::POST, "/customers").header("content-type", "application/json");
        let answer = target.admin.send(request.header("content-encoding", encoding).body(body)).await;
        assert_eq!(answer.failure(), (415, 2002), "{encoding}: {}", answer.text);
    }
    for kind in ["APPLICATION/JSON", "application/json; charset=utf-8", "application/json;charset=\"UTF-8\""] {
        let request = target.admin.request(Method::POST, "/customers").header("content-type", kind).body("{}");
        assert_faults(&target.admin.send(request).await, 2003, &["/name", "/email"]);
    }
    for kind in ["application/json", "application/merge-patch+json", "application/merge-patch+json; charset=utf-8"] {
        let request = target.admin.request(Method::PATCH, &target.customer).header("content-type", kind).body("{}");
        assert_eq!(target.admin.send(request).await.status, 200, "{kind}");
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn an_absurd_accept_gets_json_all_the_same() {
    let target = Target::new().await;
    for accept in ["", "image/png", "text/html;q=nonsense", ",,;;", "*/*;q=0", &"text/x,".repeat(1_000)] {
        let request = target.admin.request(Method::GET, &target.customer).header("accept", accept);
        let answer = target.admin.send(request.header("accept-language", accept)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{accept}");
        let request = target.admin.request(Method::GET, "/customers/7").header("accept", accept);
        assert_problem(&target.admin.send(request).await, 400, 2004);
    }
}

#[tokio::test]
async fn absurd_conditions_match_nothing_and_absurd_encodings_are_ignored() {
    let target = Target::new().await;
    for tag in ["x", "\"", "\"x\"", "W/\"3\"", "3", "\"99999999999999999999\"", "\"-1\"", "\"2\" \"3\"", ",", ""] {
        let request = target.admin.request(Method::DELETE, &target.customer).header("if-match", tag);
        let answer = target.admin.send(request).await;
        assert_eq!(answer.failure(), (412, 3003), "{tag}: {}", answer.text);
    }
    for encoding in ["", "nonsense", "gzip;q=2", "gzip;;q=", "*;q=-1", ",,,,", "\u{e9}"] {
        let request = target.admin.request(Method::GET, "/customers").header("accept-encoding", encoding);
        let answer = target.admin.send(request).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, ""), "{encoding}");
    }
    target.is_unharmed().await;
}
