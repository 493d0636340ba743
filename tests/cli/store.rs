//! `migrate`, and stores that are not this program's to touch.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use tempfile::tempdir;

use crate::harness::process::Process;
use crate::run::{program, run};

fn store(folder: &Path) -> Connection {
    Connection::open(folder.join("clientele.db")).expect("the store is an SQLite file")
}

fn version(folder: &Path) -> u32 {
    store(folder).pragma_query_value(None, "user_version", |row| row.get(0)).expect("it has a version")
}

#[test]
fn migrating_twice_is_migrating_once() {
    let folder = tempdir().expect("a temporary folder can be made");
    let first = run(folder.path(), &["migrate"]).well();
    let now = version(folder.path());
    assert_eq!(first, format!("Brought the store from schema version 0 to {now}.\n"));
    let schema = |folder: &Path| -> Vec<String> {
        let store = store(folder);
        let mut rows = store.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name").expect("readable");
        rows.query_map([], |row| row.get(0)).expect("readable").map(|row| row.expect("a text")).collect()
    };
    let before = schema(folder.path());
    let second = run(folder.path(), &["migrate"]).well();
    assert_eq!(second, format!("The store has schema version {now} already.\n"));
    assert_eq!(schema(folder.path()), before);
    let process = Process::run(program(folder.path(), &["serve"]));
    process.signal("TERM");
    assert_eq!(process.ended().code(), Some(0));
    assert_eq!(schema(folder.path()), before, "serving migrates the same way");
}

#[test]
fn a_store_newer_than_the_program_is_refused_and_left_alone() {
    let folder = tempdir().expect("a temporary folder can be made");
    run(folder.path(), &["migrate"]).well();
    let known = version(folder.path());
    store(folder.path()).pragma_update(None, "user_version", 99).expect("it can be written");
    let create = ["admin", "create", "--email", "ada@example.com", "--password-stdin"];
    for command in [&["serve"][..], &["migrate"], &create] {
        let refused = crate::run::finish(program(folder.path(), command), "correct horse battery\n");
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let expected = format!("schema version 99, this program knows {known}: start the newer program");
        assert!(refused.stderr.contains(&expected), "{refused:?}");
        assert_eq!(version(folder.path()), 99, "{command:?} left the store alone");
    }
}

#[test]
fn what_is_no_store_of_ours_is_refused() {
    let folder = tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("clientele.db");
    let foreign = Connection::open(&path).expect("a database can be made");
    foreign.execute_batch("CREATE TABLE recipes (name TEXT)").expect("it can be written");
    drop(foreign);
    let told = run(folder.path(), &["migrate"]).refused();
    assert!(told.contains("another program's database"), "{told}");
    fs::write(&path, "no database at all, but long enough to be read as the head of one".repeat(100)).expect("written");
    let told = run(folder.path(), &["migrate"]).refused();
    assert!(told.starts_with("error: ") && told.contains("not a database"), "{told}");
    let kept = fs::read_to_string(&path).expect("it is there");
    assert!(kept.starts_with("no database at all"), "a file of somebody else's is not overwritten");
}

#[test]
fn a_data_folder_that_cannot_be_is_told() {
    let folder = tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("file"), "").expect("written");
    let told = run(folder.path(), &["--data-dir", "file/data", "migrate"]).refused();
    assert!(told.contains("the data folder file/data cannot be used"), "{told}");
}

#[test]
fn two_servers_over_one_data_folder_are_refused() {
    let folder = tempdir().expect("a temporary folder can be made");
    let process = Process::run(program(folder.path(), &["serve"]));
    let second = run(folder.path(), &["serve"]);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.stderr.contains("belongs to a server that is running"), "{second:?}");
    process.kill();
    let third = Process::run(program(folder.path(), &["serve"]));
    third.client();
}
