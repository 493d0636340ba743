//! The span of a request, by OpenTelemetry's semantic conventions for HTTP servers.

use std::net::IpAddr;

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::http::{Method, StatusCode};
use tracing::Span;
use tracing::field::Empty;

use crate::model::trace::TraceParent;
use crate::trace::{self, Sampling};

use super::request_id::RequestId;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Where the client is in a trace, if it says so.
pub(super) fn client_trace(headers: &HeaderMap) -> Option<TraceParent> {
    headers.get(&TRACEPARENT)?.to_str().ok()?.to_owned().try_into().ok()
}

/// Begins the span of a request that is traced; none for any other, and for what machines ask at intervals.
pub(super) fn begin(
    sampling: Sampling,
    head: &RequestHead,
    request_id: &RequestId,
    address: Option<IpAddr>,
    parent: Option<&TraceParent>,
) -> Span {
    if !sampling.takes(parent) || is_routine(head.uri.path()) {
        return Span::none();
    }
    let method = name_of(&head.method);
    let span = tracing::info_span!(
        parent: None,
        "http.server",
        otel.kind = "server",
        otel.name = method,
        otel.status_code = Empty,
        http.request.method = method,
        http.route = Empty,
        http.response.status_code = Empty,
        url.scheme = "http",
        url.path = head.uri.path(),
        client.address = address.map(display),
        user_agent.original = head.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()),
        request.id = request_id.as_str(),
        "error.type" = Empty,
    );
    if let Some(parent) = parent {
        let state = head.headers.get(&TRACESTATE).and_then(|value| value.to_str().ok());
        trace::continues(&span, parent, state);
    }
    span
}

/// Ends it: by now it is known which route it took, and how it went. `route` is asked only if there is a span.
pub(super) fn end(span: &Span, method: &Method, route: impl FnOnce() -> Option<String>, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status.as_u16());
    if let Some(route) = route() {
        trace::rename(span, format!("{} {route}", name_of(method)));
        span.record("http.route", route);
    }
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status.as_str());
    }
}

/// A method as spans name it: what clients make up is not to become a name of its own.
fn name_of(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    const NAMES: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.iter().position(|known| known == method).map_or("_OTHER", |at| NAMES[at])
}

fn is_routine(path: &str) -> bool {
    path == "/health" || path.starts_with("/health/") || path == "/metrics" || path == "/ops/events"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_methods_share_one_name() {
        assert_eq!(name_of(&Method::PATCH), "PATCH");
        assert_eq!(name_of(&Method::from_bytes(b"BREW").unwrap()), "_OTHER");
    }

    #[test]
    fn probes_and_scrapes_are_not_traced() {
        for routine in ["/health", "/health/ready", "/metrics", "/ops/events"] {
            assert!(is_routine(routine), "{routine}");
        }
        assert!(!is_routine("/healthy") && !is_routine("/ops/actors") && !is_routine("/api/v1/customers"));
    }
}
