//! Texts are kept as they came.

use std::sync::Arc;

use actix_rt::SystemRunner;
use clientele::store::{Filter, Store, Write};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::customer::{CUSTOMERS, Customer, customer, find, get};

/// Any text without NUL, which the contract refuses (§10).
fn text() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(vec![
        "'; DROP TABLE customers; --",
        "\"",
        "''",
        "\\",
        "\\u0000",
        "$",
        "$.name",
        "$where",
        "a.b.c",
        "%_*?[]",
        "null",
        "0",
        "1e3",
        "\u{1}\u{7f}\t\r\n\u{8}\u{c}",
        "\u{2028}\u{feff}",
        "e\u{301}",
        "\u{202e}abc",
        "👩‍👩‍👧",
        "\u{d7ff}\u{e000}\u{10ffff}",
        " ",
        "",
    ]);
    let any = any::<String>().prop_map(|text| text.replace('\0', ""));
    prop_oneof![hostile.prop_map(str::to_owned), any]
}

pub fn any_text_reads_back_and_is_found(system: &SystemRunner, store: &Arc<dyn Store>) {
    let strategy = (text(), text(), prop::collection::vec(text(), 0..4));
    let config = Config { cases: 128, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&strategy, |(name, email, tags)| {
        let written = Customer { name, email: Some(email), tags, ..customer(1) };
        system.block_on(reads_back_and_is_found(&**store, written))
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn reads_back_and_is_found(store: &dyn Store, written: Customer) -> Result<(), TestCaseError> {
    // A failed case before this one may have left its document.
    store.commit(vec![Write::Delete { collection: &CUSTOMERS, id: written.id, expected: None }]).await.unwrap();
    store.commit(vec![Write::insert(&written)]).await.unwrap();
    let read = get(store, written.id).await;
    prop_assert_eq!(read.as_ref(), Some(&written));
    let email = written.email.clone().unwrap_or_default();
    let half = |text: &str| text.chars().take(text.chars().count() / 2).collect::<String>();
    let mut conditions = vec![
        Filter::Eq("name", written.name.clone().into()),
        Filter::In("name", vec![written.name.clone().into()]),
        Filter::Prefix("name", half(&written.name)),
        Filter::Eq("email", email.clone().into()),
        Filter::Prefix("email", half(&email)),
    ];
    for tag in &written.tags {
        conditions.extend([Filter::Eq("tags", tag.clone().into()), Filter::Prefix("tags", half(tag))]);
    }
    for condition in conditions {
        let found = find(store, &[Filter::Live, condition.clone()]).await;
        prop_assert_eq!(found, std::slice::from_ref(&written), "{:?}", condition);
    }
    Ok(())
}
