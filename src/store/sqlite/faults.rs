//! Tests of a writer to whom bad things happen: a full disk, a panic in the middle of a group.

use actix::Message;
use actix_rt::System;
use serde_json::json;

use super::*;
use crate::actors::supervision::{Deadline, Work};
use crate::model::document::Index;
use crate::store::sqlite::{Durability, SqliteOptions, SqliteStore};
use crate::store::{Filter, Store};

static NOTES: Collection = Collection { name: "notes", indexes: &[Index::Unique("title"), Index::Live("title")] };
static COLLECTIONS: &[&Collection] = &[&NOTES];

fn note(n: u32, bytes: usize) -> Vec<Write> {
    let document = json!({ "title": format!("note {n}"), "text": "x".repeat(bytes) }).to_string();
    let id = format!("{n:024x}").parse().unwrap();
    vec![Write::Insert { collection: &NOTES, id, version: 1, document: Document::from_json(document) }]
}

fn writer(folder: &tempfile::TempDir) -> Writer {
    let database = Database::new(&folder.path().join("clientele.db"), Durability::Kill);
    database.create().unwrap();
    let mut writer = Writer::open(database, Arc::new(CommitQueue::new(16))).unwrap();
    writer.migrate(COLLECTIONS).unwrap();
    writer
}

/// Commits these as one group.
fn commit(writer: &mut Writer, group: Vec<Vec<Write>>) -> Vec<Result<(), CommitError>> {
    let soon = Deadline::within(std::time::Duration::from_secs(60));
    let waiting: Vec<_> = group.into_iter().map(|writes| writer.queue.push(writes, soon).unwrap().1).collect();
    writer.flush();
    waiting.into_iter().map(|mut answer| answer.try_recv().unwrap()).collect()
}

fn count(writer: &mut Writer) -> i64 {
    let count = |connection: &mut Connection| connection.query_row("SELECT count(*) FROM notes", [], |row| row.get(0));
    writer.run(|connection| count(connection).map_err(writing)).unwrap()
}

/// How many pages the database may have: SQLite fails beyond it as it does on a full disk.
fn allow_pages(writer: &mut Writer, beyond_used: Option<i64>) {
    let allow = |connection: &mut Connection| -> Result<()> {
        let used: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        connection.pragma_update(
            None,
            "max_page_count",
            beyond_used.map_or(i64::from(u32::MAX - 1), |pages| used + pages),
        )
    };
    writer.run(|connection| allow(connection).map_err(writing)).unwrap();
}

#[test]
fn a_full_disk_fails_the_commit_and_heals_with_space() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    assert!(commit(&mut writer, vec![note(0, 10)])[0].is_ok());
    allow_pages(&mut writer, Some(4));
    let full = commit(&mut writer, vec![note(1, 100_000)]);
    assert!(matches!(full[..], [Err(CommitError::Store(StoreError::Transaction(_)))]), "{full:?}");
    assert_eq!(count(&mut writer), 1);
    allow_pages(&mut writer, None);
    assert!(commit(&mut writer, vec![note(1, 100_000), note(2, 10)]).iter().all(Result::is_ok));
    assert_eq!(count(&mut writer), 3);
}

#[test]
fn what_is_no_json_fails_its_own_commit_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder);
    let id = "f".repeat(24).parse().unwrap();
    let broken = Write::Insert { collection: &NOTES, id, version: 1, document: Document::from_json("{\"title\":") };
    let outcomes = commit(&mut writer, vec![note(1, 1), [note(2, 1), vec![broken]].concat(), note(3, 1)]);
    assert!(
        matches!(outcomes[..], [Ok(()), Err(CommitError::Store(StoreError::Transaction(_))), Ok(())]),
        "{outcomes:?}"
    );
    assert_eq!(count(&mut writer), 2);
}

/// Has the writer panic while a group is half written.
struct Panic;

impl Message for Panic {
    type Result = ();
}

impl Work<Panic> for Writer {
    fn work(&mut self, _: Panic) {
        let group = self.queue.take(GROUP_MAX);
        let _ = self.run(|connection| -> Result<(), StoreError> {
            let mut transaction = connection.transaction().unwrap();
            commit_one(&mut transaction, &group[0].writes).unwrap();
            panic!("in the middle of a group");
        });
    }
}

#[test]
fn a_panic_of_the_writer_is_an_error_of_those_in_its_group_alone() {
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions { durability: Durability::Kill, ..SqliteOptions::new(COLLECTIONS) };
        let store = SqliteStore::open(&folder.path().join("clientele.db"), options).unwrap();
        store.migrate().await.unwrap();
        let panic = store.writer.ask(store.deadline(), Panic);
        let (hit, _) = tokio::join!(biased; store.commit(note(1, 1)), panic);
        // The panic's job came before the commit's, and found the commit in the queue or not.
        store.commit(note(2, 1)).await.unwrap();
        let expected = if hit.is_ok() { 2 } else { 1 };
        assert_eq!(store.count(&NOTES, vec![Filter::Live]).await.unwrap(), expected, "{hit:?}");
        if let Err(error) = hit {
            assert!(matches!(error, CommitError::Store(StoreError::Crashed(_))), "{error:?}");
        }
    });
}
