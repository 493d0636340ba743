//! Bodies that are malformed, huge, deep, of the wrong type, or hostile (§1, §2, §10).

use reqwest::Method;
use serde_json::{Value, json};

use super::Target;
use crate::harness::client::Answer;
use crate::problem::{assert_faults, assert_problem};

/// A customer whose fields are these beside the required ones.
fn customer(fields: Value) -> Value {
    let mut body = json!({"name": "Eve", "email": "eve@example.com"});
    let members = fields.as_object().expect("fields are an object").clone();
    body.as_object_mut().expect("an object").extend(members);
    body
}

async fn post(target: &Target, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = target.admin.request(Method::POST, path).header("content-type", "application/json");
    target.admin.send(request.body(body)).await
}

#[tokio::test]
async fn what_is_no_json_is_malformed_wherever_it_is_sent() {
    let target = Target::new().await;
    let bodies: &[&[u8]] = &[
        b"",
        b" ",
        b"{",
        b"nul",
        b"{\"name\": 'Eve'}",
        b"{\"name\": \"Eve\",}",
        b"{name: \"Eve\"}",
        b"{\"a\": 1}{\"b\": 2}",
        b"{\"a\": NaN}",
        b"{\"a\": 1e999}",
        b"{\"a\": \"\x01\"}",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"{\"name\": \"\xc3\x28\"}",
        br#"{"name": "\ud800"}"#,
        br#"{"name": "\udfff\ud800"}"#,
        br#"{"name": "\x41"}"#,
        b"<customer/>",
        b"name=Eve&email=eve%40example.com",
    ];
    for path in ["/customers", "/customers/groups", "/auth/register", "/auth/login", "/auth/refresh-token"] {
        for body in bodies {
            let answer = post(&target, path, *body).await;
            assert_eq!(answer.failure(), (400, 2004), "{path} {:?}", String::from_utf8_lossy(body));
            assert_faults(&answer, 2004, &[""]);
        }
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn what_is_no_object_is_of_the_wrong_type() {
    let target = Target::new().await;
    for body in ["null", "true", "7", "-0.5e-3", "\"text\"", "[]", "[{}]"] {
        for path in ["/customers", "/customers/groups", "/auth/register", "/auth/login", "/auth/refresh-token"] {
            assert_faults(&post(&target, path, body).await, 2002, &[""]);
        }
        for path in [&target.customer, "/auth/me", "/customers/batch"] {
            let request = target.admin.request(Method::PATCH, path).header("content-type", "application/json");
            assert_faults(&target.admin.send(request.body(body)).await, 2002, &[""]);
        }
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn bodies_are_bounded_in_depth_and_size() {
    let target = Target::new().await;
    let nested = |levels: usize| format!("{{\"deep\": {}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert_faults(&post(&target, "/customers/groups", nested(32)).await, 2001, &["/name", "/deep"]);
    for levels in [33, 100, 200, 100_000] {
        assert_faults(&post(&target, "/customers/groups", nested(levels)).await, 2004, &[""]);
    }
    assert_faults(&post(&target, "/customers", "[".repeat(1 << 20)).await, 2004, &[""]);
    let sized = |bytes: usize| format!("{{\"name\": \"{}\"}}", "x".repeat(bytes - 12));
    assert_faults(&post(&target, "/customers/groups", sized(1 << 20)).await, 2002, &["/name"]);
    assert_problem(&post(&target, "/customers/groups", sized((1 << 20) + 1)).await, 413, 2002);
    target.is_unharmed().await;
}

/// Fields of a customer that are wrong, with the code and the place of what is wrong with them.
fn wrong_fields() -> Vec<(Value, u64, &'static str)> {
    let long = |length: usize| "é".repeat(length);
    let keys = |count: usize| (0..count).map(|key| (key.to_string(), json!(""))).collect::<serde_json::Map<_, _>>();
    vec![
        (json!({"name": null}), 2003, "/name"),
        (json!({"name": 7}), 2002, "/name"),
        (json!({"name": ["Eve"]}), 2002, "/name"),
        (json!({"name": {"$ne": ""}}), 2002, "/name"),
        (json!({"name": ""}), 2002, "/name"),
        (json!({"name": long(201)}), 2002, "/name"),
        (json!({"name": "E\0ve"}), 2002, "/name"),
        (json!({"email": null}), 2003, "/email"),
        (json!({"email": {"$gt": ""}}), 2002, "/email"),
        (json!({"email": ""}), 2002, "/email"),
        (json!({"email": "eve"}), 2004, "/email"),
        (json!({"email": "eve@example.com, mallory@example.com"}), 2004, "/email"),
        (json!({"email": format!("{}@example.com", "e".repeat(300))}), 2004, "/email"),
        (json!({"phone": 491701234567_u64}), 2002, "/phone"),
        (json!({"phone": "0170 1234567"}), 2004, "/phone"),
        (json!({"phone": "+1234567890123456"}), 2004, "/phone"),
        (json!({"company": long(201)}), 2002, "/company"),
        (json!({"company": "A\0B"}), 2002, "/company"),
        (json!({"status": "gone"}), 2002, "/status"),
        (json!({"status": "Active"}), 2002, "/status"),
        (json!({"status": 1}), 2002, "/status"),
        (json!({"address": "London"}), 2002, "/address"),
        (json!({"address": {"country": "XX"}}), 2004, "/address/country"),
        (json!({"address": {"country": "de"}}), 2004, "/address/country"),
        (json!({"address": {"country": "Germany"}}), 2004, "/address/country"),
        (json!({"address": {"city": 7}}), 2002, "/address/city"),
        (json!({"address": {"postalCode": long(21)}}), 2002, "/address/postalCode"),
        (json!({"address": {"planet": "Earth"}}), 2002, "/address/planet"),
        (json!({"tags": "vip"}), 2002, "/tags"),
        (json!({"tags": [7]}), 2002, "/tags/0"),
        (json!({"tags": ["ok", ""]}), 2002, "/tags/1"),
        (json!({"tags": [long(51)]}), 2002, "/tags/0"),
        (json!({"tags": vec!["t"; 51]}), 2002, "/tags"),
        (json!({"metadata": ["k"]}), 2002, "/metadata"),
        (json!({"metadata": {"k": 7}}), 2002, "/metadata/k"),
        (json!({"metadata": {"k": {"k": "v"}}}), 2002, "/metadata/k"),
        (json!({"metadata": {"k": long(501)}}), 2002, "/metadata/k"),
        (json!({"metadata": keys(51)}), 2002, "/metadata"),
        (json!({"surprise": 1}), 2002, "/surprise"),
        (json!({"a/b~c": 1}), 2002, "/a~1b~0c"),
        (json!({"__proto__": {"admin": true}}), 2002, "/__proto__"),
        (json!({"$where": "sleep(1000)"}), 2002, "/$where"),
        (json!({"Name": "Eve"}), 2002, "/Name"),
    ]
}

#[tokio::test]
async fn each_wrong_field_of_a_customer_is_named_however_it_is_written() {
    let target = Target::new().await;
    for (fields, code, pointer) in wrong_fields() {
        let posted = target.admin.post("/customers", customer(fields.clone())).await;
        assert_eq!(posted.failure(), (400, code), "{fields}: {}", posted.text);
        assert_faults(&posted, code, &[pointer]);
        assert_faults(&target.admin.put(&target.customer, customer(fields.clone())).await, code, &[pointer]);
        let clears = fields.as_object().is_some_and(|fields| fields.values().all(Value::is_null));
        let patched = target.admin.patch(&target.customer, fields.clone()).await;
        assert!(clears || patched.status == 400, "{fields}: {}", patched.text);
        assert_faults(&patched, code, &[pointer]);
        let batch = json!({"updates": [{"id": &target.customer["/customers/".len()..], "data": fields}]});
        let report = target.admin.patch("/customers/batch", batch).await.expect(207);
        let error = &report["results"][0]["error"];
        assert_eq!((&error["code"], &error["errors"][0]["pointer"]), (&json!(code), &json!(pointer)), "{report:#}");
    }
    target.is_unharmed().await;
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    let target = Target::new().await;
    let body = json!({"email": "eve", "status": "gone", "tags": [1, "ok", ""], "address": {"country": "XX", "x": 1}});
    let pointers = ["/name", "/email", "/status", "/tags/0", "/tags/2", "/address/country", "/address/x"];
    assert_faults(&target.admin.post("/customers", body).await, 2001, &pointers);
    assert_faults(&target.admin.post("/customers", json!({})).await, 2003, &["/name", "/email"]);
    let two = json!({"email": "eve", "phone": "x", "name": "Eve"});
    assert_faults(&target.admin.post("/customers", two).await, 2004, &["/email", "/phone"]);
    target.is_unharmed().await;
}

#[tokio::test]
async fn other_bodies_are_held_to_their_form_as_well() {
    let target = Target::new().await;
    let members = format!("{}/customers", target.group);
    let id = "0123456789abcdef01234567";
    let table: Vec<(&str, &str, Value, u64, &[&str])> = vec![
        ("POST", "/customers/groups", json!({"name": "é".repeat(101)}), 2002, &["/name"]),
        ("POST", "/customers/groups", json!({"name": "G", "description": "é".repeat(1_001)}), 2002, &["/description"]),
        ("PUT", &target.group, json!({"metadata": {}}), 2003, &["/name"]),
        ("POST", &members, json!({}), 2003, &["/customerIds"]),
        ("POST", &members, json!({"customerIds": []}), 2002, &["/customerIds"]),
        ("POST", &members, json!({"customerIds": vec![id; 1_001]}), 2002, &["/customerIds"]),
        ("POST", &members, json!({"customerIds": [id, id.to_uppercase()]}), 2004, &["/customerIds/1"]),
        ("DELETE", &members, json!({"customerIds": [null]}), 2002, &["/customerIds/0"]),
        ("PATCH", "/customers/batch", json!({}), 2003, &["/updates"]),
        ("PATCH", "/customers/batch", json!({"updates": vec![json!({}); 501]}), 2002, &["/updates"]),
        ("PATCH", "/customers/batch", json!({"ids": [id], "data": []}), 2002, &["/data"]),
        ("PATCH", "/customers/batch", json!({"ids": [id], "data": {}, "atomic": 1}), 2002, &["/atomic"]),
        ("POST", "/auth/register", json!({"email": "eve@example.com", "password": "short"}), 2002, &["/password"]),
        (
            "POST",
            "/auth/register",
            json!({"email": "eve@example.com", "password": "x".repeat(129)}),
            2002,
            &["/password"],
        ),
        (
            "POST",
            "/auth/register",
            json!({"email": "eve@example.com", "password": "Eve@example.com"}),
            2002,
            &["/password"],
        ),
        (
            "POST",
            "/auth/register",
            json!({"email": "eve", "roles": ["admin"]}),
            2001,
            &["/email", "/password", "/roles"],
        ),
        (
            "POST",
            "/auth/login",
            json!({"email": {"$ne": null}, "password": {"$ne": null}}),
            2002,
            &["/email", "/password"],
        ),
        ("POST", "/auth/refresh-token", json!({"refreshToken": ["x"]}), 2002, &["/refreshToken"]),
        ("POST", "/auth/logout", json!({"scope": "everybody"}), 2002, &["/scope"]),
        ("PATCH", "/auth/me", json!({"name": ""}), 2002, &["/name"]),
        ("PATCH", "/auth/me", json!({"passwordHash": "x"}), 2002, &["/passwordHash"]),
    ];
    for (method, path, body, code, pointers) in table {
        let request = target.admin.request(method.parse().expect("a method"), path).json(&body);
        let answer = target.admin.send(request).await;
        assert_eq!(answer.failure(), (400, code), "{method} {path} {body}: {}", answer.text);
        assert_faults(&answer, code, pointers);
    }
    target.is_unharmed().await;
}
