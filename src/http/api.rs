//! What every handler of a worker shares.

use std::sync::Arc;

use crate::actors::Routers;
use crate::config::AllowedOrigins;
use crate::model::time::Clock;

use super::address::TrustedProxies;
use super::cors::Cors;
use super::cursor::CursorKey;
use super::drain::Drain;
use super::health::HealthSource;
use super::ops::Operations;
use super::rate::PolicyHeaders;

/// What is the same in all workers.
#[derive(Clone)]
pub struct ApiSettings {
    /// The version in the base path: `v1` makes it `/api/v1`.
    pub api_version: String,
    /// Whether anybody may register (§3).
    pub registration_open: bool,
    /// Origins of pages that may read answers.
    pub allowed_origins: AllowedOrigins,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Signs the cursors of lists.
    pub cursor_key: CursorKey,
    /// Knows whether the server stops: then nothing new is begun, and connections are closed after their next answer.
    pub drain: Drain,
    /// Tells the time.
    pub clock: Clock,
    /// Tells how the parts of the server are.
    pub health: Arc<dyn HealthSource>,
    /// What operators see and steer.
    pub operations: Operations,
}

/// What the handlers of one worker thread share.
pub struct Api {
    /// Where the actors are reached.
    pub mailboxes: Routers,
    /// What is the same in all workers.
    pub settings: ApiSettings,
    /// Who may read answers from a page of another origin.
    pub(super) cors: Cors,
    pub(super) policies: PolicyHeaders,
    base: String,
}

impl Api {
    /// What handlers share in a worker whose actors are reached by these routers.
    pub fn new(settings: ApiSettings, mailboxes: Routers) -> Self {
        Self {
            mailboxes,
            base: format!("/api/{}", settings.api_version),
            cors: Cors::of(&settings.allowed_origins),
            policies: PolicyHeaders::default(),
            settings,
        }
    }

    /// The path that all resources are under: `/api/v1`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The path of a resource: `location("/customers", id)` is `/api/v1/customers/…`.
    pub fn location(&self, collection: &str, id: impl std::fmt::Display) -> String {
        format!("{}{collection}/{id}", self.base)
    }

    /// Whether the server is stopping.
    pub fn is_draining(&self) -> bool {
        self.settings.drain.has_begun()
    }
}
