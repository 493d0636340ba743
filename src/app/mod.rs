//! The only wiring: which backends stand behind the ports, which actors run where, and how all of it starts and stops.

mod backend;
mod data_folder;
pub mod dead_letters;
mod health;
mod logs;
pub mod metrics;
mod pools;
mod ports;

use std::fs::{File, TryLockError};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::actors::OperationError;
use crate::actors::auth::{CreateAdmin, HasAdmin};
use crate::actors::supervision::Deadline;
use crate::broker::rabbitmq::InvalidUrl;
use crate::config::{Registration as RegistrationSetting, Settings, TokenSecretsError};
use crate::http::address::TrustedProxies;
use crate::http::cursor::CursorKey;
use crate::http::drain::Drain;
use crate::http::figures::HttpFigures;
use crate::http::metrics::Metrics;
use crate::http::ops::Operations;
use crate::http::ops::steering::LogSteering;
use crate::http::server::{self, ServerSettings};
use crate::http::{ApiSettings, docs};
use crate::model::audit::Origin;
use crate::model::time::Clock;
use crate::model::user::Registration;
use crate::redis::InvalidRedisUrl;
use crate::store::{MigrateError, StoreError};
use crate::telemetry::Logs;
use crate::trace::Sampling;

pub use backend::Backend;
use health::ServerHealth;
use logs::NobodysLogs;
pub use pools::{Pools, StorePools};
pub use ports::migrate;

/// How long the first administrator may take to be made.
const FIRST_ADMIN_TIME: Duration = Duration::from_secs(20);

/// How long a server behind proxies goes on answering once it stops, even with nothing under way. In this time each proxy
/// hears that what it sends was not begun, and sends it elsewhere; on a connection that is closed meanwhile it would be lost.
/// Longer than a proxy takes to find that another node, which was out a moment ago, is back (`deploy/nginx/nodes.conf`: 2 s).
const FAREWELL: Duration = Duration::from_secs(4);

