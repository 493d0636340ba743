//! Versions: `ETag`, `If-None-Match`, `If-Match` (§1, RFC 9110 §13).

use reqwest::Method;
use serde_json::{Value, json};

use crate::contents;
use crate::harness::client::{Answer, customer};
use crate::harness::{Client, TestServer};
use crate::problem::assert_problem;

async fn made(admin: &Client, path: &str, body: Value) -> String {
    admin.post(path, body).await.header("location").trim_start_matches("/api/v1").to_owned()
}

async fn conditional(admin: &Client, method: &Method, path: &str, header: (&str, &str), body: Value) -> Answer {
    let request = admin.request(method.clone(), path).header(header.0, header.1);
    admin.send(if body.is_null() { request } else { request.json(&body) }).await
}

#[tokio::test]
async fn a_client_that_has_the_version_is_told_so() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let customer = made(&admin, "/customers", customer(1)).await;
    let group = made(&admin, "/customers/groups", json!({"name": "Friends"})).await;
    let user = format!("/users/{}", admin.user_id());
    for path in [customer.as_str(), group.as_str(), user.as_str(), "/auth/me"] {
        let tag = admin.get(path).await.header("etag").to_owned();
        assert_eq!(tag, "\"1\"", "{path}");
        for method in [Method::GET, Method::HEAD] {
            for known in [tag.clone(), format!("W/{tag}"), format!("\"9\", {tag}"), "*".to_owned()] {
                let answer = conditional(&admin, &method, path, ("if-none-match", &known), Value::Null).await;
                assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{method} {path} {known}");
                assert_eq!(answer.header("etag"), tag);
            }
            for other in ["\"2\"", "1", "\"11\"", "nonsense"] {
                let answer = conditional(&admin, &method, path, ("if-none-match", other), Value::Null).await;
                assert_eq!(answer.status, 200, "{method} {path} {other}");
            }
        }
    }
    admin.patch(&customer, json!({"name": "Another"})).await.expect(200);
    let changed = conditional(&admin, &Method::GET, &customer, ("if-none-match", "\"1\""), Value::Null).await;
    assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""));
    assert_eq!(changed.body["name"], "Another");
}

#[tokio::test]
async fn a_write_that_expects_another_version_changes_nothing() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let one = made(&admin, "/customers", customer(1)).await;
    let group = made(&admin, "/customers/groups", json!({"name": "Friends"})).await;
    let ada = server.client().registered("ada@example.com").await;
    let user = format!("/users/{}", ada.user_id());
    let writes = [
        (Method::PUT, one.as_str(), customer(7)),
        (Method::PATCH, one.as_str(), json!({"name": "Another"})),
        (Method::DELETE, one.as_str(), Value::Null),
        (Method::PUT, group.as_str(), json!({"name": "Others"})),
        (Method::DELETE, group.as_str(), Value::Null),
        (Method::PATCH, user.as_str(), json!({"roles": ["viewer"]})),
        (Method::PATCH, "/auth/me", json!({"name": "Root"})),
    ];
    let before = contents::of(&server).await;
    for (method, path, body) in &writes {
        for other in ["\"2\"", "W/\"1\"", "1", "nonsense", "\"2\", \"3\""] {
            let answer = conditional(&admin, method, path, ("if-match", other), body.clone()).await;
            assert_eq!(answer.failure(), (412, 3003), "{method} {path} {other}: {}", answer.text);
            assert_problem(&answer, 412, 3003);
        }
    }
    assert_eq!(contents::of(&server).await, before);
    let mut customers_version = 1;
    for (method, path, body) in &writes {
        let version = if *path == one { customers_version } else { 1 };
        customers_version += u64::from(*path == one);
        // The group is replaced before it is deleted.
        let tag = if *path == group && *method == Method::DELETE { "*".to_owned() } else { format!("\"{version}\"") };
        let answer = conditional(&admin, method, path, ("if-match", &tag), body.clone()).await;
        assert!(matches!(answer.status, 200 | 204), "{method} {path} {tag}: {}", answer.text);
    }
}

#[tokio::test]
async fn what_is_absent_is_told_before_what_was_expected_of_it() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let one = made(&admin, "/customers", customer(1)).await;
    assert_eq!(admin.delete(&one).await.status, 204);
    let expecting = ("if-match", "\"7\"");
    let deleted = conditional(&admin, &Method::PUT, &one, expecting, customer(1)).await;
    assert_problem(&deleted, 410, 3004);
    let absent = "/customers/0123456789abcdef01234567";
    assert_problem(&conditional(&admin, &Method::DELETE, absent, expecting, Value::Null).await, 404, 3001);
}

#[tokio::test]
async fn of_many_writers_who_expect_one_version_one_succeeds() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let one = made(&admin, "/customers", customer(1)).await;
    let racing = (0..16).map(|number| {
        let (admin, one) = (&admin, &one);
        async move {
            let body = json!({"name": format!("Writer {number}")});
            conditional(admin, &Method::PATCH, one, ("if-match", "\"1\""), body).await.status
        }
    });
    let statuses = futures_util::future::join_all(racing).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15, "{statuses:?}");
    assert_eq!(admin.get(&one).await.header("etag"), "\"2\"");
}
