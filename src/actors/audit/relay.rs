//! From the outbox to the broker: an event leaves the outbox when the broker has confirmed it.

use std::sync::Arc;

use crate::broker::{Broker, Message};
use crate::model::audit::OUTBOX;
use crate::model::audit::Outgoing;
use crate::model::document::Document;
use crate::store::{Query, Sort, Store, StoreError, Write};

use super::spans;

/// How many events are relayed at once.
const BATCH: usize = 256;

/// Why events stay in the outbox for now.
#[derive(Debug, thiserror::Error)]
pub(super) enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] crate::store::CommitError),
    #[error(transparent)]
    Broker(#[from] crate::broker::BrokerError),
}

/// Relays until the outbox is empty.
///
/// # Errors
/// What has not been confirmed is still in the outbox; what was confirmed but not yet deleted is relayed again,
/// and the trail, which knows each event's id, takes it once.
pub(super) async fn relay(store: &dyn Store, broker: &dyn Broker) -> Result<(), RelayError> {
    loop {
        let documents = store
            .find(Query {
                collection: &OUTBOX,
                filters: vec![],
                sort: Sort { field: "time", descending: false },
                after: None,
                limit: BATCH,
            })
            .await?;
        if documents.is_empty() {
            return Ok(());
        }
        let events: Vec<Arc<Outgoing>> =
            documents.iter().map(Document::parse).collect::<Result<_, _>>().map_err(StoreError::from)?;
        let relays: Vec<_> = events.iter().map(|event| spans::relay(&event.0)).collect();
        let messages = documents.iter().zip(&events).zip(&relays).map(|((document, event), relay)| Message {
            id: event.0.id.object_id(),
            body: document.json().into(),
            traceparent: spans::passed_on(&event.0, relay),
        });
        broker.publish(messages.collect()).await?;
        let confirmed = events.iter().map(|event| Write::Delete {
            collection: &OUTBOX,
            id: event.0.id.object_id(),
            expected: None,
        });
        store.commit(confirmed.collect()).await?;
        if documents.len() < BATCH {
            return Ok(());
        }
    }
}
