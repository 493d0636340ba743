//! A collector: receives OTLP over HTTP, and keeps the spans.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// How a collector treats what it is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    Takes,
    Refuses,
    Hangs,
}

/// A collector on a port of its own.
pub struct Collector {
    url: String,
    received: Arc<Received>,
    handle: ServerHandle,
}

#[derive(Default)]
struct Received {
    requests: Mutex<Vec<Delivery>>,
}

/// What came in one request.
#[derive(Clone)]
pub struct Delivery {
    pub tenant: Option<String>,
    pub content: ExportTraceServiceRequest,
}

impl Collector {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let received = Arc::new(Received::default());
        let kept = Data::from(received.clone());
        let (started, ready) = mpsc::channel();
        std::thread::spawn(move || {
            actix::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(kept.clone())
                        .app_data(Data::new(manner))
                        .service(web::resource("/v1/traces").post(take))
                };
                let server =
                    HttpServer::new(app).workers(1).disable_signals().listen(listener).expect("it listens").run();
                started.send(server.handle()).expect("the test waits");
                server.await.expect("the collector runs");
            });
        });
        Self { url, received, handle: ready.recv().expect("the collector starts") }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        self.received.requests.lock().expect("nobody panicked").clone()
    }

    pub fn spans(&self) -> Vec<Span> {
        let resources = self.deliveries().into_iter().flat_map(|delivery| delivery.content.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The spans of one trace.
    pub fn trace(&self, id: &str) -> Vec<Span> {
        let mut spans: Vec<_> = self.spans().into_iter().filter(|span| hex(&span.trace_id) == id).collect();
        spans.sort_by_key(|span| span.start_time_unix_nano);
        spans
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn take(request: HttpRequest, body: Bytes, received: Data<Received>, manner: Data<Manner>) -> HttpResponse {
    assert_eq!(request.headers().get("content-type").expect("it is named"), "application/x-protobuf");
    let tenant = request.headers().get("x-tenant").map(|value| value.to_str().expect("a text").to_owned());
    let content = ExportTraceServiceRequest::decode(body).expect("it is OTLP");
    received.requests.lock().expect("nobody panicked").push(Delivery { tenant, content });
    match **manner {
        Manner::Takes => HttpResponse::Ok()
            .content_type("application/x-protobuf")
            .body(ExportTraceServiceResponse::default().encode_to_vec()),
        Manner::Refuses => HttpResponse::ServiceUnavailable().finish(),
        Manner::Hangs => std::future::pending().await,
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An attribute as text; `None` if it is absent.
pub fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    attributes.iter().find(|attribute| attribute.key == key).map(|attribute| text(attribute.value.as_ref()))
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// A trace as a tree, each span indented below its parent, in the order of their beginnings.
pub fn tree(spans: &[Span], root_parent: &str) -> String {
    let mut lines = String::new();
    branch(spans, root_parent, 0, &mut lines);
    lines
}

fn branch(spans: &[Span], parent: &str, depth: usize, lines: &mut String) {
    for span in spans.iter().filter(|span| hex(&span.parent_span_id) == parent) {
        lines.push_str(&format!("{:1$}{2}\n", "", depth * 2, span.name));
        branch(spans, &hex(&span.span_id), depth + 1, lines);
    }
}
