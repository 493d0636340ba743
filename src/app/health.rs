//! How the parts of this process are.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::config::Settings;
use crate::http::health::{Check, CheckStatus, HealthSource, Memory};
use crate::telemetry;

use super::Backend;

/// Looks at the actors, the store and the process.
pub(super) struct ServerHealth {
    backend: Backend,
    environment: &'static str,
    started: Instant,
    patience: Duration,
    /// Which store it is.
    store: &'static str,
}

impl ServerHealth {
    pub(super) fn new(backend: Backend, settings: &Settings) -> Self {
        Self {
            backend,
            environment: settings.app_env.as_str(),
            started: Instant::now(),
            patience: settings.health_check_timeout,
            store: if settings.has_embedded_store() { "sqlite" } else { "mongodb" },
        }
    }

    /// Whether the store answers within `HEALTH_CHECK_TIMEOUT`.
    async fn store_answers(&self) -> bool {
        matches!(tokio::time::timeout(self.patience, self.backend.store().ping()).await, Ok(Ok(())))
    }
}

#[async_trait]
impl HealthSource for ServerHealth {
    async fn checks(&self) -> Vec<Check> {
        let check = |name, status: CheckStatus, details: Value| Check {
            name,
            status,
            details: match details {
                Value::Object(details) => details,
                _ => Map::new(),
            },
        };
        let unready = self.backend.supervisor().unready();
        let (broker, cache, limiter) = (self.backend.broker(), self.backend.cache(), self.backend.limiter());
        let cached = json!({"backend": cache.name(), "entries": cache.stats().entries});
        vec![
            check("actors", or_down(unready.is_empty()), json!({"unready": unready})),
            // Events wait in the outbox for as long as it is away.
            check("broker", or_degraded(broker.is_up()), json!({"backend": broker.name()})),
            // Reads go to the store while it is away, and each node counts for itself.
            check("cache", or_degraded(cache.is_up()), cached),
            check("limiter", or_degraded(limiter.is_up()), json!({"backend": limiter.name()})),
            check("store", or_down(self.store_answers().await), json!({"backend": self.store})),
        ]
    }

    async fn unready(&self) -> Vec<String> {
        let mut unready = self.backend.supervisor().unready();
        if !self.store_answers().await {
            unready.push("store".to_owned());
        }
        unready
    }

    fn memory(&self) -> Memory {
        let memory = telemetry::memory();
        Memory {
            heap_used: memory.heap_used_bytes,
            heap_total: memory.heap_total_bytes,
            external: self.backend.store().memory_used(),
            rss: memory.rss_bytes,
        }
    }

    fn environment(&self) -> &str {
        self.environment
    }

    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }
}

/// How what cannot be done without is.
fn or_down(well: bool) -> CheckStatus {
    if well { CheckStatus::Ok } else { CheckStatus::Down }
}

/// How what has something in its place is.
fn or_degraded(well: bool) -> CheckStatus {
    if well { CheckStatus::Ok } else { CheckStatus::Degraded }
}
