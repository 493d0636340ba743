//! The same answer over HTTP, made by the handler itself, and by an actor on the worker's own thread.

use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use clientele::actors::supervision::{ActorSpec, Deadline, Mailbox, Supervisor};

use super::echo::{Echo, Say};

/// How long an ask may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves without a hop on the first port and with one on the second.
pub async fn serve(bare: u16, hop: u16) -> std::io::Result<()> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let bare = HttpServer::new(|| App::new().route("/{number}", web::get().to(without_hop)))
        .workers(workers)
        .bind(("127.0.0.1", bare))?;
    let supervisor = Supervisor::new();
    let hop = HttpServer::new(move || {
        let echo = supervisor.spawn(ActorSpec::new("echo"), || async { Ok(Echo) });
        App::new().app_data(web::Data::new(echo)).route("/{number}", web::get().to(with_hop))
    })
    .workers(workers)
    .bind(("127.0.0.1", hop))?;
    futures_util::future::try_join(bare.run(), hop.run()).await.map(|_| ())
}

async fn without_hop(number: web::Path<u64>) -> HttpResponse {
    answer(number.into_inner())
}

async fn with_hop(number: web::Path<u64>, echo: web::Data<Mailbox<Echo>>) -> HttpResponse {
    match echo.ask(Deadline::within(PATIENCE), Say(number.into_inner())).await {
        Ok(number) => answer(number),
        Err(error) => HttpResponse::ServiceUnavailable().body(error.to_string()),
    }
}

fn answer(number: u64) -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "number": number }))
}
