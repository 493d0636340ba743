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
}

impl ServerHealth {
    pub(super) fn new(backend: Backend, settings: &Settings) -> Self {
        Self {
            backend,
            environment: settings.app_env.as_str(),
            started: Instant::now(),
            patience: settings.health_check_timeout,
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
        let check = |name, well: bool, details: Value| Check {
            name,
            status: if well { CheckStatus::Ok } else { CheckStatus::Down },
            details: match details {
                Value::Object(details) => details,
                _ => Map::new(),
            },
        };
        let unready = self.backend.supervisor().unready();
        let cache = self.backend.cache().stats();
        vec![
            check("actors", unready.is_empty(), json!({"unready": unready})),
            check("broker", true, json!({"backend": "embedded"})),
            check("cache", true, json!({"backend": "memory", "entries": cache.entries})),
            check("limiter", true, json!({"backend": self.backend.limiter().name()})),
            check("store", self.store_answers().await, json!({"backend": "sqlite"})),
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
