//! The HTTP server: listeners, workers, and what each worker serves.

use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol, Request};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::rt::net::TcpStream;
use actix_web::{App, Error, web};

use crate::actors::Routers;

use super::api::{Api, ApiSettings};
use super::connection::Patient;
use super::drain::Drain;
use super::envelope::Envelope;
use super::routes;

/// How long a connection may be idle between requests, and how long a client may take to send its headers.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a client whose body is not wanted may go on sending it. Closed at once, its connection would be reset, and many
/// clients would never see why.
const LINGER: Duration = Duration::from_secs(2);

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
    F: Fn() -> Routers + Clone + Send + 'static,
{
    let drain = api.drain.clone();
    let app = move || {
        let api = web::Data::new(Api::new(api.clone(), actors()));
        App::new()
            .app_data(api.clone())
            .configure(|config| routes::mount(config, &api))
            .default_service(web::to(routes::unknown_route))
            .wrap(Envelope::new(api))
    };
    let server = actix_server::Server::build()
        .workers(settings.workers.max(1))
        .shutdown_timeout(settings.shutdown_timeout.as_secs().max(1))
        .disable_signals();
    let server = listeners.into_iter().try_fold(server, |server, listener| {
        let (app, drain) = (app.clone(), drain.clone());
        let address = listener.local_addr()?;
        server.listen("http", listener, move || serve(app(), drain.clone(), address))
    })?;
    Ok(server.run())
}

/// What `HttpServer` does with each connection, over one that loses its patience.
fn serve<I, S, B>(
    app: I,
    drain: Drain,
    address: SocketAddr,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
where
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let app = app.into_factory().map_err(|error: Error| error.error_response());
    let http = HttpService::build()
        .keep_alive(PATIENCE)
        .client_request_timeout(PATIENCE)
        .client_disconnect_timeout(LINGER)
        .local_addr(address)
        // Not in the documentation of actix-http, but what `HttpServer` itself stops by.
        .graceful_shutdown_signal(move || {
            let drain = drain.clone();
            async move { drain.closes_idle().await }
        })
        .on_connect_ext(|connection: &Patient<TcpStream>, data| {
            data.insert(connection.watch());
        })
        .finish(map_config(app, |()| AppConfig::default()));
    fn_service(|stream: TcpStream| {
        let peer = stream.peer_addr().ok();
        // An answer in several pieces must not wait for the client to acknowledge the first. If it cannot be set, it waits.
        let _ = stream.set_nodelay(true);
        ready(Ok::<_, DispatchError>((Patient::new(stream), Protocol::Http1, peer)))
    })
    .and_then(http)
}
