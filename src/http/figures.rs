//! What is counted of requests and connections: by each worker for itself, and summed up when somebody asks.
//!
//! A worker counts in cells that no other one writes, so that counting is a few additions to memory that its own core holds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use parking_lot::Mutex;

use crate::actors::supervision::{Distribution, Histogram};

/// The route and the method of what reached no endpoint: an unknown path, a method that the path lacks, a preflight,
/// a head that was too large.
const UNMATCHED: (&str, &str) = ("unmatched", "any");

/// Every status that the API answers; another one counts as the last.
const STATUSES: [u16; 26] = [
    200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415, 422, 423, 429, 431, 500,
    502, 503, 504,
];

/// The figures of all workers. Clones are of the same.
#[derive(Clone, Debug, Default)]
pub struct HttpFigures(Arc<Workers>);

#[derive(Debug, Default)]
struct Workers {
    endpoints: Mutex<Vec<Arc<EndpointFigures>>>,
    connections: Mutex<Vec<Arc<ConnectionFigures>>>,
}

/// What one worker counts of one endpoint.
#[derive(Debug)]
pub(super) struct EndpointFigures {
    route: String,
    method: Method,
    statuses: [AtomicU64; STATUSES.len()],
    others: AtomicU64,
    duration: Histogram,
}

/// What one worker counts of its connections.
#[derive(Debug, Default)]
pub(super) struct ConnectionFigures {
    accepted: AtomicU64,
    closed: AtomicU64,
    pub(super) received_bytes: AtomicU64,
    pub(super) sent_bytes: AtomicU64,
}

/// A connection that is open until this is dropped.
#[derive(Debug)]
pub(super) struct OpenConnection(Arc<ConnectionFigures>);

/// What was counted of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestStats {
    /// The route's template, such as `/api/v1/customers/{id}`; `unmatched`: no endpoint was reached.
    pub route: String,
    /// The method, HEAD as GET; `any` where the route is `unmatched`.
    pub method: String,
    /// How often each status was answered that was; 0: one that is not the API's own.
    pub statuses: BTreeMap<u16, u64>,
    /// How long it took from the head of the request to that of the answer.
    pub duration: Distribution,
}

/// What was counted of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionStats {
    /// Accepted since the start.
    pub accepted: u64,
    /// Open now.
    pub open: u64,
    /// Bytes received, heads included.
    pub received_bytes: u64,
    /// Bytes sent, heads included.
    pub sent_bytes: u64,
}

impl HttpFigures {
    /// A new worker's cell for an endpoint.
    pub(super) fn endpoint(&self, method: &Method, route: String) -> Arc<EndpointFigures> {
        let figures = Arc::new(EndpointFigures {
            route,
            method: method.clone(),
            statuses: Default::default(),
            others: AtomicU64::new(0),
            duration: Histogram::default(),
        });
        self.0.endpoints.lock().push(Arc::clone(&figures));
        figures
    }

    /// A new worker's cell for what reaches no endpoint.
    pub(super) fn unmatched(&self) -> Arc<EndpointFigures> {
        let (route, method) = UNMATCHED;
        let method = Method::from_bytes(method.as_bytes()).expect("it is a token");
        self.endpoint(&method, route.to_owned())
    }

    /// A new worker's cell for its connections.
    pub(super) fn connections(&self) -> Arc<ConnectionFigures> {
        let figures = Arc::<ConnectionFigures>::default();
        self.0.connections.lock().push(Arc::clone(&figures));
        figures
    }

    /// What was counted of each endpoint that was reached, by route and method.
    pub fn requests(&self) -> Vec<RequestStats> {
        let mut sums = BTreeMap::<_, RequestStats>::new();
        for figures in &*self.0.endpoints.lock() {
            let stats = figures.stats();
            if stats.statuses.is_empty() {
                continue;
            }
            match sums.get_mut(&(stats.route.clone(), stats.method.clone())) {
                Some(sum) => sum.add(&stats),
                None => drop(sums.insert((stats.route.clone(), stats.method.clone()), stats)),
            }
        }
        sums.into_values().collect()
    }

