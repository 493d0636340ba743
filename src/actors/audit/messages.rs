//! What AuditActor can be asked (§7 of the contract).

use std::sync::Arc;

use actix::Message;

use crate::actors::error::OperationError;
use crate::actors::listing::{Page, PageRequest};
use crate::model::audit::AuditEvent;
use crate::model::id::EventId;

/// Keeps an event that belongs to no change: a denial. Answered when it is durable.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), OperationError>")]
pub struct RecordEvent {
    /// The event.
    pub event: AuditEvent,
}

/// Something was written to the outbox: relay it. Told, never asked.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct RelayOutbox;

/// Lists the trail, the newest event first.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Page<Arc<AuditEvent>>, OperationError>")]
pub struct ListEvents {
    /// Which page.
    pub page: PageRequest,
}

/// Reads one event of the trail.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Arc<AuditEvent>, OperationError>")]
pub struct GetEvent {
    /// Which.
    pub id: EventId,
}
