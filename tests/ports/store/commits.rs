//! What was committed is there, in each place where it can be looked for.

use std::sync::Arc;

use clientele::store::{Filter, Store, Write};

use super::customer::{CUSTOMERS, Customer, customer, find, get, id, insert_all, live_with, parse};

pub async fn a_document_reads_back_as_it_was_written(store: Arc<dyn Store>) {
    let written = Customer { country: Some("AT".into()), tags: vec!["b".into(), "a".into()], ..customer(1) };
    store.commit(vec![Write::insert(&written)]).await.unwrap();
    assert_eq!(get(&*store, id(1)).await, Some(written));
    assert_eq!(get(&*store, id(2)).await, None);
}

pub async fn many_are_read_in_the_order_asked_for(store: Arc<dyn Store>) {
    insert_all(&*store, &(0..5).map(customer).collect::<Vec<_>>()).await;
    let found = store.get_many(&CUSTOMERS, vec![id(3), id(9), id(0), id(4)]).await.unwrap();
    assert_eq!(parse(&found), [customer(3), customer(0), customer(4)]);
    assert!(store.get_many(&CUSTOMERS, vec![]).await.unwrap().is_empty());
}

pub async fn a_replaced_document_is_found_by_its_new_values_only(store: Arc<dyn Store>) {
    insert_all(&*store, &[customer(1)]).await;
    let next = customer(1).changed(|customer| {
        customer.email = Some("new@example.com".into());
        customer.status = "lead".into();
        customer.country = Some("DE".into());
    });
    store.commit(vec![next.replacing()]).await.unwrap();
    assert_eq!(get(&*store, id(1)).await, Some(next));
    for (field, old, new) in [("email", "1@example.com", "new@example.com"), ("status", "active", "lead")] {
        assert_eq!(live_with(&*store, field, old).await, [], "{field}");
        assert_eq!(live_with(&*store, field, new).await, [id(1)], "{field}");
    }
    assert_eq!(find(&*store, &[Filter::Live, Filter::Absent("country")]).await, []);
}

pub async fn an_erased_document_is_nowhere(store: Arc<dyn Store>) {
    let erased = Customer { tags: vec!["a".into()], ..customer(1) };
    insert_all(&*store, &[erased.clone(), customer(2)]).await;
    store.commit(vec![Write::delete(&erased)]).await.unwrap();
    assert_eq!(get(&*store, id(1)).await, None);
    assert_eq!(find(&*store, &[]).await, [customer(2)]);
    assert_eq!(live_with(&*store, "tags", "a").await, []);
    assert_eq!(live_with(&*store, "email", "1@example.com").await, []);
    // Its id and its e-mail are free again.
    store.commit(vec![Write::insert(&customer(1))]).await.unwrap();
}

pub async fn a_commit_sees_its_own_writes(store: Arc<dyn Store>) {
    let first = customer(1);
    let second = first.changed(|customer| customer.email = None);
    let heir = Customer { email: first.email.clone(), ..customer(2) };
    store
        .commit(vec![Write::insert(&first), second.replacing(), Write::insert(&heir), Write::delete(&second)])
        .await
        .unwrap();
    assert_eq!(find(&*store, &[]).await, [heir]);
}

pub async fn a_commit_of_nothing_succeeds(store: Arc<dyn Store>) {
    store.commit(vec![]).await.unwrap();
    store.ping().await.unwrap();
    let _ = store.memory_used();
}

pub async fn migrating_again_changes_nothing(store: Arc<dyn Store>) {
    insert_all(&*store, &[customer(1)]).await;
    let migration = store.migrate().await.unwrap();
    assert!(migration.from > 0, "{migration:?}");
    assert_eq!(migration.from, migration.to);
    assert_eq!(find(&*store, &[Filter::Live]).await, [customer(1)]);
}

pub async fn texts_of_a_list_are_found_as_long_as_they_are_there(store: Arc<dyn Store>) {
    let first = Customer { tags: ["a", "b", "b"].map(String::from).to_vec(), ..customer(1) };
    insert_all(&*store, &[first.clone(), Customer { tags: vec!["a".into()], ..customer(2) }]).await;
    assert_eq!(live_with(&*store, "tags", "a").await, [id(1), id(2)]);
    assert_eq!(live_with(&*store, "tags", "b").await, [id(1)]);

    let retagged = first.changed(|customer| customer.tags = ["b", "c"].map(String::from).to_vec());
    store.commit(vec![retagged.replacing()]).await.unwrap();
    assert_eq!(live_with(&*store, "tags", "a").await, [id(2)]);
    assert_eq!(live_with(&*store, "tags", "b").await, [id(1)]);
    assert_eq!(live_with(&*store, "tags", "c").await, [id(1)]);

    let deleted = retagged.changed(|customer| customer.deleted_at = Some(5));
    store.commit(vec![deleted.replacing()]).await.unwrap();
    assert_eq!(live_with(&*store, "tags", "c").await, []);

    let restored = deleted.changed(|customer| customer.deleted_at = None);
    store.commit(vec![restored.replacing()]).await.unwrap();
    assert_eq!(live_with(&*store, "tags", "c").await, [id(1)]);

    let bare = restored.changed(|customer| customer.tags = vec![]);
    store.commit(vec![bare.replacing()]).await.unwrap();
    assert_eq!(live_with(&*store, "tags", "c").await, []);
    assert_eq!(find(&*store, &[Filter::Live, Filter::Absent("tags")]).await, [bare]);
}
