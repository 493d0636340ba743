//! A store that has no space left.

use std::fs;
use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::Value;

use crate::harness::Client;
use crate::harness::client::customer;
use crate::harness::process::{Process, command};
use crate::harness::trail::{assert_unbroken, changes, whole_trail};

/// How far the store's files may grow beyond what they are, once there is no more space.
const LEFT_BYTES: u64 = 64 << 10;

/// Writes that have to fail before there is space again.
const FAILURES: usize = 20;

#[actix_web::test]
async fn without_space_writes_fail_whole_and_reads_go_on_until_there_is_space_again() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut process = Process::run(ignoring_the_limit(folder.path()));
    let admin = process.admin().await;
    let first = admin.post("/customers", customer(0)).await.expect(201);
    limit(&process, &(largest_file(folder.path()) + LEFT_BYTES).to_string());

    let mut told = vec![(0, 201)];
    while told.iter().filter(|(_, status)| *status == 500).count() < FAILURES {
        let number = told.len();
        let answer = create(&admin, number).await;
        if answer.status != 201 {
            assert_eq!(answer.failure(), (500, 4002), "{answer:?}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            let detail = answer.body["detail"].as_str().expect("a text").to_lowercase();
            assert!(["sqlite", "disk", "file", "i/o"].iter().all(|word| !detail.contains(word)), "{detail}");
        }
        told.push((number, answer.status));
        assert!(number < 2_000, "the store goes on growing: {told:?}");
        let read = admin.get(&format!("/customers/{}", first["id"].as_str().expect("an id"))).await.expect(200);
        assert_eq!(read["email"], first["email"]);
    }
    assert_eq!(emails(&admin).await, made(&told), "what failed has left nothing");
    process.line_with("a request failed");

    limit(&process, "unlimited");
    told.push((told.len(), create(&admin, told.len()).await.status));
    assert_eq!(told.last().map(|(_, status)| *status), Some(201), "there is space again");
    assert_eq!(emails(&admin).await, made(&told));
    let trail = whole_trail(&admin, "marker").await;
    assert_unbroken(&trail);
    let mut created: Vec<String> = changes(&trail).into_iter().map(|(request, ..)| request).collect();
    created.retain(|request| request.starts_with("create-"));
    created.sort_unstable();
    let mut expected: Vec<String> =
        told[1..].iter().filter(|(_, status)| *status == 201).map(|(number, _)| format!("create-{number}")).collect();
    expected.sort_unstable();
    assert_eq!(created, expected, "one event for each customer made, none for those that were not");
    process.signal("TERM");
    assert_eq!(process.ended().code(), Some(0));
}

async fn create(admin: &Client, number: usize) -> crate::harness::client::Answer {
    let request = admin.request(Method::POST, "/customers").header("X-Request-Id", format!("create-{number}"));
    admin.send(request.json(&customer(number))).await
}

/// The e-mails of those that were made, sorted.
fn made(told: &[(usize, u16)]) -> Vec<Value> {
    let made = told.iter().filter(|(_, status)| *status == 201);
    let mut emails: Vec<Value> = made.map(|(number, _)| customer(*number)["email"].clone()).collect();
    emails.sort_unstable_by_key(Value::to_string);
    emails
}

async fn emails(admin: &Client) -> Vec<Value> {
    let mut emails: Vec<Value> =
        crate::kill::customers(admin).await.into_iter().map(|mut customer| customer["email"].take()).collect();
    emails.sort_unstable_by_key(Value::to_string);
    emails
}

/// The program under a shell that has it outlive the signal which goes with the limit: it is to see an error, as on a
/// full disk, and a limit on the size of files can be set and lifted everywhere, by anybody, while it runs.
fn ignoring_the_limit(folder: &Path) -> Command {
    let program = command(folder);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\""]).arg(program.get_program()).env_clear().current_dir(folder);
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

fn limit(process: &Process, bytes: &str) {
    let limited =
        Command::new("prlimit").arg("--pid").arg(process.id().to_string()).arg(format!("--fsize={bytes}:")).status();
    assert!(limited.expect("prlimit is there").success());
}

fn largest_file(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).expect("the data folder can be read");
    files.map(|file| file.and_then(|file| file.metadata()).expect("a file").len()).max().expect("there are files")
}
