//! A server without actors, for the tests of this layer: whoever asks an actor is told that it is not there.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context};
use actix_http::Request;
use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::{App, Error, test, web};
use async_trait::async_trait;
use serde_json::Value;

use crate::actors::Routers;
use crate::actors::supervision::{ActorSpec, Mailbox, StartError, Supervisor};
use crate::config::{AllowedOrigins, LogLevel};
use crate::model::time::{Clock, Time};
use crate::telemetry::LogsEnded;

use super::address::TrustedProxies;
use super::api::{Api, ApiSettings};
use super::cursor::CursorKey;
use super::drain::Drain;
use super::endpoint::Endpoint;
use super::envelope::Envelope;
use super::health::{Check, HealthSource, Memory};
use super::ops::Operations;
use super::ops::steering::{LogSink, LogSteering};
use super::routes;

/// All is well.
pub(super) struct Healthy;

#[async_trait]
impl HealthSource for Healthy {
    async fn checks(&self) -> Vec<Check> {
        Vec::new()
    }

    async fn unready(&self) -> Vec<String> {
        Vec::new()
    }

    fn memory(&self) -> Memory {
        Memory { heap_used: 67 << 20, heap_total: 128 << 20, external: 12 << 20, rss: 167 << 20 }
    }

    fn environment(&self) -> &str {
        "production"
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(3_600_999)
    }
}

/// Settings of a server that anybody may use.
pub(super) fn settings() -> ApiSettings {
    ApiSettings {
        api_version: "v1".to_owned(),
        registration_open: true,
        allowed_origins: AllowedOrigins::Any,
        trusted_proxies: TrustedProxies::default(),
        cursor_key: CursorKey::derived_from(b"a secret of at least thirty-two bytes"),
        drain: Drain::default(),
        clock: Clock::manual(Time::from_millis(1_774_260_000_000)),
        health: Arc::new(Healthy),
        operations: Operations::new(Supervisor::new(), LogSteering::new(Silence, "info".parse().expect("a level"))),
    }
}

/// Logs that nobody reads.
struct Silence;

impl LogSink for Silence {
    fn set_level(&self, _: &LogLevel) -> Result<(), LogsEnded> {
        Ok(())
    }
}

fn absent<A: Actor<Context = Context<A>>>(name: &'static str) -> Mailbox<A> {
    let spec = ActorSpec::new(name).intensity(0, Duration::from_secs(1)).cool_down(None);
    Supervisor::new().spawn(spec, || async { Err(StartError::new("there are no actors in this test")) })
}

fn mailboxes() -> Routers {
    Routers {
        auth: absent("auth").into(),
        customers: absent("customers").into(),
        groups: absent("groups").into(),
        audit: absent("audit"),
        rate_limiter: absent("rate_limiter").into(),
    }
}

/// The server, with these endpoints at its root beside those of the table.
pub(super) async fn serving(
    settings: ApiSettings,
    table: Vec<Endpoint>,
) -> impl Service<Request, Response = ServiceResponse<BoxBody>, Error = Error> {
    let api = web::Data::new(Api::new(settings, mailboxes()));
    let app = App::new()
        .app_data(api.clone())
        .configure(|config| {
            routes::mount(config, &api);
            routes::mount_under(config, "", table, |_| None);
        })
        .default_service(web::to(routes::unknown_route))
        .wrap(Envelope::new(api.clone()));
    test::init_service(app).await
}

/// Reads an answer's JSON body.
pub(super) async fn json(answer: ServiceResponse<BoxBody>) -> Value {
    test::read_body_json(answer).await
}

/// Reads a problem, and makes sure that it is one: its status, code and the pointers of its errors.
pub(super) async fn problem(answer: ServiceResponse<BoxBody>) -> (u16, u64, Vec<String>) {
    let status = answer.status().as_u16();
    let label = answer.headers().get("content-type").cloned();
    let body = json(answer).await;
    assert_eq!(label.unwrap(), super::error::PROBLEM_JSON, "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(body["timestamp"], "2026-03-23T10:00:00.000Z", "{body}");
    for member in ["type", "title", "detail", "instance", "name", "requestId"] {
        assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "no {member}: {body}");
    }
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    let pointers = errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect();
    (status, body["code"].as_u64().unwrap(), pointers)
}
