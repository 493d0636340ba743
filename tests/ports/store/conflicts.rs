//! What the state of the store forbids, and which write is told so.

use std::sync::Arc;

use clientele::store::{CommitError, Conflict, Store, Write};

use super::customer::{CUSTOMERS, Customer, EVENTS, Event, customer, find, get, id, insert_all};

/// The write that conflicted and with what; `None`: it was committed.
async fn conflict(store: &dyn Store, writes: Vec<Write>) -> Option<(usize, Conflict)> {
    match store.commit(writes).await {
        Ok(()) => None,
        Err(CommitError::Conflict { index, conflict }) => Some((index, conflict)),
        Err(CommitError::Store(error)) => panic!("{error:?}"),
    }
}

const TAKEN: Conflict = Conflict::Duplicate("email");

fn with_email_of_1(n: usize) -> Customer {
    Customer { email: customer(1).email, ..customer(n) }
}

pub async fn an_id_is_given_once(store: Arc<dyn Store>) {
    insert_all(&*store, &[customer(1)]).await;
    let again = Customer { email: None, ..customer(1) };
    assert_eq!(conflict(&*store, vec![Write::insert(&again)]).await, Some((0, Conflict::Duplicate("id"))));
    // An id is taken by a deleted document too.
    let deleted = customer(1).changed(|customer| customer.deleted_at = Some(1));
    assert_eq!(
        conflict(&*store, vec![deleted.replacing(), Write::insert(&again)]).await,
        Some((1, Conflict::Duplicate("id")))
    );
}

pub async fn a_unique_value_is_given_once(store: Arc<dyn Store>) {
    insert_all(&*store, &[customer(1), customer(2)]).await;
    assert_eq!(conflict(&*store, vec![Write::insert(&with_email_of_1(3))]).await, Some((0, TAKEN)));
    let taking = customer(2).changed(|customer| customer.email = with_email_of_1(2).email);
    assert_eq!(conflict(&*store, vec![Write::insert(&customer(3)), taking.replacing()]).await, Some((1, TAKEN)));
    // Within one commit as well.
    let twins = [
        Customer { email: Some("twin".into()), ..customer(4) },
        Customer { email: Some("twin".into()), ..customer(5) },
    ];
    assert_eq!(conflict(&*store, twins.iter().map(Write::insert).collect()).await, Some((1, TAKEN)));
}

pub async fn a_deleted_document_frees_its_unique_value(store: Arc<dyn Store>) {
    insert_all(&*store, &[customer(1)]).await;
    let deleted = customer(1).changed(|customer| customer.deleted_at = Some(9));
    store.commit(vec![deleted.replacing()]).await.unwrap();
    insert_all(&*store, &[with_email_of_1(2)]).await;

    let restored = deleted.changed(|customer| customer.deleted_at = None);
    assert_eq!(conflict(&*store, vec![restored.replacing()]).await, Some((0, TAKEN)));
    assert_eq!(get(&*store, id(1)).await, Some(deleted.clone()), "still deleted");

    // Any number of deleted documents may share it.
    let second = with_email_of_1(2).changed(|customer| customer.deleted_at = Some(10));
    store.commit(vec![second.replacing(), restored.replacing()]).await.unwrap();
}

pub async fn absent_values_do_not_clash(store: Arc<dyn Store>) {
    let nameless = |n| Customer { email: None, ..customer(n) };
    insert_all(&*store, &[nameless(1), nameless(2)]).await;
    assert_eq!(find(&*store, &[]).await.len(), 2);
}

pub async fn values_that_differ_in_case_differ(store: Arc<dyn Store>) {
    let upper = Customer { email: Some("1@EXAMPLE.com".into()), ..customer(2) };
    assert_eq!(conflict(&*store, vec![Write::insert(&customer(1)), Write::insert(&upper)]).await, None);
}

pub async fn a_document_may_keep_its_own_value(store: Arc<dyn Store>) {
    insert_all(&*store, &[customer(1)]).await;
    let renamed = customer(1).changed(|customer| customer.name = "Other".into());
    assert_eq!(conflict(&*store, vec![renamed.replacing()]).await, None);
}

pub async fn another_version_is_a_conflict(store: Arc<dyn Store>) {
    insert_all(&*store, &[customer(1)]).await;
    let second = customer(1).changed(|_| {});
    store.commit(vec![second.replacing()]).await.unwrap();
    assert_eq!(conflict(&*store, vec![second.replacing()]).await, Some((0, Conflict::Version)));
    assert_eq!(conflict(&*store, vec![Write::delete(&customer(1))]).await, Some((0, Conflict::Version)));
    let far = Write::Delete { collection: &CUSTOMERS, id: id(1), expected: Some(u64::MAX) };
    assert_eq!(conflict(&*store, vec![far]).await, Some((0, Conflict::Version)));
    assert_eq!(get(&*store, id(1)).await, Some(second));
}

pub async fn an_absent_document_is_a_conflict(store: Arc<dyn Store>) {
    assert_eq!(conflict(&*store, vec![customer(1).changed(|_| {}).replacing()]).await, Some((0, Conflict::Missing)));
    assert_eq!(conflict(&*store, vec![Write::delete(&customer(1))]).await, Some((0, Conflict::Missing)));
}

pub async fn erasing_whatever_is_there_never_conflicts(store: Arc<dyn Store>) {
    let erase = || vec![Write::Delete { collection: &CUSTOMERS, id: id(1), expected: None }];
    assert_eq!(conflict(&*store, erase()).await, None);
    insert_all(&*store, &[customer(1)]).await;
    assert_eq!(conflict(&*store, erase()).await, None);
    assert_eq!(get(&*store, id(1)).await, None);
}

pub async fn nothing_of_a_conflicting_commit_is_there(store: Arc<dyn Store>) {
    insert_all(&*store, &[customer(1), customer(2)]).await;
    let event = Event { id: id(100), customer: id(3) };
    let writes = vec![
        Write::insert(&Customer { tags: vec!["a".into()], ..customer(3) }),
        Write::insert(&event),
        customer(2).changed(|customer| customer.name = "Changed".into()).replacing(),
        Write::delete(&customer(1)),
        Write::insert(&customer(2)),
    ];
    assert_eq!(conflict(&*store, writes).await, Some((4, Conflict::Duplicate("id"))));
    assert_eq!(find(&*store, &[]).await, [customer(1), customer(2)]);
    assert!(store.get(&EVENTS, event.id).await.unwrap().is_none());
    assert_eq!(super::customer::live_with(&*store, "tags", "a").await, []);
}
