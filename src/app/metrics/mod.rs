//! What `/metrics` tells: each part's own figures, read at the moment of the scrape. Nothing is counted twice for it.

mod actors;
mod audit;
mod cache;
mod exposition;
mod family;
mod http;
mod limiter;
mod outbox;
mod page;
mod pools;
mod process;
mod store;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use crate::http::drain::Drain;
use crate::http::figures::HttpFigures;
use crate::http::metrics::{Exposition, MetricsSource};
use crate::model::time::Clock;

use super::Backend;
pub use family::{Family, Kind, Unit};
use outbox::{Outbox, Waiting};
use page::Page;

/// Every family of metrics, in the order in which they are told.
pub fn families() -> impl Iterator<Item = &'static Family> {
    let groups = [
        process::FAMILIES,
        http::FAMILIES,
        actors::FAMILIES,
        pools::FAMILIES,
        store::FAMILIES,
        cache::FAMILIES,
        limiter::FAMILIES,
        audit::FAMILIES,
    ];
    groups.into_iter().flatten().copied()
}

/// The metrics of a server.
#[derive(Debug)]
pub(super) struct ServerMetrics {
    backend: Backend,
    figures: HttpFigures,
    drain: Drain,
    outbox: Outbox,
}

impl ServerMetrics {
    pub(super) fn new(backend: Backend, figures: HttpFigures, drain: Drain, clock: Clock) -> Self {
        Self { backend, figures, drain, outbox: Outbox::new(clock) }
    }
}

#[async_trait]
impl MetricsSource for ServerMetrics {
    async fn write(&self, format: Exposition) -> String {
        let waiting = self.outbox.look(self.backend.store()).await;
        let mut registry = Registry::default();
        let (backend, figures) = (self.backend.clone(), self.figures.clone());
        let scrape = Scrape { backend, figures, drain: self.drain.clone(), waiting };
        registry.register_collector(Box::new(scrape));
        let mut written = String::new();
        text::encode(&mut written, &registry).expect("a text takes all that is written to it");
        match format {
            Exposition::OpenMetrics => written,
            Exposition::Prometheus => exposition::prometheus(&written),
        }
    }
}

/// One look at everything.
#[derive(Debug)]
struct Scrape {
    backend: Backend,
    figures: HttpFigures,
    drain: Drain,
    waiting: Option<Waiting>,
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let backend = &self.backend;
        let supervisor = backend.supervisor();
        let serves = !self.drain.is_starting() && !self.drain.has_begun();
        let ready = serves && self.waiting.is_some() && supervisor.unready().is_empty();
        let page = &mut Page::new(encoder);
        process::write(page, ready)?;
        http::write(page, &self.figures, self.drain.under_way())?;
        actors::write(page, &supervisor.statuses())?;
        pools::write(page, &supervisor.pools())?;
        store::write(page, backend.measured_store())?;
        cache::write(page, backend.cache().stats())?;
        limiter::write(page, &backend.limiter().stats())?;
        audit::write(page, backend.broker().stats(), self.waiting)
    }
}

/// What tells the metrics of a server.
pub(super) fn source(backend: &Backend, figures: &HttpFigures, drain: &Drain, clock: Clock) -> Arc<dyn MetricsSource> {
    Arc::new(ServerMetrics::new(backend.clone(), figures.clone(), drain.clone(), clock))
}
