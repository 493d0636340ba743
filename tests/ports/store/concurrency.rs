//! Commits at the same time.

use std::sync::Arc;

use clientele::model::id::ObjectId;
use clientele::store::{CommitError, Conflict, Store, Write};
use futures_util::future::join_all;

use super::customer::{CUSTOMERS, Customer, customer, find, get, id, insert_all};

pub async fn one_of_many_wins_each_version(store: Arc<dyn Store>) {
    insert_all(&*store, &[customer(0)]).await;
    for version in 1..=10 {
        let current = get(&*store, id(0)).await.expect("it is there");
        assert_eq!(current.version, version);
        let rivals = (0..64).map(|rival| {
            let next = current.changed(|customer| customer.name = format!("Rival {rival}"));
            let store = &store;
            async move { (store.commit(vec![next.replacing()]).await, next.name) }
        });
        let outcomes = join_all(rivals).await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(outcome, _)| outcome.is_ok());
        assert_eq!(won.len(), 1, "winners of version {version}");
        for (outcome, rival) in lost {
            let version_conflict =
                matches!(outcome, Err(CommitError::Conflict { index: 0, conflict: Conflict::Version }));
            assert!(version_conflict, "{rival}: {outcome:?}");
        }
        assert_eq!(get(&*store, id(0)).await.expect("it is there").name, won[0].1);
    }
}

pub async fn commits_at_the_same_time_all_arrive(store: Arc<dyn Store>) {
    let made: Vec<Customer> = (0..640).map(customer).collect();
    let commits = made.iter().map(|customer| store.commit(vec![Write::insert(customer)]));
    for outcome in join_all(commits).await {
        outcome.unwrap();
    }
    assert_eq!(find(&*store, &[]).await, made);
}

/// They may share a transaction, but not a fate.
pub async fn a_conflict_fails_no_other_commit(store: Arc<dyn Store>) {
    insert_all(&*store, &[customer(1_000)]).await;
    let commits = (0..200).map(|n| {
        let taken = Customer { email: customer(1_000).email, ..customer(n) };
        let writes = if n % 2 == 0 {
            vec![Write::insert(&customer(n))]
        } else {
            vec![Write::insert(&customer(n + 500)), Write::insert(&taken)]
        };
        store.commit(writes)
    });
    for (n, outcome) in join_all(commits).await.into_iter().enumerate() {
        let conflict =
            matches!(outcome, Err(CommitError::Conflict { index: 1, conflict: Conflict::Duplicate("email") }));
        assert!(if n % 2 == 0 { outcome.is_ok() } else { conflict }, "{n}: {outcome:?}");
    }
    let expected: Vec<ObjectId> = (0..200).step_by(2).chain([1_000]).map(id).collect();
    let there: Vec<ObjectId> = find(&*store, &[]).await.iter().map(|customer| customer.id).collect();
    assert_eq!(there, expected);
    assert_eq!(store.count(&CUSTOMERS, vec![]).await.unwrap(), 101);
}