/// Why the server did not start, or did not run on.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    /// The data folder cannot be used.
    #[error("the data folder {path} cannot be used")]
    DataFolder {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Another server has the data folder: each would serve from its cache what the other has changed.
    #[error("the data folder {path} belongs to a server that is running")]
    DataFolderTaken {
        /// Which.
        path: String,
    },
    /// The secrets that tokens are signed with cannot be read or made.
    #[error(transparent)]
    Secrets(#[from] TokenSecretsError),
    /// The store does not open.
    #[error("the store does not open")]
    Store(#[from] StoreError),
    /// The store is of another version.
    #[error(transparent)]
    Migration(#[from] MigrateError),
    /// The address of Redis does not read.
    #[error("REDIS_URL cannot be used")]
    Redis(#[from] InvalidRedisUrl),
    /// The address of RabbitMQ does not read.
    #[error("RABBITMQ_URL cannot be used")]
    Broker(#[from] InvalidUrl),
    /// The address is taken, or is not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The first administrator could not be made.
    #[error("the first administrator could not be made")]
    FirstAdmin(#[from] OperationError),
    /// The HTTP server failed.
    #[error("the HTTP server failed")]
    Server(#[source] io::Error),
}

/// The server: it listens, but answers only while [run](Self::run_until).
#[derive(Debug)]
pub struct Application {
    backend: Backend,
    listener: TcpListener,
    address: SocketAddr,
    settings: Settings,
    drain: Drain,
    logs: LogSteering,
    /// On the data folder of the embedded store. Held for as long as the server runs; the kernel lets go of it however that
    /// ends.
    _lock: Option<File>,
}

impl Application {
    /// Opens the store, starts the actors and begins to listen. Port 0 takes a free one.
    ///
    /// # Errors
    /// See [`StartupError`].
    pub async fn build(settings: Settings) -> Result<Self, StartupError> {
        let address = settings.address();
        let listen = |source| StartupError::Listen { address, source };
        // Before anything is opened: two servers with one data folder and one port are a mistake that should be told as such.
        let listener = TcpListener::bind(address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let lock = settings.has_embedded_store().then(|| take_data_folder(&settings.data_dir)).transpose()?;
        let backend = Backend::start(&settings, Clock::system()).await?;
        let logs = LogSteering::new(NobodysLogs, settings.log_level.clone());
        Ok(Self { backend, listener, address, settings, drain: Drain::starting(), logs, _lock: lock })
    }

    /// Lets operators steer these logs, which log by `LOG_LEVEL` now. Without them a level is kept and
    /// told, and steers nothing: the program that this server is a part of logs for itself.
    pub fn steering(mut self, logs: Logs) -> Self {
        self.logs = LogSteering::new(logs, self.settings.log_level.clone());
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The parts behind HTTP, for those who drive them directly.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Answers requests until `stop` comes, then stops gracefully within `SHUTDOWN_TIMEOUT`: readiness says no, requests
    /// under way are answered, mailboxes drain, the outbox is relayed or stays, durably, for the next start.
    ///
    /// # Errors
    /// [`StartupError::FirstAdmin`], [`StartupError::Server`].
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), StartupError> {
        let Self { backend, listener, address, settings, drain, logs, _lock } = self;
        let health = Arc::new(ServerHealth::new(backend.clone(), &settings));
        let operations = Operations::new(backend.supervisor().clone(), logs);
        let api = api_settings(&settings, health, operations, &backend, &drain)?;
        let routers = {
            let backend = backend.clone();
            move || backend.routers()
        };
        let server = server::start(vec![listener], server_settings(&settings), api, routers);
        let server = server.map_err(StartupError::Server)?;
        let handle = server.handle();
        let mut serving = std::pin::pin!(server);
        let ready = async {
            backend.started().await;
            first_admin(&settings, &backend).await?;
            drain.has_started();
            tracing::info!("listening on http://{address}");
            stop.await;
            Ok(())
        };
        let outcome = tokio::select! {
            ready = ready => ready,
            ended = &mut serving => ended.map_err(StartupError::Server),
        };
        drain.begin();
        tracing::info!("stopping: requests under way are answered");
        let deadline = Deadline::within(settings.shutdown_timeout);
        // It still listens, so that probes hear that it is not ready, and others that they had better go elsewhere.
        let farewell = farewell(&settings);
        let finished = async {
            say_farewell(&drain, farewell).await;
            drain.finished().await;
        };
        let finished = tokio::time::timeout_at(deadline.instant(), finished).await.is_ok();
        // Where there was a farewell it listens no more: what came on a connection that was just accepted is still to be read,
        // and answered. Else idle connections are closed at once: a worker that still has some looks again only after a second.
        let closing = async {
            if finished && !farewell.is_zero() {
                tokio::time::sleep(farewell / 8).await;
                drain.finished().await;
            }
            drain.close_idle();
        };
        let stopping = async { tokio::join!(closing, handle.stop(finished), serving) };
        let stopped = tokio::time::timeout_at(deadline.instant(), stopping).await.is_ok();
        if !(finished && stopped) {
            tracing::warn!("requests under way were cut short");
        }
        backend.stop(deadline).await;
        tracing::info!("stopped");
        outcome
    }
}

/// How long this server goes on answering once it stops: without proxies there is nobody who would send elsewhere.
fn farewell(settings: &Settings) -> Duration {
    if settings.trusted_proxies.is_empty() { Duration::ZERO } else { FAREWELL.min(settings.shutdown_timeout / 4) }
}

/// Goes on answering for so long, and then to a moment in which nothing comes.
async fn say_farewell(drain: &Drain, farewell: Duration) {
    tokio::time::sleep(farewell).await;
    if !farewell.is_zero() && drain.has_refused() {
        // Whoever is no proxy, and sends without a pause, is waited for no longer.
        let _ = tokio::time::timeout(farewell, drain.lull()).await;
    }
}

/// Makes the data folder, and takes it for this server alone.
fn take_data_folder(folder: &Path) -> Result<File, StartupError> {
    let path = || folder.display().to_string();
    let unusable = |source| StartupError::DataFolder { path: path(), source };
    data_folder::make_folder(folder).map_err(unusable)?;
    let lock = File::create(folder.join("server.lock")).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StartupError::DataFolderTaken { path: path() }),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

fn server_settings(settings: &Settings) -> ServerSettings {
    ServerSettings { workers: settings.workers(), shutdown_timeout: settings.shutdown_timeout }
}

fn api_settings(
    settings: &Settings,
    health: Arc<ServerHealth>,
    operations: Operations,
    backend: &Backend,
    drain: &Drain,
) -> Result<ApiSettings, StartupError> {
    let secrets = settings.token_secrets()?;
    let figures = HttpFigures::default();
    let source = metrics::source(backend, &figures, drain, Clock::system());
    Ok(ApiSettings {
        api_version: settings.api_version.clone(),
        registration_open: settings.registration == RegistrationSetting::Open,
        allowed_origins: settings.allowed_origins.clone(),
        trusted_proxies: TrustedProxies::new(settings.trusted_proxies.iter().copied()),
        cursor_key: CursorKey::derived_from(secrets.access.expose().as_bytes()),
        drain: drain.clone(),
        clock: Clock::system(),
        sampling: settings.traces.as_ref().map_or(Sampling::OFF, |traces| Sampling::of(traces.ratio)),
        health,
        figures,
        metrics: Metrics { source, token: settings.metrics_token.clone() },
        operations,
    })
}

/// Makes the administrator that the settings name, if there is none yet; or tells how to make one.
async fn first_admin(settings: &Settings, backend: &Backend) -> Result<(), StartupError> {
    let mailboxes = backend.workers().into_iter().next().expect("the server has started its workers");
    let deadline = Deadline::within(FIRST_ADMIN_TIME);
    let has_admin = mailboxes.auth.ask(deadline, HasAdmin).await.map_err(OperationError::from)??;
    if has_admin {
        return Ok(());
    }
    let Some(admin) = &settings.admin else {
        tracing::warn!("there is no administrator yet; make one: clientele admin create --email you@example.com");
        return Ok(());
    };
    let registration =
        Registration::read(serde_json::json!({"email": admin.email, "password": admin.password.expose()}));
    let message = CreateAdmin { registration: registration.map_err(OperationError::from)?, origin: Origin::default() };
    let user = mailboxes.auth.ask(deadline, message).await.map_err(OperationError::from)??;
    tracing::info!(email = %user.email, "made the first administrator");
    Ok(())
}

/// The OpenAPI document of this build, as `/openapi.json` serves it.
///
/// # Panics
/// Never: the document is made of texts and lists.
pub fn openapi(settings: &Settings) -> String {
    let document = docs::document(&format!("/api/{}", settings.api_version));
    document.to_pretty_json().expect("the document is made of texts and lists")
}
