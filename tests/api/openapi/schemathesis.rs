//! schemathesis, a property-based tester of APIs, against the served document: no 5xx, no undocumented status, no
//! violation of a schema, whatever it sends, good data and bad.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Client, TestServer};

/// How it is set up: what is checked, and what is not to be expected.
const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/openapi/schemathesis.toml");

/// The program: on the `PATH`, or where `scripts/test` installs it.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").unwrap_or_default();
    let installed = Path::new(&home).join(".cache/clientele/tools/bin");
    let mut folders = std::env::split_paths(&path).chain([installed]);
    let found = folders.find_map(|folder| Some(folder.join("schemathesis")).filter(|program| program.is_file()));
    found.expect("schemathesis is not installed: run scripts/test once, or pip install -r scripts/tools.txt")
}

/// Runs it against the server, signed in as the administrator.
fn run(server: &TestServer, admin: &Client, choice: [&str; 2]) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let token = admin.access_token().expect("signed in");
    let output = Command::new(program())
        .current_dir(&folder)
        .args(["--config-file", SETTINGS, "run", &format!("{}/openapi.json", server.url())])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(choice)
        .output()
        .expect("schemathesis can be run");
    let told = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{choice:?}: {}\n{told}\n{wrong}", output.status);
    let passed = told.lines().any(|line| line.contains("generated,") && line.contains("passed"));
    assert!(passed, "{choice:?}: no test cases were generated\n{told}");
}

#[tokio::test]
async fn the_api_keeps_what_its_document_promises() {
    let server = TestServer::start();
    let admin = server.admin().await;
    run(&server, &admin, ["--exclude-operation-id", "logout"]);
    let me = admin.get("/auth/me").await;
    assert_eq!(me.status, 200, "the administrator was signed in all the time: {}", me.text);
    // It ends the session that all the others need.
    run(&server, &admin, ["--include-operation-id", "logout"]);
    for worker in server.backend().workers() {
        let panics = [
            worker.auth.status().panics,
            worker.customers.status().panics,
            worker.groups.status().panics,
            worker.audit.status().panics,
            worker.rate_limiter.status().panics,
        ];
        assert_eq!(panics, [0; 5], "no actor panicked");
    }
}
