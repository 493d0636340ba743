//! Walks through lists page by page, each beginning behind the last document of the one before.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use clientele::model::id::ObjectId;
use clientele::store::{Filter, Position, Query, Sort, Store, Value, Write};

use super::customer::{CUSTOMERS, Customer, customer, insert_all, parse};
use super::model::Model;

fn position(customer: &Customer, field: &str) -> Position {
    let value = match field {
        "createdAt" => Value::Number(customer.created_at),
        "name" => Value::Text(customer.name.clone()),
        "id" => Value::from(customer.id),
        other => panic!("{other} is no order of this test"),
    };
    Position { value, id: customer.id }
}

async fn next_page(store: &dyn Store, query: &mut Query) -> Vec<Customer> {
    let page = parse(&store.find(query.clone()).await.unwrap());
    assert!(page.len() <= query.limit);
    if let Some(last) = page.last() {
        query.after = Some(position(last, query.sort.field));
    }
    page
}

async fn walk(store: &dyn Store, mut query: Query) -> Vec<Customer> {
    let mut seen = Vec::new();
    loop {
        let page = next_page(store, &mut query).await;
        if page.is_empty() {
            return seen;
        }
        seen.extend(page);
    }
}

fn list(filters: &[Filter], field: &'static str, descending: bool, limit: usize) -> Query {
    Query { collection: &CUSTOMERS, filters: filters.to_vec(), sort: Sort { field, descending }, after: None, limit }
}

/// Customers of whom many share a time and a name.
fn crowd() -> Vec<Customer> {
    (0..120)
        .map(|n| Customer {
            created_at: (n / 40) as i64,
            name: ["same", "other"][n % 2].to_owned(),
            tags: vec!["crowd".to_owned()],
            deleted_at: (n % 10 == 9).then_some(1),
            ..customer(n)
        })
        .collect()
}

pub async fn pages_show_everything_once_in_both_directions(store: Arc<dyn Store>) {
    insert_all(&*store, &crowd()).await;
    let model = Model(crowd().into_iter().map(|customer| (customer.id, customer)).collect());
    for (filters, field) in
        [(vec![Filter::Live], "createdAt"), (vec![Filter::Live], "name"), (vec![], "createdAt"), (vec![], "id")]
    {
        for descending in [false, true] {
            for limit in [1, 7, 40] {
                let everything = model.find(&list(&filters, field, descending, usize::MAX));
                let seen = walk(&*store, list(&filters, field, descending, limit)).await;
                assert_eq!(seen, everything, "by {field}, descending {descending}, {limit} a page");
            }
        }
    }
}

pub async fn pages_of_a_filtered_list_show_everything_once(store: Arc<dyn Store>) {
    insert_all(&*store, &crowd()).await;
    let model = Model(crowd().into_iter().map(|customer| (customer.id, customer)).collect());
    let conditions = [
        Filter::Eq("tags", "crowd".into()),
        Filter::Prefix("tags", "cr".into()),
        Filter::Eq("status", "active".into()),
        Filter::Absent("country"),
        Filter::Range("createdAt", Some(0.into()), Some(2.into())),
        Filter::In("name", vec!["same".into(), "other".into()]),
    ];
    for condition in conditions {
        for (field, descending) in [("createdAt", true), ("createdAt", false), ("name", true), ("name", false)] {
            let filters = [Filter::Live, condition.clone()];
            let everything = model.find(&list(&filters, field, descending, usize::MAX));
            assert_eq!(
                walk(&*store, list(&filters, field, descending, 11)).await,
                everything,
                "{condition:?} by {field}"
            );
        }
    }
}

/// Whatever is inserted and deleted between two pages: who was there throughout is seen exactly once.
pub async fn pages_hold_still_while_documents_come_and_go(store: Arc<dyn Store>) {
    for descending in [false, true] {
        let mut rng = fastrand::Rng::with_seed(7);
        let base = if descending { 10_000 } else { 0 };
        let make =
            |n: usize, at: i64| Customer { created_at: at, tags: vec![format!("{descending}")], ..customer(base + n) };
        let stays: BTreeSet<ObjectId> = (0..200).map(|n| make(n, 0).id).collect();
        let mut passing: Vec<Customer> = (200..300).map(|n| make(n, (n % 5) as i64)).collect();
        insert_all(&*store, &(0..200).map(|n| make(n, (n / 50) as i64)).collect::<Vec<_>>()).await;
        insert_all(&*store, &passing).await;

        let mut seen = HashMap::<ObjectId, usize>::new();
        let mut query =
            list(&[Filter::Live, Filter::Eq("tags", format!("{descending}").into())], "createdAt", descending, 9);
        let mut next = 300;
        loop {
            let page = next_page(&*store, &mut query).await;
            if page.is_empty() {
                break;
            }
            for customer in page {
                *seen.entry(customer.id).or_default() += 1;
            }
            // One that passes by goes and another comes, anywhere in the list.
            let gone = passing.swap_remove(rng.usize(..passing.len()));
            let come = make(next, rng.i64(0..5));
            next += 1;
            store.commit(vec![Write::delete(&gone), Write::insert(&come)]).await.unwrap();
            passing.push(come);
        }
        let missed: Vec<_> = stays.iter().filter(|id| !seen.contains_key(id)).collect();
        let repeated: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
        assert!(missed.is_empty() && repeated.is_empty(), "missed {missed:?}, repeated {repeated:?}");
    }
}
