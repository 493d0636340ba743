//! `/audit`: the trail of who did what (§7 of the contract).

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::actors::audit::{GetEvent, ListEvents};
use crate::model::audit::{Action, AuditActor, AuditEvent, AuditResource, FieldChange, Outcome};
use crate::model::error::ErrorCode;
use crate::model::id::EventId;
use crate::model::time::{Time, rfc3339};

use super::schema::page::PageOf;
use super::schema::parameters::{IdPath, PageQuery};
use super::schema::responses::NotFound;
use super::schema::scalars;
use super::{ApiError, Caller, Listing, PageParameters, PathId, Represent};

/// An audit event as clients see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEvent)]
pub struct EventView<'a> {
    /// Its id.
    #[schema(value_type = scalars::Id)]
    id: EventId,
    /// Its number in the trail, from 1 without gaps.
    #[schema(minimum = 1, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// When it happened.
    #[schema(value_type = scalars::Timestamp)]
    #[serde(serialize_with = "rfc3339")]
    time: Time,
    /// What was done: the kind of resource, and a verb in the past.
    #[schema(value_type = String, examples("customer.created"))]
    action: Action,
    /// How it ended.
    #[schema(value_type = EventOutcome)]
    outcome: Outcome,
    /// Who did it.
    #[schema(value_type = EventActor)]
    actor: &'a AuditActor,
    /// To what.
    #[schema(value_type = EventResource)]
    resource: &'a AuditResource,
    /// In which request.
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    /// In which W3C trace.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    /// The error that was answered.
    #[schema(value_type = scalars::ErrorNumber)]
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<ErrorCode>,
    /// Was let through because of the role `admin` alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    bypass: bool,
    /// What became of single fields.
    #[schema(value_type = Vec<EventChange>, required = false)]
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    changes: &'a [FieldChange],
}

/// How an event ended.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventOutcome {
    /// It was done.
    Success,
    /// It was not allowed.
    Denied,
    /// It was tried and failed.
    Failure,
}

/// Who did it.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventActor {
    /// The signed-in user.
    #[schema(value_type = scalars::Id, required = false)]
    pub user_id: scalars::Id,
    /// Their e-mail address then; at a sign-in, the one that was tried.
    #[schema(value_type = scalars::EmailAddress, required = false)]
    pub email: scalars::EmailAddress,
    /// The client's address.
    #[schema(value_type = String, required = false)]
    pub ip: IpAddr,
    /// What the client calls itself.
    #[schema(max_length = 512, nullable = false)]
    pub user_agent: Option<String>,
}

/// To what it was done.
#[derive(Debug, ToSchema)]
pub struct EventResource {
    /// The kind of resource: the first part of the action.
    #[schema(examples("customer"))]
    pub r#type: String,
    /// Which one, where it is one.
    #[schema(value_type = scalars::Id, required = false)]
    pub id: scalars::Id,
    /// Which one, where it has a name in the place of an id: an actor.
    #[schema(nullable = false, examples("customers"))]
    pub name: Option<String>,
}

/// What became of a field.
#[derive(Debug, ToSchema)]
pub struct EventChange {
    /// Where it is, as a JSON pointer (RFC 6901).
    #[schema(examples("/level"))]
    pub pointer: String,
    /// What it was; absent where there was nothing.
    #[schema(required = false)]
    pub before: serde_json::Value,
    /// What it is now; absent where there is nothing.
    #[schema(required = false)]
    pub after: serde_json::Value,
}

impl Represent for AuditEvent {
    type Representation<'a> = EventView<'a>;

    fn represent(&self) -> EventView<'_> {
        EventView {
            id: self.id,
            sequence: self.sequence,
            time: self.time,
            action: self.action,
            outcome: self.outcome,
            actor: &self.actor,
            resource: &self.resource,
            request_id: &self.request_id,
            trace_id: self.trace_id.as_deref(),
            code: self.code,
            bypass: self.bypass,
            changes: &self.changes,
        }
    }
}

/// List the audit trail, the newest event first.
#[utoipa::path(get, path = "/audit/events", operation_id = "listEvents", tag = "Audit",
    params(PageQuery),
    responses((status = 200, description = "One page of the trail.", body = PageOf<EventView>,
        headers(("Link", description = "The next page, as `rel=\"next\"`, where there is one")))))]
pub async fn list(page: PageParameters, caller: Caller) -> Result<Listing<Arc<AuditEvent>>, ApiError> {
    let message = ListEvents { page: page.request() };
    let events = caller.api().mailboxes.audit.ask(caller.deadline(), message).await??;
    Ok(page.answer(events))
}

/// Read an event of the trail.
#[utoipa::path(get, path = "/audit/events/{id}", operation_id = "readEvent", tag = "Audit",
    params(IdPath),
    responses(
        (status = 200, description = "The event.", body = EventView),
        (status = 404, response = NotFound)))]
pub async fn read(id: PathId<EventId>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let event = caller.api().mailboxes.audit.ask(caller.deadline(), GetEvent { id: id.0 }).await??;
    Ok(HttpResponse::Ok().json(event.represent()))
}
