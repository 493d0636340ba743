//! Each kind of condition, alone and together, compared with the naive model.

use std::sync::Arc;

use clientele::store::{Filter, Query, Sort, Store, Write};

use super::customer::{CUSTOMERS, Customer, customer, find, parse};
use super::model::Model;

/// Fifty customers that differ in everything; every seventh deleted.
async fn fixture(store: &dyn Store) -> Model {
    let mut model = Model::default();
    let writes: Vec<Write> = (0..50)
        .map(|n| {
            let tags: &[&str] = [&[] as &[_], &["vip"], &["vip", "vienna"], &["Vip"]][n % 4];
            Write::insert(&Customer {
                name: ["anna", "Anna", "ann", "annabel", "bert", "änne", "ann\u{10FFFF}"][n % 7].to_owned(),
                status: ["active", "lead"][n % 2].to_owned(),
                country: [None, Some("AT"), Some("DE")][n % 3].map(String::from),
                tags: tags.iter().map(ToString::to_string).collect(),
                created_at: (n / 5) as i64,
                deleted_at: (n % 7 == 6).then_some(n as i64),
                ..customer(n)
            })
        })
        .collect();
    model.commit(&writes).unwrap();
    store.commit(writes).await.unwrap();
    model
}

async fn assert_agree(store: &dyn Store, model: &Model, filters: &[Filter]) {
    let sort = Sort { field: "createdAt", descending: false };
    let query = Query { collection: &CUSTOMERS, filters: filters.to_vec(), sort, after: None, limit: 100 };
    assert_eq!(find(store, filters).await, model.find(&query), "{filters:?}");
    let count = store.count(&CUSTOMERS, filters.to_vec()).await.unwrap();
    assert_eq!(count, model.matching(filters).len() as u64, "{filters:?}");
}

fn conditions() -> Vec<Filter> {
    vec![
        Filter::Eq("status", "lead".into()),
        Filter::Eq("status", "none".into()),
        Filter::Eq("createdAt", 3.into()),
        Filter::Eq("tags", "vip".into()),
        Filter::In("name", vec!["anna".into(), "bert".into(), "nobody".into()]),
        Filter::In("tags", vec!["vip".into(), "vienna".into()]),
        Filter::In("country", vec![]),
        Filter::Range("createdAt", Some(2.into()), Some(6.into())),
        Filter::Range("createdAt", Some(8.into()), None),
        Filter::Range("createdAt", None, Some(2.into())),
        Filter::Range("name", Some("ann".into()), Some("b".into())),
        Filter::Range("tags", Some("v".into()), None),
        Filter::Prefix("name", "ann".into()),
        Filter::Prefix("name", "ann\u{10FFFF}".into()),
        Filter::Prefix("name", "".into()),
        Filter::Prefix("tags", "v".into()),
        Filter::Prefix("email", "1".into()),
        Filter::Absent("country"),
        Filter::Absent("tags"),
    ]
}

pub async fn each_filter_finds_what_it_says(store: Arc<dyn Store>) {
    let model = fixture(&*store).await;
    assert_agree(&*store, &model, &[]).await;
    assert_agree(&*store, &model, &[Filter::Live]).await;
    assert_agree(&*store, &model, &[Filter::Deleted]).await;
    for condition in conditions() {
        assert_agree(&*store, &model, &[Filter::Live, condition.clone()]).await;
        assert_agree(&*store, &model, &[Filter::Deleted, condition.clone()]).await;
        assert_agree(&*store, &model, &[condition]).await;
    }
}

pub async fn filters_hold_together(store: Arc<dyn Store>) {
    let model = fixture(&*store).await;
    for first in conditions() {
        for second in conditions() {
            assert_agree(&*store, &model, &[first.clone(), Filter::Live, second]).await;
        }
    }
}

pub async fn a_rare_value_is_found_in_any_order(store: Arc<dyn Store>) {
    let mut model = Model::default();
    let tagged = |n: usize| {
        if n.is_multiple_of(500) { vec!["rare".to_owned(), "rarer".to_owned()] } else { vec!["common".to_owned()] }
    };
    for chunk in 0..4 {
        let made = (chunk * 500..(chunk + 1) * 500).map(|n| Customer { tags: tagged(n), ..customer(n) });
        let writes: Vec<Write> = made.map(|customer| Write::insert(&customer)).collect();
        model.commit(&writes).unwrap();
        store.commit(writes).await.unwrap();
    }
    for filter in
        [Filter::Eq("tags", "rare".into()), Filter::Prefix("tags", "rare".into()), Filter::Prefix("tags", "c".into())]
    {
        for field in ["createdAt", "name", "email"] {
            let sort = Sort { field, descending: true };
            let filters = vec![Filter::Live, filter.clone()];
            let query = Query { collection: &CUSTOMERS, filters, sort, after: None, limit: 3 };
            let found = parse(&store.find(query.clone()).await.unwrap());
            assert_eq!(found, model.find(&query), "{query:?}");
        }
    }
}
