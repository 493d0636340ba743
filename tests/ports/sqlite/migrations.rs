//! From an empty file to this program's version, and no further.

use std::path::Path;

use actix_rt::System;
use clientele::model::document::{Collection, Index};
use clientele::store::sqlite::{SCHEMA_VERSION, SqliteOptions, SqliteStore};
use clientele::store::{Filter, MigrateError, Migration, Query, Sort, Store, StoreError, Write};

use super::super::store::customer::{Customer, customer, get, id, insert_all, live_with};
use super::{file, open, options};

/// The customers' collection of a later program: other indexes, one more list.
static LATER: Collection = Collection {
    name: "customers",
    indexes: &[
        Index::Unique("email"),
        Index::Live("version"),
        Index::Compound { field: "country", then: "name" },
        Index::Multi { field: "tags", then: "name" },
    ],
};

static LATER_COLLECTIONS: &[&Collection] = &[&LATER];

fn schema(path: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn an_empty_file_is_brought_to_this_version_once() {
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&file(&folder), options()).unwrap();
        assert_eq!(store.migrate().await.unwrap(), Migration { from: 0, to: SCHEMA_VERSION });
        let made = schema(&file(&folder));
        assert_eq!(store.migrate().await.unwrap(), Migration { from: SCHEMA_VERSION, to: SCHEMA_VERSION });
        assert_eq!(schema(&file(&folder)), made);
    });
}

#[test]
fn a_newer_programs_store_is_refused_and_left_alone() {
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        drop(open(&file(&folder)).await);
        let newer = rusqlite::Connection::open(file(&folder)).unwrap();
        newer.execute_batch("PRAGMA user_version = 99; DROP INDEX \"customers.name.live\"").unwrap();
        let before = schema(&file(&folder));
        let refusal = SqliteStore::open(&file(&folder), options()).unwrap().migrate().await.unwrap_err();
        assert!(matches!(refusal, MigrateError::Newer { found: 99, known: SCHEMA_VERSION }), "{refusal:?}");
        assert_eq!(schema(&file(&folder)), before);
    });
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        rusqlite::Connection::open(file(&folder)).unwrap().execute_batch("CREATE TABLE customers (name)").unwrap();
        let refusal = SqliteStore::open(&file(&folder), options()).unwrap().migrate().await.unwrap_err();
        assert!(matches!(refusal, MigrateError::Store(StoreError::Corrupt(_))), "{refusal:?}");
        assert_eq!(schema(&file(&folder)), ["customers"]);
    });
}

#[test]
fn indexes_follow_the_declarations_and_the_documents_stay() {
    System::new().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let tagged = |n| Customer { tags: vec!["a".into(), format!("{n}")], country: Some("AT".into()), ..customer(n) };
        let earlier = open(&file(&folder)).await;
        let made = schema(&file(&folder));
        insert_all(&earlier, &[tagged(1), tagged(2)]).await;

        let later =
            SqliteStore::open(&file(&folder), SqliteOptions { collections: LATER_COLLECTIONS, ..options() }).unwrap();
        later.migrate().await.unwrap();
        assert_ne!(schema(&file(&folder)), made);
        let by = |filter| Query {
            collection: &LATER,
            filters: vec![Filter::Live, filter],
            sort: Sort { field: "name", descending: true },
            after: None,
            limit: 10,
        };
        for filter in [Filter::Eq("tags", "a".into()), Filter::Eq("country", "AT".into())] {
            assert_eq!(later.find(by(filter.clone())).await.unwrap().len(), 2, "{filter:?}");
        }
        assert_eq!(later.count(&LATER, vec![Filter::Live, Filter::Eq("version", 1.into())]).await.unwrap(), 2);
        later.commit(vec![Write::insert(&tagged(3))]).await.unwrap();

        // And back: what was written meanwhile is found as well.
        let earlier = open(&file(&folder)).await;
        assert_eq!(schema(&file(&folder)), made);
        assert_eq!(live_with(&earlier, "tags", "a").await, [id(1), id(2), id(3)]);
        assert_eq!(get(&earlier, id(1)).await, Some(tagged(1)));
    });
}
