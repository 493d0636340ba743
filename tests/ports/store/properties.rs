//! Whatever is written and asked, the store does as the naive model does.

use std::sync::Arc;

use actix_rt::SystemRunner;
use clientele::store::{CommitError, Filter, Position, Query, Sort, Store, Value, Write};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::customer::{CUSTOMERS, Customer, customer, id, parse};
use super::model::Model;

/// Few different values, so that they meet.
const NAMES: &[&str] = &["a", "ab", "b", "B", "ä"];
const TAGS: &[&str] = &["x", "xy", "y"];
const STATUSES: &[&str] = &["active", "lead"];
const PEOPLE: usize = 12;

/// A commit that may or may not conflict.
fn commit() -> impl Strategy<Value = Vec<Write>> {
    prop::collection::vec(write(), 1..4)
}

fn write() -> impl Strategy<Value = Write> {
    let version = || 1..3_u64;
    prop_oneof![
        4 => (person(), version()).prop_map(|(person, version)| Write::insert(&Customer { version, ..person })),
        3 => (person(), version(), version()).prop_map(|(person, expected, version)| {
            Write::replace(&Customer { version, ..person }, expected)
        }),
        1 => (0..PEOPLE, prop::option::of(version())).prop_map(|(n, expected)| {
            Write::Delete { collection: &CUSTOMERS, id: id(n), expected }
        }),
    ]
}

fn person() -> impl Strategy<Value = Customer> {
    let tags = prop::collection::vec(select(TAGS), 0..3);
    let email = prop::option::of(select(NAMES));
    let country = prop::option::of(select(&["AT", "DE"][..]));
    (0..PEOPLE, select(NAMES), email, select(STATUSES), country, tags, 0..4_i64, prop::option::weighted(0.2, 0..4_i64))
        .prop_map(|(n, name, email, status, country, tags, created_at, deleted_at)| Customer {
            name: name.to_owned(),
            email: email.map(str::to_owned),
            status: status.to_owned(),
            country: country.map(str::to_owned),
            tags: tags.into_iter().map(str::to_owned).collect(),
            created_at,
            deleted_at,
            ..customer(n)
        })
}

fn condition() -> impl Strategy<Value = Filter> {
    let field = || select(&["name", "tags", "email", "status", "country"][..]);
    let text = || select([NAMES, TAGS, STATUSES].concat());
    let bound = || prop::option::of((0..4_i64).prop_map(Value::Number));
    prop_oneof![
        (field(), text()).prop_map(|(field, text)| Filter::Eq(field, text.into())),
        (field(), prop::collection::vec(text(), 0..4))
            .prop_map(|(field, texts)| Filter::In(field, texts.into_iter().map(Value::from).collect())),
        (field(), text()).prop_map(|(field, text)| Filter::Prefix(field, text.to_owned())),
        (field(), prop::option::of(text()), prop::option::of(text())).prop_map(|(field, from, to)| Filter::Range(
            field,
            from.map(Value::from),
            to.map(Value::from)
        )),
        (bound(), bound()).prop_map(|(from, to)| Filter::Range("createdAt", from, to)),
        (0..4_i64).prop_map(|at| Filter::Eq("createdAt", at.into())),
        (0..PEOPLE).prop_map(|n| Filter::Eq("id", id(n).into())),
        select(&["email", "country", "tags"][..]).prop_map(Filter::Absent),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let state = prop_oneof![3 => Just(Some(Filter::Live)), 1 => Just(Some(Filter::Deleted)), 1 => Just(None)];
    let conditions = prop::collection::vec(condition(), 0..3);
    (
        state,
        conditions,
        any::<[bool; 2]>(),
        0..4_usize,
        prop::option::of((0..4_i64, select(NAMES), 0..PEOPLE)),
        1..6_usize,
    )
        .prop_map(|(state, mut filters, [descending, first], order, place, limit)| {
            // Deleted documents are in fewer orders.
            let field = if state == Some(Filter::Live) {
                ["createdAt", "name", "id"][order % 3]
            } else {
                ["createdAt", "id"][order % 2]
            };
            let at = if first { 0 } else { filters.len() };
            filters.splice(at..at, state);
            let after = place.map(|(at, name, n)| Position {
                value: match field {
                    "createdAt" => at.into(),
                    "name" => name.into(),
                    _ => id(n).into(),
                },
                id: id(n),
            });
            Query { collection: &CUSTOMERS, filters, sort: Sort { field, descending }, after, limit }
        })
}

pub fn the_store_does_as_the_model_does(system: &SystemRunner, store: &Arc<dyn Store>) {
    let strategy = (prop::collection::vec(commit(), 1..24), prop::collection::vec(query(), 1..24));
    let config = Config { cases: 256, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config)
        .run(&strategy, |(commits, queries)| system.block_on(does_as_the_model_does(&**store, commits, queries)));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn does_as_the_model_does(
    store: &dyn Store,
    commits: Vec<Vec<Write>>,
    queries: Vec<Query>,
) -> Result<(), TestCaseError> {
    let erase = |n| Write::Delete { collection: &CUSTOMERS, id: id(n), expected: None };
    store.commit((0..PEOPLE).map(erase).collect()).await.unwrap();
    let mut model = Model::default();
    for writes in commits {
        let expected = model.commit(&writes);
        let outcome = store.commit(writes.clone()).await.map_err(|error| match error {
            CommitError::Conflict { index, conflict } => (index, conflict),
            CommitError::Store(error) => panic!("{error:?}"),
        });
        prop_assert_eq!(outcome, expected, "{:?}", writes);
    }
    for query in queries {
        prop_assert_eq!(parse(&store.find(query.clone()).await.unwrap()), model.find(&query), "{:?}", query);
        let filters = || query.filters.clone();
        let count = store.count(&CUSTOMERS, filters()).await.unwrap();
        prop_assert_eq!(count, model.matching(&query.filters).len() as u64, "{:?}", query);
        let fields: &[&'static str] = if query.filters.contains(&Filter::Live) {
            &["status", "country", "tags", "createdAt"]
        } else {
            &["createdAt"]
        };
        for field in fields {
            let groups = store.group_by(&CUSTOMERS, filters(), field, query.limit).await.unwrap();
            prop_assert_eq!(groups, model.group_by(&query.filters, field, query.limit), "{} of {:?}", field, query);
        }
        let buckets = store.histogram(&CUSTOMERS, filters(), "createdAt", vec![0, 1, 3]).await.unwrap();
        prop_assert_eq!(buckets, model.histogram(&query.filters, "createdAt", &[0, 1, 3]), "{:?}", query);
    }
    Ok(())
}
