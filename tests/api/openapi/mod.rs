//! The API's document and its page (§9): they tell of all that is mounted, and need nothing from elsewhere.

mod schemathesis;

use std::collections::BTreeSet;

use clientele::http::Access;
use clientele::http::routes::endpoints;
use serde_json::{Map, Value, json};

use crate::harness::TestServer;

async fn document(server: &TestServer) -> Value {
    let answer = server.client().get("//openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    answer.expect(200)
}

fn members(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("not an object: {value}"))
}

/// The document's operations, each by its method and path.
fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    members(&document["paths"]).iter().flat_map(|(path, item)| {
        members(item).iter().map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    })
}

/// What a value stands for, if it points elsewhere.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference} leads nowhere")),
        None => value,
    }
}

#[tokio::test]
async fn the_document_tells_of_every_mounted_route_and_no_other() {
    for version in ["v1", "v7"] {
        let server = TestServer::with(&[("API_VERSION", version)]);
        let document = document(&server).await;
        assert!(
            document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")),
            "{}",
            document["openapi"]
        );
        let told: BTreeSet<_> = operations(&document).map(|(name, _)| name).collect();
        let mounted = endpoints(&format!("/api/{version}"));
        let mounted: BTreeSet<_> = mounted.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(told, mounted);
        let path = format!("//api/{version}/customers");
        assert_eq!(server.client().get(&path).await.failure(), (401, 1001), "{path} is mounted there");
    }
}

#[tokio::test]
async fn the_document_tells_who_may_and_that_every_failure_is_a_problem() {
    let server = TestServer::start();
    let document = document(&server).await;
    for route in endpoints("/api/v1") {
        let name = format!("{} {}", route.method, route.path);
        let (_, operation) = operations(&document).find(|(told, _)| *told == name).expect("the route is told of");
        let guarded = matches!(route.access, Access::SignedIn | Access::Needs(_));
        let schemes = operation["security"].as_array().map(Vec::as_slice).unwrap_or_default();
        let bearer = !schemes.is_empty() && schemes.iter().all(|scheme| scheme.get("bearer").is_some());
        assert_eq!(bearer, guarded, "{name}");
        let described = members(&operation["responses"]);
        assert_eq!(
            described.contains_key("401") && described.contains_key("403"),
            matches!(route.access, Access::Needs(_)),
            "{name}"
        );
        assert!(described.keys().any(|status| status.starts_with('2')), "{name}");
        for (status, response) in described.iter().filter(|(status, _)| status.as_str() >= "400") {
            let content = members(&resolved(&document, response)["content"]);
            assert_eq!(content.keys().collect::<Vec<_>>(), ["application/problem+json"], "{name} {status}");
        }
    }
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(
        (&schemes["bearer"]["scheme"], &schemes["metricsToken"]["scheme"]),
        (&json!("bearer"), &json!("bearer"))
    );
    let metrics = &document["paths"]["/metrics"]["get"]["security"];
    assert_eq!(*metrics, json!([{}, {"metricsToken": []}]), "a token is wanted where one is set");
    let log_level = &document["paths"]["/ops/log-level"]["put"]["responses"];
    assert!(log_level.get("409").is_none(), "nothing can be in its way: {log_level}");
}

/// The values of an attribute in a page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let opening = format!("{name}=\"");
    page.split(opening.as_str()).skip(1).filter_map(|part| part.split('"').next()).collect()
}

#[tokio::test]
async fn the_page_loads_from_the_server_alone() {
    let server = TestServer::start();
    let client = server.client();
    let page = client.get("//docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("script-src 'self'") && policy.contains("connect-src 'self'"), "{policy}");
    let parts = [attributes(&page.text, "src"), attributes(&page.text, "href")].concat();
    assert!(parts.len() >= 3, "scripts and styles: {}", page.text);
    for part in &parts {
        assert!(!part.contains("//"), "{part} is elsewhere");
        let answer = client.get(&format!("//{part}")).await;
        let kind = match part.rsplit('.').next() {
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            Some("png") => "image/png",
            _ => panic!("{part} is of no known kind"),
        };
        assert_eq!((answer.status, answer.header("content-type")), (200, kind), "{part}");
    }
    // The policy lets no inline script or style run, so the page must do without.
    let inline = page.text.matches("<script").count() != page.text.matches("<script src=").count();
    assert!(!inline && !page.text.contains("<style") && !page.text.contains(" on"), "{}", page.text);
    let start = client.get("//docs/start.js").await;
    assert!(
        start.text.contains("url: \"openapi.json\"") && start.text.contains("validatorUrl: null"),
        "{}",
        start.text
    );
}
