//! Requests and connections.

use std::fmt;

use crate::http::figures::HttpFigures;

use super::family::Family;
use super::page::Page;

const REQUESTS: Family = Family::counter(
    "clientele_http_requests_total",
    &["method", "route", "status"],
    "Requests answered, by route template and status code; HEAD counts as GET, and what reached no endpoint as route unmatched.",
);
const DURATION: Family = Family::histogram(
    "clientele_http_request_duration_seconds",
    &["method", "route"],
    "How long requests took from their head to that of the answer.",
);
const IN_FLIGHT: Family = Family::gauge("clientele_http_requests_in_flight", &[], "Requests under way.");
const ACCEPTED: Family = Family::counter("clientele_http_connections_total", &[], "Connections accepted.");
const OPEN: Family = Family::gauge("clientele_http_connections_open", &[], "Connections that are open.");
const RECEIVED: Family =
    Family::counter("clientele_http_received_bytes_total", &[], "Bytes received, heads included.").bytes();
const SENT: Family = Family::counter("clientele_http_sent_bytes_total", &[], "Bytes sent, heads included.").bytes();

pub(super) const FAMILIES: &[&Family] = &[&REQUESTS, &DURATION, &IN_FLIGHT, &ACCEPTED, &OPEN, &RECEIVED, &SENT];

pub(super) fn write(page: &mut Page<'_>, figures: &HttpFigures, under_way: usize) -> fmt::Result {
    let requests = figures.requests();
    page.family(&REQUESTS, |samples| {
        for endpoint in &requests {
            for (status, count) in &endpoint.statuses {
                samples.counter(&[&endpoint.method, &endpoint.route, &status.to_string()], *count)?;
            }
        }
        Ok(())
    })?;
    page.family(&DURATION, |samples| {
        requests
            .iter()
            .try_for_each(|endpoint| samples.histogram(&[&endpoint.method, &endpoint.route], &endpoint.duration))
    })?;
    let connections = figures.connection_stats();
    page.gauge(&IN_FLIGHT, under_way as u64)?;
    page.counter(&ACCEPTED, connections.accepted)?;
    page.gauge(&OPEN, connections.open)?;
    page.counter(&RECEIVED, connections.received_bytes)?;
    page.counter(&SENT, connections.sent_bytes)
}