    /// What was counted of connections.
    pub fn connection_stats(&self) -> ConnectionStats {
        self.0.connections.lock().iter().fold(ConnectionStats::default(), |sum, figures| {
            // Closed is read first: a connection that comes and goes meanwhile must not make it the larger one.
            let closed = figures.closed.load(Relaxed);
            let accepted = figures.accepted.load(Relaxed);
            ConnectionStats {
                accepted: sum.accepted + accepted,
                open: sum.open + accepted.saturating_sub(closed),
                received_bytes: sum.received_bytes + figures.received_bytes.load(Relaxed),
                sent_bytes: sum.sent_bytes + figures.sent_bytes.load(Relaxed),
            }
        })
    }
}

impl EndpointFigures {
    /// Counts an answer.
    pub(super) fn record(&self, status: StatusCode, duration: Duration) {
        let count = match STATUSES.binary_search(&status.as_u16()) {
            Ok(place) => &self.statuses[place],
            Err(_) => &self.others,
        };
        count.fetch_add(1, Relaxed);
        self.duration.record(duration);
    }

    fn stats(&self) -> RequestStats {
        let counts = STATUSES.iter().zip(&self.statuses).chain([(&0, &self.others)]);
        let counts = counts.map(|(status, count)| (*status, count.load(Relaxed)));
        RequestStats {
            route: self.route.clone(),
            method: self.method.as_str().to_owned(),
            statuses: counts.filter(|(_, count)| *count > 0).collect(),
            duration: self.duration.distribution(),
        }
    }
}

impl RequestStats {
    fn add(&mut self, other: &RequestStats) {
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        self.duration.merge(&other.duration);
    }
}

impl OpenConnection {
    /// One more, of this worker.
    pub(super) fn of(figures: Arc<ConnectionFigures>) -> Self {
        figures.accepted.fetch_add(1, Relaxed);
        Self(figures)
    }

    /// What the connection's worker counts.
    pub(super) fn figures(&self) -> &ConnectionFigures {
        &self.0
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.closed.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_summed_up_by_route_and_method() {
        let figures = HttpFigures::default();
        let workers = [(), ()].map(|()| {
            let read = figures.endpoint(&Method::GET, "/things/{id}".to_owned());
            figures.endpoint(&Method::PUT, "/things/{id}".to_owned());
            (read, figures.unmatched())
        });
        for (read, unmatched) in &workers {
            read.record(StatusCode::OK, Duration::from_millis(1));
            unmatched.record(StatusCode::NOT_FOUND, Duration::ZERO);
        }
        workers[0].0.record(StatusCode::IM_A_TEAPOT, Duration::from_millis(2));
        let told: Vec<_> = figures.requests();
        let told: Vec<_> = told.iter().map(|stats| (&*stats.route, &*stats.method, stats.duration.count())).collect();
        assert_eq!(told, [("/things/{id}", "GET", 3), ("unmatched", "any", 2)]);
        assert_eq!(figures.requests()[0].statuses, BTreeMap::from([(0, 1), (200, 2)]));
    }

    #[test]
    fn a_connection_is_open_until_it_is_dropped() {
        let figures = HttpFigures::default();
        let worker = figures.connections();
        let (one, other) = (OpenConnection::of(Arc::clone(&worker)), OpenConnection::of(worker));
        other.figures().sent_bytes.fetch_add(7, Relaxed);
        drop(one);
        let expected = ConnectionStats { accepted: 2, open: 1, received_bytes: 0, sent_bytes: 7 };
        assert_eq!(figures.connection_stats(), expected);
    }

    #[test]
    fn statuses_can_be_searched() {
        assert!(STATUSES.is_sorted());
    }
}
