//! `/ops/events`: what happens to the actors, as it happens.

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::{StreamExt as _, empty};

use crate::actors::OperationError;
use crate::actors::auth::Authenticate;
use crate::actors::supervision::Deadline;
use crate::model::error::{ErrorCode, Invalid};
use crate::model::permission::Permission;

use super::super::connection::Watch;
use super::super::gate::bearer;
use super::super::schema::parameters::StreamResumption;
use super::super::{ApiError, Caller};
use super::places::Crowded;
use super::stream::{Admission, Follower};

/// Server-sent events (HTML Living Standard §9.2).
const EVENT_STREAM: &str = "text/event-stream";

const LAST_EVENT_ID: &str = "Last-Event-ID";

/// How long a reader waits for an event because AuthActor does not answer; then they are told.
const CHECK_PATIENCE: Duration = Duration::from_secs(1);

/// Follow what happens to the actors of this node: restarts, failures, stalls, changes of state.
///
/// Server-sent events: `id` is the event's number, `event` its kind, `data` its JSON. Numbers rise by one, and from one
/// start of the node to the next. After `Last-Event-ID` a reader is told what it has missed, as far as that is kept; of what
/// is not, `missed` tells how much. After the number of another start, all that is kept is told. The stream ends when the
/// server stops or the reader's session does.
#[utoipa::path(get, path = "/ops/events", operation_id = "followEvents", tag = "Operations",
    params(StreamResumption),
    responses((status = 200, description = "The events, without an end.", body = String,
        content_type = "text/event-stream")))]
pub async fn follow(request: HttpRequest, caller: Caller) -> Result<HttpResponse, ApiError> {
    let resumed = last_event_id(request.headers())?;
    let settings = &caller.api().settings;
    let operations = &settings.operations;
    let mut answer = HttpResponse::Ok();
    answer.content_type(EVENT_STREAM);
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    // Proxies would keep messages back until they have many of them.
    answer.insert_header((HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")));
    if request.method() == Method::HEAD {
        return Ok(answer.streaming(empty::<Result<bytes::Bytes, std::convert::Infallible>>()));
    }
    let reader = caller.signed_in().expect("the gate has let them in").user_id;
    let place = operations.streams.take(reader).map_err(refusal)?;
    let events = match resumed {
        Some(sequence) => operations.supervisor.events_after(sequence),
        None => operations.supervisor.events(),
    };
    let follower = Follower::new(events, settings.drain.clone(), admission(&request, &caller), place);
    Ok(answer.streaming(follower.into_stream().take_until(departure(&request))))
}

/// Where a reader wants to go on. An empty id is none (HTML Living Standard §9.2.6).
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Invalid> {
    let Some(id) = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty()) else { return Ok(None) };
    // As its pattern in the API document has it; `parse` alone takes a sign too.
    let digits = id.to_str().ok().filter(|id| id.len() <= 19 && id.bytes().all(|byte| byte.is_ascii_digit()));
    let sequence = digits.and_then(|digits| digits.parse().ok());
    let fault = || Invalid::at(format!("/{LAST_EVENT_ID}"), ErrorCode::InvalidInput, "is not the id of an event");
    sequence.map(Some).ok_or_else(fault)
}

/// When the reader has closed the connection.
fn departure(request: &HttpRequest) -> impl Future<Output = ()> + use<> {
    let connection = request.conn_data::<Rc<Watch>>().cloned();
    async move {
        match connection {
            Some(connection) => connection.closed().await,
            None => pending().await,
        }
    }
}

/// Asks anew who the reader is. Only a clear no ends the stream: while AuthActor is away, operators want to see why.
fn admission(request: &HttpRequest, caller: &Caller) -> Admission {
    let token: Box<str> = bearer(request.headers()).expect("the gate has let the token in").into();
    let auth = caller.api().mailboxes.auth.clone();
    Box::new(move || {
        let message = Authenticate { access_token: token.clone(), may_presume: false };
        // Apart from the stream: one that ends meanwhile would count as an asker who did not wait.
        let asking = actix_web::rt::spawn(auth.ask(Deadline::within(CHECK_PATIENCE), message));
        Box::pin(async move {
            match asking.await {
                Ok(Ok(Ok(identity))) => identity.principal().grants.allow(Permission::SystemRead),
                Ok(Ok(Err(error))) => !matches!(error, OperationError::TokenExpired | OperationError::TokenInvalid),
                Ok(Err(_)) | Err(_) => true,
            }
        })
    })
}

/// A place is free as soon as another stream ends: nobody knows when, and to ask again soon costs little.
fn refusal(crowded: Crowded) -> ApiError {
    let detail = match crowded {
        Crowded::Everywhere => "Too many streams of events are open",
        Crowded::ByUser => "Too many of your streams of events are open",
    };
    ApiError::new(ErrorCode::ServiceUnavailable, detail)
}
