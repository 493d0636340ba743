//! The suite on the embedded store, and what only a file can show.

mod kill;
mod migrations;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_rt::System;
use clientele::store::sqlite::{Durability, SqliteOptions, SqliteStore};
use clientele::store::{CommitError, Filter, Store, StoreError, Write};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::store::customer::{COLLECTIONS, CUSTOMERS, customer, find, insert_all};
use super::store::{Backend, store_suite};

store_suite!(fresh);

/// Tests cut no power.
fn options() -> SqliteOptions {
    SqliteOptions { durability: Durability::Kill, ..SqliteOptions::new(COLLECTIONS) }
}

async fn fresh() -> Backend {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&file(&folder)).await;
    Backend { store: Arc::new(store), _keep: Box::new(folder) }
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("clientele.db")
}

async fn open(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path, options()).unwrap();
    store.migrate().await.unwrap();
    store
}

#[test]
fn commits_are_there_after_reopening() {
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        insert_all(&open(&file(&folder)).await, &[customer(1), customer(2)]).await;
        assert_eq!(find(&open(&file(&folder)).await, &[Filter::Live]).await, [customer(1), customer(2)]);
    });
}

#[test]
fn two_processes_may_share_the_file() {
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (server, tool) = (open(&file(&folder)).await, open(&file(&folder)).await);
        let commits = FuturesUnordered::new();
        for n in 0..100 {
            commits.push(server.commit(vec![Write::insert(&customer(n))]));
            commits.push(tool.commit(vec![Write::insert(&customer(n + 100))]));
        }
        assert!(commits.all(|outcome| async move { outcome.is_ok() }).await);
        assert_eq!(server.count(&CUSTOMERS, vec![]).await.unwrap(), 200);
        assert_eq!(tool.count(&CUSTOMERS, vec![]).await.unwrap(), 200);
    });
}

#[test]
fn too_many_commits_are_refused_and_leave_nothing() {
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        open(&file(&folder)).await;
        let store = SqliteStore::open(&file(&folder), SqliteOptions { commit_queue: 4, ..options() }).unwrap();
        let other_process = rusqlite::Connection::open(file(&folder)).unwrap();
        other_process.execute_batch("BEGIN IMMEDIATE").unwrap();
        let writes: Vec<_> = (0..32).map(|n| Write::insert(&customer(n))).collect();
        let mut commits: FuturesUnordered<_> = writes.into_iter().map(|write| store.commit(vec![write])).collect();
        let (mut refused, mut committed) = (0, 0);
        while let Some(outcome) = commits.next().await {
            match outcome {
                Ok(()) => committed += 1,
                Err(CommitError::Store(StoreError::Overloaded { .. })) => {
                    refused += 1;
                    if !other_process.is_autocommit() {
                        other_process.execute_batch("ROLLBACK").unwrap();
                    }
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        assert!(refused > 0 && committed > 0, "{refused} refused, {committed} committed");
        assert_eq!(store.count(&CUSTOMERS, vec![]).await.unwrap(), committed);
    });
}

#[test]
fn a_commit_nobody_waits_for_any_more_hinders_no_other() {
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&file(&folder)).await;
        for n in 0..50 {
            let write = Write::insert(&customer(n));
            let mut commit = std::pin::pin!(store.commit(vec![write]));
            // Polled once, so that it is queued, then dropped.
            let _ = futures_util::poll!(&mut commit);
        }
        insert_all(&store, &[customer(100)]).await;
        assert!(find(&store, &[]).await.contains(&customer(100)));
    });
}

#[test]
#[cfg(unix)]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&file(&folder)).await;
        insert_all(&store, &[customer(1)]).await;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        }
    });
}

#[test]
fn what_cannot_be_opened_is_told_apart() {
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = SqliteStore::open(&folder.path().join("absent/clientele.db"), options()).unwrap_err();
        assert!(matches!(nowhere, StoreError::Unreachable(_)), "{nowhere:?}");
        std::fs::write(file(&folder), "Certainly not a database, but long enough to be taken for one. ".repeat(99))
            .unwrap();
        let garbage = SqliteStore::open(&file(&folder), options()).unwrap_err();
        assert!(matches!(garbage, StoreError::Corrupt(_)), "{garbage:?}");
    });
}
