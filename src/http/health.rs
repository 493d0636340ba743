//! How the server is: `/health`, `/health/live`, `/health/ready` (§9).

use std::time::Duration;

use actix_web::{HttpResponse, web};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::error::ErrorCode;

use super::api::Api;
use super::error::ApiError;
use super::schema::operations;

/// Tells how the parts of the server are.
#[async_trait]
pub trait HealthSource: Send + Sync {
    /// How each dependency is, checked now or lately. Never longer than a few seconds.
    async fn checks(&self) -> Vec<Check>;

    /// What keeps the server from being ready, by name; empty: it is ready.
    async fn unready(&self) -> Vec<String>;

    /// How much memory the process uses.
    fn memory(&self) -> Memory;

    /// `development` or `production`.
    fn environment(&self) -> &str;

    /// How long the server has been up.
    fn uptime(&self) -> Duration;
}

/// How a dependency is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name: `store`, `cache`, `broker`, `limiter`, `actors`.
    pub name: &'static str,
    /// How it is.
    pub status: CheckStatus,
    /// What else there is to tell, for operators. No addresses, no secrets.
    pub details: Map<String, Value>,
}

/// How a dependency is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// It does its part.
    Ok,
    /// It does, with a fallback or slowly.
    Degraded,
    /// It does not.
    Down,
}

/// Memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Allocated from the heap and in use.
    pub heap_used: u64,
    /// Held by the heap's allocator.
    pub heap_total: u64,
    /// Held outside the heap: by the embedded store, for one.
    pub external: u64,
    /// Resident in the machine's memory, all in all.
    pub rss: u64,
}

/// `GET /health`: the body that the original had, and `checks`.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "Operations",
    summary = "How the server and its dependencies are.",
    responses((status = 200, description = "How they are.", body = operations::Health)))]
pub(super) async fn health(api: web::Data<Api>) -> HttpResponse {
    let source = &api.settings.health;
    let checks = source.checks().await;
    let well = checks.iter().all(|check| check.status == CheckStatus::Ok);
    HttpResponse::Ok().json(Health {
        status: if well { "ok" } else { "degraded" },
        timestamp: api.settings.clock.now().to_string(),
        version: env!("CARGO_PKG_VERSION"),
        environment: source.environment(),
        memory_usage: MemoryUsage::of(source.memory()),
        uptime: source.uptime().as_secs(),
        checks: checks.into_iter().map(|check| (check.name.to_owned(), told(check).into())).collect(),
    })
}

/// `GET /health/live`: the process answers.
#[utoipa::path(get, path = "/health/live", operation_id = "live", tag = "Operations",
    summary = "Whether the process answers.",
    responses((status = 200, description = "It does.", body = operations::Fine)))]
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
}

/// `GET /health/ready`: requests may be sent here.
#[utoipa::path(get, path = "/health/ready", operation_id = "ready", tag = "Operations",
    summary = "Whether requests may be sent here. If not, the problem says why.",
    responses((status = 200, description = "They may.", body = operations::Fine)))]
pub(super) async fn ready(api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let mut unready = api.settings.health.unready().await;
    if api.settings.drain.is_starting() {
        unready.insert(0, "the start".to_owned());
    }
    if api.is_draining() {
        unready.insert(0, "shutting down".to_owned());
    }
    if unready.is_empty() {
        return Ok(HttpResponse::Ok().json(serde_json::json!({"status": "ok"})));
    }
    let detail = format!("Not ready: {}", unready.join(", "));
    Err(ApiError::new(ErrorCode::ServiceUnavailable, detail).with("unready", unready.into()))
}

/// The body of `/health`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health<'a> {
    status: &'static str,
    timestamp: String,
    version: &'static str,
    environment: &'a str,
    memory_usage: MemoryUsage,
    uptime: u64,
    checks: Map<String, Value>,
}

/// Memory in MB.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemoryUsage {
    heap_used: u64,
    heap_total: u64,
    external: u64,
    rss: u64,
}

impl MemoryUsage {
    fn of(memory: Memory) -> Self {
        let megabytes = |bytes: u64| (bytes + (1 << 19)) >> 20;
        Self {
            heap_used: megabytes(memory.heap_used),
            heap_total: megabytes(memory.heap_total),
            external: megabytes(memory.external),
            rss: megabytes(memory.rss),
        }
    }
}

fn told(check: Check) -> Map<String, Value> {
    let mut told = Map::new();
    let status = serde_json::to_value(check.status).expect("a status is a text");
    told.insert("status".to_owned(), status);
    told.extend(check.details);
    told
}

#[cfg(test)]
mod tests {
    use super::super::testing::{json, serving, settings};
    use super::*;
    use actix_web::test::{TestRequest, call_service};

    #[actix_web::test]
    async fn health_has_the_body_of_the_original_and_checks() {
        let server = serving(settings(), vec![]).await;
        let body = json(call_service(&server, TestRequest::with_uri("/health").to_request()).await).await;
        let expected = serde_json::json!({
            "status": "ok",
            "timestamp": "2026-03-23T10:00:00.000Z",
            "version": env!("CARGO_PKG_VERSION"),
            "environment": "production",
            "memoryUsage": {"heapUsed": 67, "heapTotal": 128, "external": 12, "rss": 167},
            "uptime": 3600,
            "checks": {},
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_check_is_told_with_its_details() {
        let details = serde_json::json!({"latencyMs": 3}).as_object().unwrap().clone();
        let check = Check { name: "store", status: CheckStatus::Degraded, details };
        assert_eq!(Value::from(told(check)), serde_json::json!({"status": "degraded", "latencyMs": 3}));
    }
}
