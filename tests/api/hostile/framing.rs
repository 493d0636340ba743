//! Requests that are no good HTTP, or try to smuggle another one along (RFC 9112).

use super::Target;
use crate::problem::assert_problem;
use crate::wire::{connect, converse, exchange, read};
use std::io::Write;

#[tokio::test]
async fn what_is_no_http_is_refused_or_cut_off() {
    let target = Target::new().await;
    let requests: &[&[u8]] = &[
        b"\r\n\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /health/live\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\n\r\n",
        b"GET /health/live HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET  /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health live HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /a\x00b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX Y: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"{\"jsonrpc\": \"2.0\"}\r\n\r\n",
    ];
    for request in requests {
        let mut connection = connect(&target);
        connection.write_all(request).expect("the server takes what it is sent");
        connection.shutdown(std::net::Shutdown::Write).expect("the connection is open");
        let status = read(&mut connection).map(|answer| answer.status);
        let refused = matches!(status, None | Some(400 | 404 | 505));
        assert!(refused, "{:?}: {status:?}", String::from_utf8_lossy(request));
    }
    target.is_unharmed().await;
}

/// A POST of a customer with these headers about its body, and what follows them.
fn post(target: &Target, framing: &str, rest: &str) -> String {
    let token = target.admin.access_token().expect("signed in");
    format!(
        "POST /api/v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n{framing}\r\n\r\n{rest}"
    )
}

#[tokio::test]
async fn a_body_whose_length_is_in_doubt_is_refused() {
    let target = Target::new().await;
    let good = r#"{"name":"Eve","email":"eve@example.com"}"#;
    let chunk = format!("{:x}\r\n{good}\r\n0\r\n\r\n", good.len());
    let length = good.len();
    let table = [
        (format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"), chunk.clone()),
        (format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"), chunk.clone()),
        (format!("Content-Length: {length}\r\nContent-Length: {}", length + 1), good.to_owned()),
        (format!("Content-Length: {length}, {length}"), good.to_owned()),
        (format!("Content-Length: +{length}"), good.to_owned()),
        ("Content-Length: -1".to_owned(), good.to_owned()),
        ("Content-Length: 99999999999999999999999".to_owned(), good.to_owned()),
        (format!("Content-Length: 0x{length:x}"), good.to_owned()),
        ("Transfer-Encoding: gzip".to_owned(), good.to_owned()),
        ("Transfer-Encoding: chunked, gzip".to_owned(), chunk.clone()),
        ("Transfer-Encoding: identity".to_owned(), good.to_owned()),
        ("Transfer-Encoding: xchunked".to_owned(), chunk.clone()),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked".to_owned(), chunk),
        ("Transfer-Encoding: chunked".to_owned(), format!("zz\r\n{good}\r\n0\r\n\r\n")),
        ("Transfer-Encoding: chunked".to_owned(), format!("-1\r\n{good}\r\n0\r\n\r\n")),
        ("Transfer-Encoding: chunked".to_owned(), format!("fffffffffffffffff\r\n{good}\r\n0\r\n\r\n")),
        ("Transfer-Encoding: chunked".to_owned(), format!("1\r\n{good}\r\n0\r\n\r\n")),
    ];
    for (framing, rest) in table {
        let answer = exchange(&target, post(&target, &framing, &rest));
        let status = answer.as_ref().map(|answer| answer.status);
        assert!(matches!(status, None | Some(400 | 413 | 415)), "{framing} {rest}: {answer:?}");
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn a_body_of_unknown_length_is_bounded_as_well() {
    let target = Target::new().await;
    let chunk = format!("{:x}\r\n{}\r\n", 64 << 10, "x".repeat(64 << 10));
    let endless = format!("{}0\r\n\r\n", chunk.repeat(17));
    let answer = exchange(&target, post(&target, "Transfer-Encoding: chunked", &endless)).expect("an answer");
    assert_problem(&answer, 413, 2002);
    target.is_unharmed().await;
}

#[tokio::test]
async fn a_request_is_not_smuggled_in_the_body_of_another() {
    let target = Target::new().await;
    let token = target.admin.access_token().expect("signed in");
    let hidden =
        format!("DELETE /api/v1{} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n", target.customer);
    let chunked = format!("0\r\n\r\n{hidden}");
    let both = format!("Content-Length: {}\r\nTransfer-Encoding: chunked", chunked.len());
    let large = format!("Content-Length: {}", hidden.len());
    // The body of a request that is refused before it is read is not taken for the next request either.
    let anonymous = "POST /api/v1/customers HTTP/1.1\r\nHost: x\r\n";
    for request in [
        post(&target, &both, &chunked),
        post(&target, &large, &hidden),
        format!("{anonymous}{large}\r\n\r\n{hidden}"),
        format!("{anonymous}{both}\r\n\r\n{chunked}"),
    ] {
        let answers = converse(&target, &request);
        assert!(answers.starts_with("HTTP/1.1 4"), "{request}: {answers}");
        assert!(!answers.contains("HTTP/1.1 204"), "{request}: {answers}");
        target.is_unharmed().await;
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_makes_nothing() {
    let target = Target::new().await;
    let whole = r#"{"name":"Eve","email":"eve@example.com"}"#;
    for (framing, rest) in [
        (format!("Content-Length: {}", whole.len() + 1), whole.to_owned()),
        ("Transfer-Encoding: chunked".to_owned(), format!("{:x}\r\n{whole}\r\n", whole.len())),
    ] {
        let mut connection = connect(&target);
        connection.write_all(post(&target, &framing, &rest).as_bytes()).expect("the server takes it");
        connection.shutdown(std::net::Shutdown::Write).expect("the connection is open");
        let answer = read(&mut connection);
        assert!(answer.as_ref().is_none_or(|answer| answer.failure() == (400, 2004)), "{framing}: {answer:?}");
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn old_and_plain_requests_are_answered() {
    let target = Target::new().await;
    for (request, status) in [
        ("GET /health/live HTTP/1.0\r\n\r\n", 200),
        ("GET http://example.com/health/live HTTP/1.1\r\nHost: example.com\r\n\r\n", 200),
        ("TRACE /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("BREW /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("get /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 404),
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    ] {
        let answer = exchange(&target, request).unwrap_or_else(|| panic!("{request:?} is not answered"));
        assert_eq!(answer.status, status, "{request:?}: {}", answer.text);
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn whoever_sends_more_than_is_read_is_still_told_why() {
    let target = Target::new().await;
    let token = target.admin.access_token().expect("signed in");
    let size = 16 << 20;
    let body = "x".repeat(size);
    let table = [
        (401, "POST /api/v1/customers", String::new()),
        (404, "POST /api/v1/clients", String::new()),
        (405, "PUT /api/v1/customers", String::new()),
        (413, "POST /api/v1/customers", format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n")),
        (415, "POST /api/v1/customers", format!("Authorization: Bearer {token}\r\nContent-Type: text/plain\r\n")),
    ];
    for (status, line, headers) in table {
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {size}\r\n\r\n{body}");
        let mut connection = connect(&target);
        // Many clients look for an answer only once they have sent everything, or fail where they cannot.
        connection.write_all(request.as_bytes()).unwrap_or_else(|error| panic!("{line}, {status}: {error}"));
        let answer = read(&mut connection).unwrap_or_else(|| panic!("{line} was not told {status}"));
        assert_problem(&answer, status, answer.code());
    }
    target.is_unharmed().await;
}
