//! The limit of the machine: an actix-web server that answers the same bytes as a cached read, and does nothing else.
//!
//! `bare PORT FILE`: answers every GET under `/api/v1/customers/` with the content of FILE.

use actix_web::{App, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok()).expect("a port");
    let body = web::Bytes::from(std::fs::read(arguments.next().expect("a file"))?);
    HttpServer::new(move || {
        let body = body.clone();
        let answer = move || std::future::ready(HttpResponse::Ok().content_type("application/json").body(body.clone()));
        App::new().route("/api/v1/customers/{id}", web::get().to(answer))
    })
    .workers(std::thread::available_parallelism().map_or(1, usize::from))
    .bind(("127.0.0.1", port))?
    .run()
    .await
}
