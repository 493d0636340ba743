//! The OpenAPI document held against the server: by its routes, and by schemathesis, which sends what the document allows
//! and what it does not.

#[path = "../harness/mod.rs"]
mod harness;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use clientele::http::routes;
use harness::TestServer;

/// What an answer is checked for: no 5xx, and a status, type, headers and body that the document tells of.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
response_headers_conformance,response_schema_conformance";

/// Signing out would end the session of all that follows.
const LOGOUT: &str = "/api/v1/auth/logout";

#[tokio::test]
async fn every_mounted_route_is_in_the_document_and_no_other() {
    let server = TestServer::start();
    let document = server.client().get("//openapi.json").await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    let told: BTreeSet<_> = document["paths"]
        .as_object()
        .expect("a document has paths")
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .expect("a path has methods")
                .keys()
                .map(move |method| (method.to_uppercase(), path.clone()))
        })
        .filter(|(method, _)| method != "PARAMETERS")
        .collect();
    let mounted = routes::endpoints("/api/v1").into_iter().map(|endpoint| (endpoint.method.to_string(), endpoint.path));
    assert_eq!(told, mounted.collect());
}

#[tokio::test]
async fn the_page_of_the_api_loads_nothing_from_elsewhere() {
    let server = TestServer::start();
    let page = server.client().get("//docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").contains("script-src 'self'"), "{page:?}");
    let sources: Vec<_> =
        page.text.split(['"', '\'']).filter(|text| text.ends_with(".js") || text.ends_with(".css")).collect();
    assert!(sources.len() >= 2, "{}", page.text);
    for source in sources {
        assert!(!source.contains("//"), "{source} is elsewhere");
        let file = server.client().get(&format!("//{}", source.trim_start_matches(['.', '/']))).await;
        assert_eq!(file.status, 200, "{source}");
        assert!(!file.text.is_empty(), "{source}");
    }
}

#[tokio::test]
async fn what_schemathesis_sends_is_answered_as_the_document_tells() {
    let server = TestServer::with(&[("JWT_EXPIRES_IN", "1h")]);
    let admin = server.admin().await;
    let bearer = format!("Authorization: Bearer {}", admin.access_token().expect("signed in"));
    schemathesis(&server, &["--header", &bearer, "--exclude-path", LOGOUT]);
    schemathesis(&server, &["--include-path", LOGOUT]);
}

/// Runs schemathesis with positive and negative data, always the same.
#[track_caller]
fn schemathesis(server: &TestServer, options: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let output = Command::new(program())
        .current_dir(folder.path())
        .arg("run")
        .arg(format!("{}/openapi.json", server.url()))
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "20"])
        .args(["--seed", "1", "--workers", "2", "--no-color", "--warnings", "off"])
        .args(options)
        .output()
        .expect("schemathesis runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("0 failed") || told.contains(" passed"), "{told}");
}

/// Where `scripts/test` installs it, or wherever it is on the path.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/clientele/tools/bin"));
    let places = home.into_iter().chain(std::env::split_paths(&path));
    let found = places.map(|place| place.join("schemathesis")).find(|program| program.is_file());
    found.expect("schemathesis is not installed: run scripts/test, or pip install -r scripts/tools.txt")
}
