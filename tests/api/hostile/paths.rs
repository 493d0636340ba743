//! Paths that lead nowhere, or try to lead where they should not (§6, §10).

use reqwest::Method;

use super::Target;
use crate::problem::assert_problem;
use crate::wire::exchange;

#[tokio::test]
async fn what_is_no_id_is_malformed() {
    let target = Target::new().await;
    let ids = [
        "7",
        "null",
        "undefined",
        "-1",
        "0123456789ABCDEF01234567",
        "0123456789abcdef0123456",
        "0123456789abcdef012345678",
        "0123456789abcdef0123456g",
        "%20",
        "%00",
        "0123456789abcdef01234567%00",
        "%F0%9F%A6%80",
        "%ff",
        "'%20OR%201=1--",
        "$ne",
        "[object%20Object]",
        "..%2f..%2fetc%2fpasswd",
        "Batch",
        "statistic",
        "0123456789abcdef01234567.json",
    ];
    for id in ids {
        for path in ["/customers", "/customers/groups", "/users", "/audit/events"] {
            let answer = target.admin.get(&format!("{path}/{id}")).await;
            assert_eq!(answer.failure(), (400, 2004), "{path}/{id}: {}", answer.text);
            assert_problem(&answer, 400, 2004);
        }
        let deleted = target.admin.delete(&format!("/customers/{id}")).await;
        assert_problem(&deleted, 400, 2004);
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn a_long_path_is_answered_too() {
    let target = Target::new().await;
    let answer = target.admin.get(&format!("/customers/{}", "a".repeat(12_000))).await;
    assert_problem(&answer, 400, 2004);
    let answer = target.admin.get(&format!("/{}", "a/".repeat(6_000))).await;
    assert_problem(&answer, 404, 3001);
    target.is_unharmed().await;
}

#[tokio::test]
async fn reserved_words_are_never_taken_for_an_id() {
    let target = Target::new().await;
    let table = [
        ("GET", "/customers/batch", "PATCH, OPTIONS"),
        ("DELETE", "/customers/batch", "PATCH, OPTIONS"),
        ("PUT", "/customers/statistics", "GET, HEAD, OPTIONS"),
        ("PATCH", "/customers/statistics", "GET, HEAD, OPTIONS"),
        ("DELETE", "/customers/groups", "POST, GET, HEAD, OPTIONS"),
        ("PATCH", "/customers/groups", "POST, GET, HEAD, OPTIONS"),
    ];
    for (method, path, allow) in table {
        let method: Method = method.parse().expect("a method");
        let request = target.admin.request(method.clone(), path).header("content-type", "application/json").body("{}");
        let answer = target.admin.send(request).await;
        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
        assert_problem(&answer, 405, 2002);
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
    for path in ["/customers/import", "/customers/export"] {
        assert_problem(&target.admin.get(path).await, 404, 3001);
        assert_problem(&target.admin.delete(path).await, 404, 3001);
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn paths_are_taken_as_they_are() {
    let target = Target::new().await;
    let paths = [
        "//",
        "//api",
        "//api/v1",
        "/",
        "/customers/",
        "/Customers",
        "//API/v1/customers",
        "//api/v2/customers",
        "//api/v1//customers",
        "//api/v1/customers//batch",
        "/customers/groups/",
        "//health/",
        "//admin",
        "//.env",
        "//errors",
        "//errors/NO_SUCH_ERROR",
        "//errors/validation_error",
        "//docs/../health",
        "//docs/..%2f..%2fCargo.toml",
        "//docs/%2e%2e%2fapp.rs",
        "//docs/nothing.js",
        "/customers/groups/0123456789abcdef01234567/customers/7",
    ];
    for path in paths.into_iter().filter(|path| !path.contains("/../")) {
        let answer = target.admin.get(path).await;
        assert_eq!(answer.failure(), (404, 3001), "{path}: {}", answer.text);
        assert_problem(&answer, 404, 3001);
    }
    for raw in ["/docs/../Cargo.toml", "/docs/../../etc/passwd", "/api/v1/../../etc/passwd", "/./", "/%2e%2e/%2e%2e/x"]
    {
        let answer = exchange(&target, format!("GET {raw} HTTP/1.1\r\nHost: x\r\n\r\n"));
        let answer = answer.expect("a path that is well formed is answered");
        assert!(matches!(answer.status, 400 | 404), "{raw}: {}", answer.text);
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn a_path_that_hides_a_reserved_word_reads_nothing() {
    let target = Target::new().await;
    for path in ["/customers/%62atch", "/customers/%67roups", "/%63ustomers/statistics/x"] {
        let answer = target.admin.delete(path).await;
        assert!(matches!(answer.status, 400 | 404 | 405), "{path}: {}", answer.text);
        assert_problem(&answer, answer.status, answer.code());
    }
    target.is_unharmed().await;
}
