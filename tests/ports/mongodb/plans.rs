//! That lists are read by indexes.
//!
//! The slower substitute tells of a sort in every plan, so that only the quicker one and a real server are asked for it.

use actix_rt::System;
use clientele::store::{Filter, Position, Query, Sort, StoreError, Value};

use super::super::store::customer::{CUSTOMERS, Customer, customer, id, insert_all};
use super::{Scratch, open};
use clientele::store::Store;

fn query(filters: &[Filter], field: &'static str, descending: bool, after: Option<Value>) -> Query {
    Query {
        collection: &CUSTOMERS,
        filters: filters.to_vec(),
        sort: Sort { field, descending },
        after: after.map(|value| Position { value, id: id(7) }),
        limit: 20,
    }
}

#[test]
fn lists_are_read_in_the_order_of_an_index() {
    let live = Filter::Live;
    let range = Filter::Range("createdAt", Some(0.into()), Some(2_000.into()));
    let shapes: &[(&str, Vec<Filter>, &'static str, Value)] = &[
        ("createdAt.live", vec![live.clone()], "createdAt", 1_000.into()),
        ("name.live", vec![live.clone()], "name", "Customer 7".into()),
        ("createdAt.all", vec![], "createdAt", 1_000.into()),
        ("_id_", vec![], "id", id(7).into()),
        ("status.createdAt.by", vec![live.clone(), Filter::Eq("status", "lead".into())], "createdAt", 1_000.into()),
        ("tags.createdAt.each", vec![live.clone(), Filter::Eq("tags", "all".into())], "createdAt", 1_000.into()),
        ("tags.createdAt.each", vec![live.clone(), Filter::Absent("tags")], "createdAt", 1_000.into()),
        ("createdAt.live", vec![live, range], "createdAt", 1_000.into()),
    ];
    System::new().block_on(async {
        let database = Scratch::new();
        let store = open(&database.0).await;
        let crowd: Vec<Customer> = (0..200)
            .map(|n| Customer { created_at: 1_000 * (n as i64 / 100), tags: vec!["all".into()], ..customer(n) })
            .collect();
        insert_all(&store, &crowd).await;
        let plain = store.explain(&query(&[Filter::Live], "createdAt", false, None)).await.unwrap();
        let tells_of_sorts = !plain.contains("\"SORT\"");
        for (index, filters, field, value) in shapes {
            for descending in [true, false] {
                for after in [None, Some(value.clone())] {
                    let plan = store.explain(&query(filters, field, descending, after)).await.unwrap();
                    assert!(plan.contains(&format!("\"{index}\"")), "{index}: {plan}");
                    assert!(!plan.contains("COLLSCAN"), "walks through the collection: {plan}");
                    assert!(!tells_of_sorts || !plan.contains("\"SORT\""), "sorts: {plan}");
                }
            }
        }
    });
}

#[test]
fn a_query_that_no_index_serves_is_refused() {
    System::new().block_on(async {
        let database = Scratch::new();
        let store = open(&database.0).await;
        for unserved in
            [query(&[], "name", false, None), query(&[Filter::Eq("email", "a".into())], "name", false, None)]
        {
            let error = store.find(unserved).await.unwrap_err();
            assert!(matches!(&error, StoreError::Query(cause) if cause.to_string().contains("no index")), "{error:?}");
        }
    });
}
