//! Holds a failure against §2 of the contract: every one is a complete problem of RFC 9457.

use clientele::model::error::ErrorCode;

use crate::harness::client::Answer;
use crate::like::is_time;

/// What would betray the inside of the server in a problem.
const BETRAYALS: &[&str] = &["sqlite", "SELECT ", "INSERT ", "src/", ".rs:", "/tmp/", "panick", "stack", "customers."];

/// Asserts that the answer is a complete problem with this status and code.
#[track_caller]
pub fn assert_problem(answer: &Answer, status: u16, code: u64) {
    assert_eq!(answer.failure(), (status, code), "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text);
    let body = &answer.body;
    let known = ErrorCode::ALL.iter().find(|known| u64::from(known.number()) == code).expect("a code of the contract");
    assert_eq!(body["type"], format!("/errors/{}", known.name()), "{body:#}");
    assert_eq!((&body["title"], &body["name"]), (&known.title().into(), &known.name().into()), "{body:#}");
    assert_eq!((&body["status"], &body["code"]), (&status.into(), &code.into()), "{body:#}");
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body:#}");
    assert!(body["instance"].as_str().is_some_and(|path| path.starts_with('/') && !path.contains('?')), "{body:#}");
    assert_eq!(body["requestId"].as_str(), Some(answer.header("x-request-id")), "{body:#}");
    assert!(body["timestamp"].as_str().is_some_and(is_time), "{body:#}");
    assert_fields(answer, code);
    assert_companions(answer, status);
    for betrayal in BETRAYALS {
        assert!(!body["detail"].to_string().contains(betrayal), "{betrayal:?} is told: {body:#}");
    }
}

/// The same, and the faults of the body or the query are at these pointers, in any order.
#[track_caller]
pub fn assert_faults(answer: &Answer, code: u64, pointers: &[&str]) {
    assert_problem(answer, 400, code);
    let mut told = told_pointers(answer);
    let mut expected = pointers.to_vec();
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected, "{}", answer.text);
}

fn told_pointers(answer: &Answer) -> Vec<&str> {
    let errors = answer.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().filter_map(|error| error["pointer"].as_str()).collect()
}

/// Each fault has its pointer, code, name and detail; the code of the whole follows from theirs.
#[track_caller]
fn assert_fields(answer: &Answer, code: u64) {
    let Some(errors) = answer.body.get("errors") else { return };
    let errors = errors.as_array().filter(|errors| !errors.is_empty()).expect("errors are a list, or absent");
    let mut codes: Vec<_> = errors.iter().map(|error| error["code"].as_u64().expect("a number")).collect();
    for error in errors {
        let name = ErrorCode::by_name(error["name"].as_str().expect("a name")).expect("a name of the contract");
        assert_eq!(error["code"], name.number(), "{error}");
        assert!(error["pointer"].is_string() && error["detail"].is_string(), "{error}");
        assert_eq!(error.as_object().map(serde_json::Map::len), Some(4), "{error}");
    }
    codes.dedup();
    let whole = if codes.len() == 1 { codes[0] } else { 2001 };
    assert_eq!(code, whole, "{}", answer.text);
}

/// The headers and members that go with a status.
#[track_caller]
fn assert_companions(answer: &Answer, status: u16) {
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge.starts_with("Bearer"), status == 401, "{status}: WWW-Authenticate: {challenge:?}");
    assert_eq!(answer.body.get("requiredPermission").is_some(), status == 403, "{}", answer.text);
    assert_eq!(answer.headers.contains_key("allow"), status == 405, "{:?}", answer.headers);
    let retry_after = answer.header("retry-after");
    let comes_back = matches!(status, 423 | 429 | 503);
    assert_eq!(retry_after.parse().is_ok_and(|seconds: u64| seconds >= 1), comes_back, "Retry-After: {retry_after:?}");
}
