//! `healthcheck` and `openapi`.

use serde_json::Value;
use tempfile::tempdir;

use crate::harness::process::Process;
use crate::run::{program, run, run_with};

#[actix_web::test]
async fn a_container_can_ask_its_server_how_it_is() {
    let folder = tempdir().expect("a temporary folder can be made");
    let process = Process::run(program(folder.path(), &["serve"]));
    let port = process.url().rsplit(':').next().expect("a port").to_owned();
    for arguments in [&["healthcheck"][..], &["healthcheck", "--live"]] {
        for host in ["127.0.0.1", "0.0.0.0"] {
            let told = run_with(folder.path(), arguments, &[("PORT", &port), ("HOST", host)]).well();
            assert_eq!(told.trim(), r#"{"status":"ok"}"#);
        }
    }
    let url = format!("{}/health/nothing", process.url());
    let wrong = run(folder.path(), &["healthcheck", "--url", &url]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.stderr.contains("answered 404"), "{wrong:?}");
    process.kill();
    let told = run_with(folder.path(), &["healthcheck"], &[("PORT", &port)]).refused();
    assert!(told.starts_with("error: "), "{told}");
}

#[actix_web::test]
async fn the_printed_document_is_the_one_that_is_served() {
    let folder = tempdir().expect("a temporary folder can be made");
    for version in ["v1", "v2"] {
        let environment = [("API_VERSION", version)];
        let printed = run_with(folder.path(), &["openapi"], &environment).well();
        let printed: Value = serde_json::from_str(&printed).expect("JSON");
        assert_eq!(printed["openapi"], "3.1.0");
        let process = Process::start(folder.path(), &environment);
        let served = process.client().get("//openapi.json").await.expect(200);
        assert_eq!(printed, served);
    }
}
