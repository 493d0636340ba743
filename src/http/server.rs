//! The HTTP server: listeners, workers, and what each worker serves.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer, web};

use crate::actors::Mailboxes;

use super::api::{Api, ApiSettings};
use super::envelope::Envelope;
use super::routes;

/// How long a connection may be idle between requests, and how long a client may take to send its headers.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the server works.
#[derive(Clone, Copy, Debug)]
pub struct ServerSettings {
    /// Worker threads, at least 1.
    pub workers: usize,
    /// How long requests in flight may take to finish once the server stops.
    pub shutdown_timeout: Duration,
}

/// Starts to serve on these listeners. `actors` is called in each worker thread, and starts that worker's replicas.
///
/// Signals are left to the caller, who stops the server by its handle.
///
/// # Errors
/// A listener cannot be used.
pub fn start<F>(
    listeners: Vec<TcpListener>,
    settings: ServerSettings,
    api: ApiSettings,
    actors: F,
) -> io::Result<Server>
where
    F: Fn() -> Mailboxes + Clone + Send + 'static,
{
    let server = HttpServer::new(move || {
        let api = web::Data::new(Api::new(api.clone(), actors()));
        App::new()
            .app_data(api.clone())
            .configure(|config| routes::mount(config, &api))
            .default_service(web::to(routes::unknown_route))
            .wrap(Envelope::new(api))
    });
    let server = server
        .workers(settings.workers.max(1))
        .keep_alive(PATIENCE)
        .client_request_timeout(PATIENCE)
        .shutdown_timeout(settings.shutdown_timeout.as_secs().max(1))
        .disable_signals();
    let server = listeners.into_iter().try_fold(server, HttpServer::listen)?;
    Ok(server.run())
}
