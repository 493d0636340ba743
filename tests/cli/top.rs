//! `top`: against a real node, in a pipe and in a terminal.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::harness::client::PASSWORD;
use crate::harness::process::Process;
use crate::harness::{ADMIN, poll_until};
use crate::run::{Run, finish, program, run_with};
use crate::terminal::Terminal;

/// A node, and the token of its administrator.
async fn node() -> (TempDir, Process, String) {
    let folder = tempdir().expect("a temporary folder can be made");
    let node = Process::start(folder.path(), &[]);
    let token = node.admin().await.access_token().expect("signed in").to_owned();
    (folder, node, token)
}

fn top(folder: &TempDir, node: &Process, more: &[&str], token: &str) -> Run {
    let arguments: Vec<_> = [&["top", "--url", node.url(), "--interval", "100ms"], more].concat();
    run_with(folder.path(), &arguments, &[("CLIENTELE_TOKEN", token)])
}

#[actix_web::test]
async fn a_pipe_gets_one_table() {
    let (folder, node, token) = node().await;
    for arguments in [&["--once"][..], &[]] {
        let table = top(&folder, &node, arguments, &token).well();
        let mut lines = table.lines();
        let head = lines.next().expect("a head");
        assert!(head.starts_with(&format!("clientele {} at {} (", env!("CARGO_PKG_VERSION"), node.url())), "{head}");
        assert!(head.contains("): ready, up "), "{head}");
        assert!(
            lines.nth(1).is_some_and(|line| line.starts_with("ACTOR") && line.ends_with("LAST FAILURE")),
            "{table}"
        );
        for name in ["auth", "customers", "groups", "audit", "rate-limiter", "passwords"] {
            let line = lines.clone().find(|line| line.starts_with(&format!("{name} ")));
            assert!(line.is_some_and(|line| line.contains(" running")), "{name} is not in\n{table}");
        }
    }
}

#[actix_web::test]
async fn json_has_rates_and_is_sorted_and_filtered() {
    let (folder, node, token) = node().await;
    let written = top(&folder, &node, &["--once", "--json", "--sort", "name"], &token).well();
    let document: Value = serde_json::from_str(&written).expect("one document");
    assert_eq!((&document["node"]["ready"], &document["node"]["url"]), (&true.into(), &node.url().into()));
    let names: Vec<_> = document["actors"].as_array().expect("a list").iter().map(|row| row["name"].as_str()).collect();
    assert!(names.is_sorted() && names.len() >= 6, "{names:?}");
    let auth = document["actors"].as_array().and_then(|rows| rows.iter().find(|row| row["name"] == "auth"));
    let rate = auth.and_then(|auth| auth["ratePerSecond"].as_f64()).expect("looking at it twice gives a rate");
    assert!(rate > 0.0, "the second look itself asked it: {auth:#?}");

    let filtered = top(&folder, &node, &["--once", "--json", "--filter", "CUSTOM"], &token).well();
    let filtered: Value = serde_json::from_str(&filtered).expect("one document");
    assert!(filtered["actors"].as_array().is_some_and(|rows| rows.iter().any(|row| row["name"] == "customers")));
    assert!(filtered["actors"].as_array().is_some_and(|rows| rows.len() < names.len()), "{filtered:#}");
}

#[actix_web::test]
async fn json_goes_on_over_the_end_of_tokens_and_ends_with_its_reader() {
    let folder = tempdir().expect("a temporary folder can be made");
    let node = Process::start(folder.path(), &[("JWT_EXPIRES_IN", "1s")]);
    let arguments =
        ["top", "--url", node.url(), "--json", "--interval", "500ms", "--email", ADMIN.0, "--password-stdin"];
    let mut program = program(folder.path(), &arguments);
    let mut child =
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("it is piped"), ADMIN.1.as_bytes()).expect("it reads");
    let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut times = Vec::new();
    // Eight looks, 500 ms apart: the first token has expired before the last of them.
    for line in stdout.lines().take(8) {
        let document: Value = serde_json::from_str(&line.expect("it writes")).expect("one document a line");
        times.push(document["time"].as_str().expect("a time").to_owned());
    }
    assert!(times.len() == 8 && times.is_sorted(), "{times:?}");
    let mut code = None;
    poll_until(
        || {
            code = child.try_wait().expect("its state can be asked");
            code.is_some()
        },
        "it ends when nobody reads any more",
    );
    assert_eq!(code.and_then(|status| status.code()), Some(0));
}

#[actix_web::test]
async fn a_token_comes_from_a_file_or_an_account() {
    let (folder, node, token) = node().await;
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{token}\n")).expect("it can be written");
    let file = file.to_str().expect("temporary folders have plain names");
    top(&folder, &node, &["--token-file", file], "").well();
    let arguments = ["top", "--url", node.url(), "--interval", "100ms", "--email", ADMIN.0, "--password-stdin"];
    finish(program(folder.path(), &arguments), &format!("{}\n", ADMIN.1)).well();
}

