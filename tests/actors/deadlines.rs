//! The time that a request has goes with it into the store.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use clientele::actors::OperationError;
use clientele::actors::customers::{CreateCustomer, GetCustomer};
use clientele::actors::supervision::{AskError, Deadline, PoolStatus, Scope};
use clientele::model::customer::{CUSTOMERS, CustomerDraft};
use clientele::model::error::ErrorCode;
use clientele::testkit::{self, TestClientele, soon};
use rusqlite::Connection;
use serde_json::json;
use tracing::Span;

fn draft(number: usize) -> CustomerDraft {
    let body = json!({"name": format!("Customer {number}"), "email": format!("customer{number}@example.com")});
    CustomerDraft::read(body).expect("a good draft")
}

fn pool(clientele: &TestClientele, name: &str) -> PoolStatus {
    let pools = clientele.supervisor().pools();
    pools.into_iter().find(|pool| pool.name == name).expect("the store has this pool")
}

/// Keeps the store's writer busy for as long as the transaction lasts.
fn hold_up(folder: &Path) -> Connection {
    let other = Connection::open(folder.join("clientele.db")).expect("the store can be opened beside the server");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    other
}

#[test]
fn a_commit_whose_time_is_up_leaves_the_queue_and_is_never_made() {
    testkit::run(async |clientele| {
        let actors = clientele.actors();
        let origin = clientele.administrator().await;
        let create = |number| CreateCustomer { draft: draft(number), origin: origin.clone() };

        // What tells of the administrator is relayed, and the writer at rest.
        clientele.trail(1).await;
        while !clientele.outbox().await.is_empty() || pool(clientele, "store-writer").running > 0 {
            tokio::task::yield_now().await;
        }
        let other = hold_up(clientele.folder());
        let groups = clientele.store().stats().groups;
        let first = actors.customers.ask(soon(), create(1));
        // The writer has taken it up, and waits with it.
        while clientele.store().stats().groups == groups {
            tokio::task::yield_now().await;
        }
        let late = actors.customers.ask(Deadline::within(Duration::from_millis(50)), create(2)).await;
        assert_eq!(late.err(), Some(AskError::DeadlineExceeded));
        other.execute_batch("ROLLBACK").expect("the lock is held");
        let made = first.await.expect("the actor answers").expect("there was time enough");
        // Behind everything that was in the queue.
        actors.customers.ask(soon(), create(3)).await.expect("the actor answers").expect("it is made");

        let stored: Vec<String> = {
            let mut names = other.prepare("SELECT document ->> 'name' FROM customers ORDER BY 1").expect("it is there");
            names.query_map((), |row| row.get(0)).expect("it can be read").collect::<Result<_, _>>().expect("texts")
        };
        assert_eq!(stored, ["Customer 1", "Customer 3"]);
        assert_eq!(made.draft.name, "Customer 1");
    });
}

#[test]
fn the_store_reads_nothing_for_a_request_whose_time_is_up() {
    testkit::run(async |clientele| {
        let actors = clientele.actors();
        let origin = clientele.administrator().await;
        let create = CreateCustomer { draft: draft(1), origin };
        let made = actors.customers.ask(soon(), create).await.expect("the actor answers").expect("it is made");
        let before = pool(clientele, "store-readers");

        // Time passes after the actor has taken the message, and before it comes to the store.
        let store = clientele.store();
        let expired = Scope::new(Some(Deadline::within(Duration::ZERO)), Span::none());
        let read = pin!(store.get(&CUSTOMERS, made.id.object_id()));
        let error = OperationError::from(expired.around(read).await.expect_err("it is too late"));
        assert_eq!(error.code(), ErrorCode::Timeout, "{error}");
        let after = pool(clientele, "store-readers");
        assert_eq!((after.done, after.expired), (before.done, before.expired + 1));

        let found = actors.customers.ask(soon(), GetCustomer { id: made.id }).await.expect("the actor answers");
        assert_eq!(found.expect("it is there").id, made.id);
    });
}
