//! Counts, groups and buckets.

use std::sync::Arc;

use clientele::store::{Filter, Store, Value};

use super::customer::{CUSTOMERS, Customer, customer, insert_all};

/// Ten live customers and two deleted ones.
async fn fixture(store: &dyn Store) {
    let made = (0..12).map(|n| Customer {
        status: ["active", "active", "lead"][n % 3].to_owned(),
        country: [Some("DE"), Some("AT"), None, Some("AT"), Some("DE")][n % 5].map(String::from),
        tags: [&["a", "b"] as &[_], &["b", "b"], &[]][n % 3].iter().map(ToString::to_string).collect(),
        deleted_at: (n >= 10).then_some(100),
        ..customer(n)
    });
    insert_all(store, &made.collect::<Vec<_>>()).await;
}

pub async fn documents_are_counted(store: Arc<dyn Store>) {
    fixture(&*store).await;
    for (filters, expected) in [
        (vec![], 12),
        (vec![Filter::Live], 10),
        (vec![Filter::Deleted], 2),
        (vec![Filter::Live, Filter::Eq("status", "lead".into())], 3),
        (vec![Filter::Eq("status", "lead".into())], 4),
        (vec![Filter::Live, Filter::Eq("tags", "b".into())], 7),
        (vec![Filter::Live, Filter::Eq("tags", "b".into()), Filter::Eq("country", "AT".into())], 3),
        (vec![Filter::Live, Filter::Absent("tags")], 3),
        (vec![Filter::Live, Filter::Eq("country", "XX".into())], 0),
        (vec![Filter::Deleted, Filter::Range("createdAt", Some(11.into()), None)], 1),
    ] {
        assert_eq!(store.count(&CUSTOMERS, filters.clone()).await.unwrap(), expected, "{filters:?}");
    }
}

async fn group_by(store: &dyn Store, filters: &[Filter], field: &'static str, limit: usize) -> Vec<(String, u64)> {
    let groups = store.group_by(&CUSTOMERS, filters.to_vec(), field, limit).await.unwrap();
    let named = groups.into_iter().map(|(value, count)| match value {
        Value::Text(text) => (text, count),
        Value::Number(number) => (number.to_string(), count),
    });
    named.collect()
}

fn groups(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
}

pub async fn values_are_counted_largest_first(store: Arc<dyn Store>) {
    fixture(&*store).await;
    let live = [Filter::Live];
    assert_eq!(group_by(&*store, &live, "status", 10).await, groups(&[("active", 7), ("lead", 3)]));
    // Equal counts by value; those without a country are not counted.
    assert_eq!(group_by(&*store, &live, "country", 10).await, groups(&[("AT", 4), ("DE", 4)]));
    assert_eq!(group_by(&*store, &live, "country", 1).await, groups(&[("AT", 4)]));
    let leads = [Filter::Live, Filter::Eq("status", "lead".into())];
    assert_eq!(group_by(&*store, &leads, "country", 10).await, groups(&[("AT", 1), ("DE", 1)]));
    let early = [Filter::Live, Filter::Range("createdAt", None, Some(3.into()))];
    assert_eq!(group_by(&*store, &early, "createdAt", 10).await, groups(&[("0", 1), ("1", 1), ("2", 1)]));
}

pub async fn texts_of_lists_are_counted(store: Arc<dyn Store>) {
    fixture(&*store).await;
    assert_eq!(group_by(&*store, &[Filter::Live], "tags", 10).await, groups(&[("b", 7), ("a", 4)]));
    assert_eq!(group_by(&*store, &[Filter::Live], "tags", 1).await, groups(&[("b", 7)]));
    let austrian = [Filter::Live, Filter::Eq("country", "AT".into())];
    assert_eq!(group_by(&*store, &austrian, "tags", 10).await, groups(&[("b", 3), ("a", 2)]));
    let tagged = [Filter::Live, Filter::Eq("tags", "a".into())];
    assert_eq!(group_by(&*store, &tagged, "status", 10).await, groups(&[("active", 4)]));
}

pub async fn buckets_include_their_start_and_not_their_end(store: Arc<dyn Store>) {
    fixture(&*store).await;
    let histogram = async |filters: &[Filter], edges: &[i64]| {
        store.histogram(&CUSTOMERS, filters.to_vec(), "createdAt", edges.to_vec()).await.unwrap()
    };
    assert_eq!(histogram(&[Filter::Live], &[0, 1, 5, 5, 9, 100]).await, [1, 4, 0, 4, 1]);
    assert_eq!(histogram(&[], &[-5, 0, 100]).await, [0, 12]);
    assert_eq!(histogram(&[Filter::Live, Filter::Eq("status", "lead".into())], &[0, 3, 12]).await, [1, 2]);
    assert_eq!(histogram(&[Filter::Live, Filter::Eq("tags", "a".into())], &[0, 3, 12]).await, [1, 3]);
    assert_eq!(histogram(&[Filter::Live, Filter::Eq("country", "AT".into())], &[0, 3, 12]).await, [1, 3]);
    assert_eq!(histogram(&[Filter::Live], &[7]).await, [0; 0]);
    let edges: Vec<i64> = (0..=1_000).collect();
    assert_eq!(histogram(&[Filter::Live], &edges).await.iter().sum::<u64>(), 10);
}