#[actix_web::test]
async fn whoever_is_refused_is_told_why() {
    let (folder, node, token) = node().await;
    let forged = format!("{}x", &token[..token.len() - 8]);
    let told = top(&folder, &node, &["--once"], &forged).refused();
    assert!(told.contains("refused: 401") && !told.contains(&forged), "{told}");
    let nobody = crate::run::run(folder.path(), &["top", "--url", node.url()]).refused();
    assert!(nobody.contains("CLIENTELE_TOKEN"), "{nobody}");
    let member = node.client().registered("member@example.com").await;
    let told = top(&folder, &node, &["--json"], member.access_token().expect("signed in")).refused();
    assert!(told.contains("refused: 403"), "{told}");
    let arguments = ["top", "--url", node.url(), "--email", "member@example.com", "--password-stdin"];
    let told = finish(program(folder.path(), &arguments), "not the password").refused();
    assert!(told.contains("the sign-in is refused: 401") && !told.contains("not the password"), "{told}");
    let told = finish(program(folder.path(), &arguments), PASSWORD).refused();
    assert!(told.contains("refused: 403") && !told.contains(PASSWORD), "{told}");
}

#[test]
fn a_node_that_is_not_there_is_told_of_and_a_wrong_command_too() {
    let folder = tempdir().expect("a temporary folder can be made");
    let token = [("CLIENTELE_TOKEN", "a-token")];
    let told = run_with(folder.path(), &["top", "--url", "http://127.0.0.1:1"], &token).refused();
    assert!(
        told.starts_with("error: no answer from http://127.0.0.1:1/ops/actors\n") && told.contains("because:"),
        "{told}"
    );
    for wrong in [&["--url", "nowhere"][..], &["--interval", "0s"], &["--sort", "luck"], &["--password-stdin"]] {
        let refused = run_with(folder.path(), &[&["top"], wrong].concat(), &token);
        assert_eq!(refused.code, Some(2), "{refused:?}");
    }
    for wrong in [&["two words"][..], &["a", "--token-file", "b"], &["a", "--email", "a@b.c"]] {
        let refused = run_with(folder.path(), &[&["top", "--token"], wrong].concat(), &[]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
    }
    let help = run_with(folder.path(), &["top", "--help"], &[("CLIENTELE_TOKEN", "hidden-from-help")]).well();
    assert!(help.contains("CLIENTELE_TOKEN") && !help.contains("hidden-from-help"), "{help}");
    assert!(help.contains("--port") && !help.contains("--log-level") && !help.contains("--data-dir"), "{help}");
    assert!(help.contains("(ms, s, m, h, d, w), 100ms to 1h"), "as the refusal says: {help}");
}

#[actix_web::test]
async fn the_terminal_shows_the_actors_restarts_them_and_is_given_back() {
    let (folder, node, token) = node().await;
    let arguments = format!("top --url {} --interval 100ms", node.url());
    let mut terminal = Terminal::run(folder.path(), &arguments, &[("CLIENTELE_TOKEN", &token)]);
    let drawn = terminal.shows("rate-limiter", 0);
    terminal.shows("quit", 0);
    terminal.press("/customers\rr");
    terminal.shows("Restart", drawn);
    terminal.press("y");
    let admin = node.admin().await;
    let until = tokio::time::Instant::now() + crate::harness::SOON;
    loop {
        let tree = admin.get("//ops/actors").await.expect(200);
        let actor = tree["actors"].as_array().and_then(|rows| rows.iter().find(|row| row["name"] == "customers"));
        let replicas = actor.and_then(|row| row["replicas"].as_array()).expect("it has replicas");
        if replicas.iter().all(|replica| replica["incarnation"].as_u64() > Some(1)) {
            break;
        }
        assert!(tokio::time::Instant::now() < until, "nobody was restarted: {replicas:?}");
    }
    terminal.press("q");
    let written = terminal.ends_with(0);
    assert!(written.contains("\u{1b}[32m") || written.contains("38;5;2"), "states are coloured: {written:?}");
    assert!(!written.contains(&token));
}

#[actix_web::test]
async fn the_terminal_outlives_the_node_and_ends_by_a_signal() {
    let (folder, node, token) = node().await;
    let port = node.url().rsplit(':').next().expect("a port").to_owned();
    let arguments = format!("top --url {} --interval 100ms", node.url());
    let terminal = Terminal::run(folder.path(), &arguments, &[("CLIENTELE_TOKEN", &token), ("NO_COLOR", "1")]);
    terminal.shows("ready", 0);
    node.kill();
    let lost = terminal.shows("LOST", 0);
    let _again = Process::start(folder.path(), &[("PORT", &port)]);
    terminal.shows("ready", lost);
    terminal.signal("TERM");
    let written = terminal.ends_with(0);
    assert!(!written.contains("\u{1b}[31m") && !written.contains("38;5;1"), "no colours: {written:?}");
}

#[actix_web::test]
async fn the_terminal_is_not_taken_for_a_node_that_refuses() {
    let (folder, node, _) = node().await;
    let arguments = format!("top --url {}", node.url());
    let written = Terminal::run(folder.path(), &arguments, &[("CLIENTELE_TOKEN", "no-token")]).ends_with(1);
    assert!(written.contains("refused: 401") && !written.contains("\u{1b}[?1049h"), "{written:?}");
}
