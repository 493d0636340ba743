//! `/ops/log-level`: what is logged changes at once, for good or for a while, and is on record.

use serde_json::{Value, json};

use crate::harness::TestServer;
use crate::harness::process::Process;
use crate::problem::assert_faults;
use crate::trail::until_told;

#[tokio::test]
async fn a_level_holds_until_it_is_changed_or_its_time_is_over() {
    let server = TestServer::with(&[("LOG_LEVEL", "info,access=off")]);
    let admin = server.admin().await;
    assert_eq!(admin.get("//ops/log-level").await.expect(200), json!({"level": "info,access=off"}));
    let changed = admin.put("//ops/log-level", json!({"level": "debug", "revertAfterSeconds": 600})).await.expect(200);
    assert_eq!(changed, json!({"level": "debug", "revertAfterSeconds": 600}));
    let read = admin.get("//ops/log-level").await.expect(200);
    assert!(read["revertAfterSeconds"].as_u64().is_some_and(|left| (500..=600).contains(&left)), "{read}");
    assert_eq!(admin.put("//ops/log-level", json!({"level": "warn"})).await.expect(200), json!({"level": "warn"}));

    assert_eq!(admin.put("//ops/log-level", json!({"level": "DEBUG"})).await.expect(200), json!({"level": "debug"}));

    // The shortest time there is, and the real clock: the other tests of it turn theirs.
    admin.put("//ops/log-level", json!({"level": "trace", "revertAfterSeconds": 1})).await.expect(200);
    let until = std::time::Instant::now() + crate::harness::SOON;
    while admin.get("//ops/log-level").await.expect(200) != json!({"level": "info,access=off"}) {
        assert!(std::time::Instant::now() < until, "the time is over");
    }
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let table = [
        (json!({"level": "loud"}), 2002, &["/level"][..]),
        (json!({"level": "clientele[{user}]=trace"}), 2002, &["/level"]),
        (json!({"level": "info,debug"}), 2002, &["/level"]),
        (json!({"level": "info", "revertAfterSeconds": 0}), 2002, &["/revertAfterSeconds"]),
        (json!({"level": "info", "until": "tomorrow"}), 2002, &["/until"]),
        (json!({"revertAfterSeconds": 60}), 2003, &["/level"]),
    ];
    for (body, code, pointers) in table {
        assert_faults(&admin.put("//ops/log-level", body).await, code, pointers);
    }
    assert_eq!(admin.get("//ops/log-level").await.expect(200), json!({"level": "info"}));
}

#[tokio::test]
async fn a_change_is_on_record_and_what_changes_nothing_is_not() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let changes = [
        json!({"level": "info"}),
        json!({"level": "debug", "revertAfterSeconds": 600}),
        json!({"level": "warn"}),
        json!({"level": "WARN"}),
    ];
    let mut last = String::new();
    for change in changes {
        let answer = admin.put("//ops/log-level", change).await;
        last = answer.header("x-request-id").to_owned();
        answer.expect(200);
    }
    let marker = admin.put("//ops/log-level", json!({"level": "info"})).await;
    let events = until_told(&admin, marker.header("x-request-id")).await;
    assert!(events.iter().all(|event| event["requestId"] != last), "it changed nothing: {events:#?}");
    let told: Vec<_> = events.iter().filter(|event| event["action"] == "ops.log_level_changed").collect();
    let level = |before: &str, after: &str| json!({"pointer": "/level", "before": before, "after": after});
    assert_eq!(told.len(), 3, "{told:#?}");
    let time = json!({"pointer": "/revertAfterSeconds", "after": 600});
    assert_eq!(told[0]["changes"], json!([level("info", "debug"), time]));
    assert_eq!(told[1]["changes"][0], level("debug", "warn"));
    let over = &told[1]["changes"][1];
    assert_eq!((&over["pointer"], over.get("after")), (&json!("/revertAfterSeconds"), None::<&Value>), "{over}");
    assert_eq!(told[2]["changes"], json!([level("warn", "info")]));
    assert_eq!(told[0]["resource"], json!({"type": "ops"}));
}

#[tokio::test]
async fn the_running_program_logs_by_the_level_that_was_set_last() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut process = Process::start(folder.path(), &[]);
    let admin = process.admin().await;
    let silence = admin.put("//ops/log-level", json!({"level": "info,access=off"})).await;
    assert_eq!(silence.status, 200, "{}", silence.text);
    assert_eq!(admin.get("//errors/SILENCED").await.status, 404);
    admin.put("//ops/log-level", json!({"level": "info"})).await.expect(200);
    assert_eq!(admin.get("//errors/HEARD").await.status, 404);
    process.line_with("/errors/HEARD");
    assert!(process.log.iter().all(|line| !line.contains("/errors/SILENCED")), "{:#?}", process.log);
}
