//! `admin create`, and how one learns of it.

use serde_json::Value;
use tempfile::tempdir;

use crate::harness::process::Process;
use crate::run::{Run, finish, program, run, run_with};

const PASSWORD: &str = "correct horse battery";

fn create(folder: &std::path::Path, email: &str, password: &str) -> Run {
    let arguments = ["admin", "create", "--email", email, "--name", "Ada", "--password-stdin"];
    finish(program(folder, &arguments), &format!("{password}\n"))
}

#[actix_web::test]
async fn an_administrator_is_made_before_the_first_start() {
    let folder = tempdir().expect("a temporary folder can be made");
    let told = create(folder.path(), " Ada@Example.com ", PASSWORD).well();
    assert!(told.starts_with("Made the administrator ada@example.com (") && told.ends_with(").\n"), "{told}");
    let process = Process::run(program(folder.path(), &["serve"]));
    let ada = process.client().signed_in("ada@example.com", PASSWORD).await;
    let me = ada.get("/auth/me").await.expect(200);
    assert_eq!((&me["roles"], &me["name"]), (&serde_json::json!(["admin"]), &"Ada".into()), "{me}");
    assert!(told.contains(me["id"].as_str().expect("an id")), "{told}");
}

#[actix_web::test]
async fn an_administrator_is_made_while_the_server_runs() {
    let folder = tempdir().expect("a temporary folder can be made");
    let mut process = Process::run(program(folder.path(), &[]));
    let hint = process.log.iter().find(|line| line.contains("there is no administrator yet")).expect("it is told");
    assert!(hint.contains("clientele admin create --email"), "{hint}");
    let refused = process
        .client()
        .post("/auth/login", serde_json::json!({"email": "ada@example.com", "password": PASSWORD}))
        .await;
    assert_eq!(refused.failure(), (401, 1002), "{refused:?}");

    create(folder.path(), "ada@example.com", PASSWORD).well();
    let ada = process.client().signed_in("ada@example.com", PASSWORD).await;
    ada.get("/customers").await.expect(200);
    let made = |events: &Value| {
        let events = events["data"].as_array().expect("a list");
        events.iter().filter(|event| event["action"] == "user.created").count()
    };
    let until = tokio::time::Instant::now() + crate::harness::SOON;
    loop {
        let events = ada.get("/audit/events").await.expect(200);
        if events["data"].as_array().expect("a list").iter().any(|event| event["action"] == "auth.logged_in") {
            assert_eq!(made(&events), 1, "{events}");
            break;
        }
        assert!(tokio::time::Instant::now() < until, "{events}");
        tokio::task::yield_now().await;
    }
    process.signal("TERM");
    process.line_with("stopped");
    assert!(process.ended().success());
    let again = Process::run(program(folder.path(), &["serve"]));
    assert!(!again.log.iter().any(|line| line.contains("no administrator")), "{:?}", again.log);
}

#[test]
fn what_cannot_be_an_account_is_refused_and_makes_none() {
    let folder = tempdir().expect("a temporary folder can be made");
    create(folder.path(), "ada@example.com", PASSWORD).well();
    for (email, password, word) in [
        ("ADA@example.com", PASSWORD, "another user has this email"),
        ("grace@example.com", "short", "password"),
        ("grace@example.com", "", "password"),
        ("grace@example.com", "password", "password"),
        ("grace@example.com", "grace@example.com", "password"),
        ("no address", PASSWORD, "email"),
    ] {
        let told = create(folder.path(), email, password).refused();
        assert!(told.starts_with("error: ") && told.contains(word), "{email} {password}: {told}");
        assert!(!told.contains(PASSWORD), "{told}");
    }
    let both = create(folder.path(), "no address", "short").refused();
    assert!(both.contains("email") && both.contains("password"), "all faults are told at once: {both}");
    let told = run(folder.path(), &["admin", "create", "--email", "grace@example.com"]).refused();
    assert!(told.contains("--password-stdin") && told.contains("ADMIN_PASSWORD"), "{told}");
}

#[test]
fn the_password_may_come_from_the_settings() {
    let folder = tempdir().expect("a temporary folder can be made");
    let environment = [("ADMIN_EMAIL", "someone@example.com"), ("ADMIN_PASSWORD", PASSWORD)];
    let told = run_with(folder.path(), &["admin", "create", "--email", "ada@example.com"], &environment).well();
    assert!(told.contains("ada@example.com"), "{told}");
}
