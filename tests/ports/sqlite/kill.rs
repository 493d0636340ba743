//! A killed process loses nothing that it had answered.

use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use actix_rt::System;
use clientele::store::{Store, Write};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::super::store::customer::{CUSTOMERS, EVENTS, Event, customer, id};
use super::{file, open};

/// Tells this binary, run as a child, which file to write to.
const CHILD: &str = "CLIENTELE_TEST_STORE";

/// The child: commits customers, each with its event, and says which ones were answered, until it is killed.
#[test]
fn child_that_commits_for_ever() {
    let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    System::new().block_on(async {
        let store = open(&path).await;
        let store = &store;
        let commit = |n: usize| async move {
            let event = Event { id: id(n), customer: id(n) };
            store.commit(vec![Write::insert(&customer(n)), Write::insert(&event)]).await.unwrap();
            n
        };
        let mut commits: FuturesUnordered<_> = (0..16).map(commit).collect();
        let mut next = 16;
        while let Some(n) = commits.next().await {
            // An error: the parent is gone.
            let Ok(()) = writeln!(std::io::stdout(), "answered {n}") else { return };
            commits.push(commit(next));
            next += 1;
        }
    });
}

#[test]
fn a_killed_process_loses_nothing_that_it_had_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ports::sqlite::kill::child_that_commits_for_ever", "--nocapture"])
        .env(CHILD, file(&folder))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answered = Vec::new();
    for line in lines {
        // The last line may have been cut off by the kill.
        let Some(n) = line.unwrap().strip_prefix("answered ").and_then(|n| n.parse::<usize>().ok()) else { continue };
        answered.push(n);
        if answered.len() == 300 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(answered.len() >= 300, "it ended by itself after {}", answered.len());
    System::new().block_on(async {
        let store = open(&file(&folder)).await;
        for n in &answered {
            assert!(store.get(&CUSTOMERS, id(*n)).await.unwrap().is_some(), "{n} was answered and is lost");
        }
        let customers = store.count(&CUSTOMERS, vec![]).await.unwrap();
        assert_eq!(store.count(&EVENTS, vec![]).await.unwrap(), customers, "each customer has its event");
    });
}
