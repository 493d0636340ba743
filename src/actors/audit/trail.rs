//! From the broker to the trail: numbers events without gaps, takes each once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::broker::{BrokerError, Consumer, Delivery};
use crate::model::audit::{AuditEvent, TRAIL, TRAIL_HEAD, TrailHead};
use crate::model::document::{Document, Record};
use crate::model::id::ObjectId;
use crate::store::{CommitError, Store, StoreError, Write};

use super::spans;

/// How many events are written at once.
const BATCH: usize = 256;
/// How often a batch is numbered anew when another node's came first.
const MAX_ATTEMPTS: usize = 16;
/// How long it rests before the store is asked again.
const REST: Duration = Duration::from_millis(100);

/// Why events are not in the trail yet. They were not acknowledged, so they come again.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrailError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("other nodes keep writing to the trail first")]
    Busy,
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

impl TrailError {
    /// Whether the same events may well be written a little later.
    fn passes(&self) -> bool {
        match self {
            Self::Store(error) => {
                matches!(error, StoreError::Unreachable(_) | StoreError::Overloaded { .. } | StoreError::TimedOut)
            }
            Self::Busy => true,
            Self::Broker(_) => false,
        }
    }
}

/// Writes what is delivered to the trail, batch by batch, for as long as there is a broker.
///
/// # Errors
/// The batch that failed, and all that follow, are delivered again.
pub(super) async fn consume(store: &dyn Store, consumer: &mut dyn Consumer) -> Result<(), TrailError> {
    loop {
        let deliveries = consumer.next_batch(BATCH).await?;
        let (events, deliveries) = read(deliveries);
        let _spans: Vec<_> = events
            .iter()
            .zip(&deliveries)
            .map(|(event, delivery)| spans::consume(event, delivery.message.traceparent.as_deref()))
            .collect();
        append_in_time(store, &events).await?;
        deliveries.into_iter().for_each(Delivery::ack);
    }
}

/// Takes the events out of their messages. What is no event will never be one: it is set aside for a person to look at.
fn read(deliveries: Vec<Delivery>) -> (Vec<AuditEvent>, Vec<Delivery>) {
    let mut events = Vec::with_capacity(deliveries.len());
    let mut good = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        match serde_json::from_str(&delivery.message.body) {
            Ok(event) => {
                events.push(event);
                good.push(delivery);
            }
            Err(error) => {
                tracing::error!(id = %delivery.message.id, %error, "a message on the audit queue is not an event");
                delivery.reject();
            }
        }
    }
    (events, good)
}

/// Adds the events to the trail as soon as the store lets it. Giving them back would help nobody meanwhile, and count as a
/// delivery that failed.
async fn append_in_time(store: &dyn Store, events: &[AuditEvent]) -> Result<(), TrailError> {
    let mut told = false;
    loop {
        match append(store, events).await {
            Err(error) if error.passes() => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%error, "events wait for the trail");
                }
                tokio::time::sleep(REST).await;
            }
            ended => return ended,
        }
    }
}

/// Adds those of the events that are not in the trail yet.
async fn append(store: &dyn Store, events: &[AuditEvent]) -> Result<(), TrailError> {
    for _ in 0..MAX_ATTEMPTS {
        let new = unknown(store, events).await?;
        if new.is_empty() {
            return Ok(());
        }
        let head = store.get(&TRAIL_HEAD, TrailHead::ID).await?;
        let head: Option<Arc<TrailHead>> =
            head.map(|document| document.parse()).transpose().map_err(StoreError::from)?;
        let end = head.as_deref().copied().unwrap_or_default();
        let mut sequence = end.sequence;
        let mut writes: Vec<_> = new
            .into_iter()
            .map(|event| {
                sequence += 1;
                Write::insert(&AuditEvent { sequence: Some(sequence), traceparent: None, ..event.clone() })
            })
            .collect();
        let next = TrailHead { sequence, version: end.version + 1 };
        writes.push(if head.is_some() { Write::replace(&next, end.version) } else { Write::insert(&next) });
        match store.commit(writes).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Conflict { .. }) => {}
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
    Err(TrailError::Busy)
}

/// The events that the trail does not hold, each once, in order.
async fn unknown<'e>(store: &dyn Store, events: &'e [AuditEvent]) -> Result<Vec<&'e AuditEvent>, StoreError> {
    let ids = events.iter().map(Record::id).collect();
    let known = store.get_many(&TRAIL, ids).await?;
    let known: Vec<Arc<AuditEvent>> = known.iter().map(Document::parse).collect::<Result<_, _>>()?;
    let mut seen: HashSet<ObjectId> = known.iter().map(|event| event.id()).collect();
    Ok(events.iter().filter(|event| seen.insert(event.id())).collect())
}
