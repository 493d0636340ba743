//! From the outbox to the broker: an event leaves the outbox when the broker has confirmed it. One node at a time relays.

use std::sync::Arc;

use crate::actors::records::Records;
use crate::broker::{Broker, Message};
use crate::model::audit::{OUTBOX, Outgoing};
use crate::model::document::Document;
use crate::store::{CommitError, Query, Sort, Store, StoreError, Write};

use super::lease::RelayLease;
use super::spans;

/// How many events are relayed at once.
const BATCH: usize = 256;

/// Why events stay in the outbox for now.
#[derive(Debug, thiserror::Error)]
pub(super) enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Broker(#[from] crate::broker::BrokerError),
}

/// Relays until the outbox is empty, for as long as no other node does.
///
/// # Errors
/// What has not been confirmed is still in the outbox; what was confirmed but not yet deleted is relayed again,
/// and the trail, which knows each event's id, takes it once.
pub(super) async fn relay(records: &Records, broker: &dyn Broker, lease: &RelayLease) -> Result<(), RelayError> {
    let store = records.store();
    loop {
        // The lease is asked for when there is something to relay: a node that idles writes nothing.
        let limit = if lease.is_held(records.now()) { BATCH } else { 1 };
        let documents = oldest(store, limit).await?;
        if documents.is_empty() || !lease.hold(store, records.now()).await? {
            return Ok(());
        }
        let relayed = send(records, broker, lease, &documents).await?;
        if !relayed || documents.len() < limit {
            return Ok(());
        }
    }
}

/// The oldest events in the outbox.
async fn oldest(store: &dyn Store, limit: usize) -> Result<Vec<Document>, StoreError> {
    let sort = Sort { field: "time", descending: false };
    store.find(Query { collection: &OUTBOX, filters: vec![], sort, after: None, limit }).await
}

/// Publishes these events and takes them out of the outbox. `false`: another node relays now, and sends them again.
async fn send(
    records: &Records,
    broker: &dyn Broker,
    lease: &RelayLease,
    documents: &[Document],
) -> Result<bool, RelayError> {
    let events: Vec<Arc<Outgoing>> =
        documents.iter().map(Document::parse).collect::<Result<_, _>>().map_err(StoreError::from)?;
    let relays: Vec<_> = events.iter().map(|event| spans::relay(&event.0)).collect();
    let messages = documents.iter().zip(&events).zip(&relays).map(|((document, event), relay)| Message {
        id: event.0.id.object_id(),
        body: document.json().into(),
        traceparent: spans::passed_on(&event.0, relay),
    });
    broker.publish(messages.collect()).await?;
    let confirmed =
        events.iter().map(|event| Write::Delete { collection: &OUTBOX, id: event.0.id.object_id(), expected: None });
    let Some(last) = events.last() else { return Ok(true) };
    let Some((renewed, renewal)) = lease.renewal(records.now(), last.0.id.object_id()) else { return Ok(false) };
    match records.store().commit(confirmed.chain([renewal]).collect()).await {
        Ok(()) => {
            lease.renewed(Some(renewed));
            Ok(true)
        }
        Err(error) => {
            lease.renewed(None);
            if matches!(error, CommitError::Conflict { .. }) { Ok(false) } else { Err(error.into()) }
        }
    }
}
