//! From an empty database to this program's version, and no further.

use actix_rt::System;
use clientele::model::document::{Collection, Index};
use clientele::store::mongodb::{MongoOptions, MongoStore, SCHEMA_VERSION};
use clientele::store::{Filter, MigrateError, Migration, Query, Sort, Store, StoreError, Write};
use futures_util::future::join_all;
use mongodb::bson::{Document, doc};

use super::super::store::customer::{Customer, customer, get, id, insert_all, live_with};
use super::{Scratch, connect, native, open, options};

/// The customers' collection of a later program: other indexes, one more list.
static LATER: Collection = Collection {
    name: "customers",
    indexes: &[
        Index::Unique("email"),
        Index::Live("version"),
        Index::Compound { field: "country", then: "name" },
        Index::Multi { field: "tags", then: "name" },
        Index::Unique("name"),
    ],
};

static LATER_COLLECTIONS: &[&Collection] = &[&LATER];

async fn indexes(uri: &str) -> Vec<String> {
    let mut names = native(uri).await.collection::<Document>("customers").list_index_names().await.unwrap();
    names.sort();
    names
}

#[test]
fn an_empty_database_is_brought_to_this_version_once() {
    System::new().block_on(async {
        let database = Scratch::new();
        let store = connect(&database.0).await.unwrap();
        assert_eq!(store.migrate().await.unwrap(), Migration { from: 0, to: SCHEMA_VERSION });
        let made = indexes(&database.0).await;
        assert_eq!(store.migrate().await.unwrap(), Migration { from: SCHEMA_VERSION, to: SCHEMA_VERSION });
        assert_eq!(indexes(&database.0).await, made);
    });
}

#[test]
fn several_nodes_may_migrate_at_once() {
    System::new().block_on(async {
        let database = Scratch::new();
        let nodes = join_all((0..4).map(|_| connect(&database.0))).await;
        let nodes: Vec<MongoStore> = nodes.into_iter().map(Result::unwrap).collect();
        for migrated in join_all(nodes.iter().map(|node| node.migrate())).await {
            assert_eq!(migrated.unwrap().to, SCHEMA_VERSION);
        }
        insert_all(&nodes[0], &[customer(1)]).await;
    });
}

#[test]
fn a_newer_programs_store_is_refused_and_left_alone() {
    System::new().block_on(async {
        let database = Scratch::new();
        drop(open(&database.0).await);
        let newer = native(&database.0).await;
        let schema = newer.collection::<Document>("clientele_schema");
        schema.update_one(doc! { "_id": "schema" }, doc! { "$set": { "version": 99_i64 } }).await.unwrap();
        newer.collection::<Document>("customers").drop_index("name.live").await.unwrap();
        let before = indexes(&database.0).await;
        let refusal = connect(&database.0).await.unwrap().migrate().await.unwrap_err();
        assert!(matches!(refusal, MigrateError::Newer { found: 99, known: SCHEMA_VERSION }), "{refusal:?}");
        assert_eq!(indexes(&database.0).await, before);
    });
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    System::new().block_on(async {
        let database = Scratch::new();
        let customers = native(&database.0).await.collection::<Document>("customers");
        customers.insert_one(doc! { "name": "Somebody" }).await.unwrap();
        let refusal = connect(&database.0).await.unwrap().migrate().await.unwrap_err();
        assert!(matches!(refusal, MigrateError::Store(StoreError::Corrupt(_))), "{refusal:?}");
        assert_eq!(indexes(&database.0).await, ["_id_"]);
    });
}

#[test]
fn indexes_follow_the_declarations_and_the_documents_stay() {
    System::new().block_on(async {
        let database = Scratch::new();
        let tagged = |n| Customer { tags: vec!["a".into(), format!("{n}")], country: Some("AT".into()), ..customer(n) };
        let earlier = open(&database.0).await;
        let made = indexes(&database.0).await;
        // More than are kept anew at once.
        insert_all(&earlier, &(1..=1_100).map(tagged).collect::<Vec<_>>()).await;
        let by_hand = native(&database.0).await.collection::<Document>("customers");
        let index = mongodb::IndexModel::builder().keys(doc! { "operators": 1 }).build();
        by_hand.create_index(index).await.unwrap();

        let wanted = MongoOptions { collections: LATER_COLLECTIONS, ..options(&database.0) };
        let later = MongoStore::connect(wanted).await.unwrap();
        later.migrate().await.unwrap();
        assert_ne!(indexes(&database.0).await, made);
        let by = |filter| Query {
            collection: &LATER,
            filters: vec![Filter::Live, filter],
            sort: Sort { field: "name", descending: true },
            after: None,
            limit: 2_000,
        };
        for filter in [Filter::Eq("tags", "a".into()), Filter::Eq("country", "AT".into())] {
            assert_eq!(later.find(by(filter.clone())).await.unwrap().len(), 1_100, "{filter:?}");
        }
        assert_eq!(later.find(by(Filter::Eq("name", "Customer 7".into()))).await.unwrap().len(), 1);
        later.commit(vec![Write::insert(&tagged(2_000))]).await.unwrap();

        // And back: what was written meanwhile is found as well.
        let earlier = open(&database.0).await;
        let now = indexes(&database.0).await;
        assert!(now.contains(&"operators_1".to_owned()), "an index of another is left alone: {now:?}");
        assert_eq!(now.into_iter().filter(|name| name != "operators_1").collect::<Vec<_>>(), made);
        assert_eq!(live_with(&earlier, "tags", "a").await.len(), 1_101);
        assert_eq!(get(&earlier, id(1)).await, Some(tagged(1)));
    });
}
