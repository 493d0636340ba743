//! `/ops/actors`: the supervision tree, and the restart of an actor by hand.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::audit::{Action, AuditEvent};
use crate::model::error::ErrorCode;
use crate::model::form::Form;

use super::super::schema::operations::RestartInput;
use super::super::schema::responses::NotFound;
use super::super::{ApiError, Caller, OptionalJsonBody};
use super::record;
use super::tree::TreeView;

/// What a restart came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActorRestart)]
pub struct RestartView<'a> {
    /// The actor's name.
    #[schema(examples("customers"))]
    name: &'a str,
    /// How many replicas, or a pool's workers, are being replaced.
    #[schema(minimum = 1)]
    restarted: usize,
}

/// Watch the actors: the supervision tree of this node.
#[utoipa::path(get, path = "/ops/actors", operation_id = "listActors", tag = "Operations",
    responses((status = 200, description = "Every actor and pool.", body = TreeView)))]
pub async fn list(caller: Caller) -> HttpResponse {
    let supervisor = &caller.api().settings.operations.supervisor;
    HttpResponse::Ok().json(TreeView::of(supervisor.statuses(), supervisor.pools()))
}

/// Restart an actor, all its replicas, on this node.
///
/// `customers%2F1` names one replica alone. Messages in flight have a moment to finish; none that waits is lost. An actor that has failed tries again at once. The
/// event of it is durable before anything is restarted.
#[utoipa::path(post, path = "/ops/actors/{name}/restart", operation_id = "restartActor", tag = "Operations",
    params(("name" = String, Path, description = "The actor's name, as the tree tells it", example = "customers")),
    request_body(content = Option<RestartInput>),
    responses(
        (status = 202, description = "They are being replaced.", body = RestartView),
        (status = 404, response = NotFound)))]
pub async fn restart(
    body: OptionalJsonBody,
    name: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    if let Some(body) = body.0 {
        Form::of(body)?.finish(|| Some(()))?;
    }
    let supervisor = &caller.api().settings.operations.supervisor;
    if !supervisor.knows(&name) {
        return Err(unknown());
    }
    let now = caller.api().settings.clock.now();
    let event = AuditEvent::new(Action::OpsActorRestarted, None, &caller.origin(), now).named(&name);
    record(&caller, event).await?;
    match supervisor.restart(&name) {
        // It went while its event was written.
        0 => Err(unknown()),
        restarted => Ok(HttpResponse::Accepted().json(RestartView { name: &name, restarted })),
    }
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::ResourceNotFound, "There is no such actor")
}
