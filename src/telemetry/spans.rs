//! Spans on their way to a collector (OTLP over HTTP): batches on a thread of its own, behind a bounded queue.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, Protocol, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor,
};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::config::TraceSettings;

/// Spans that may wait for a slow collector. More are dropped and counted: no request waits for a collector.
const WAITING_SPANS: usize = 4_096;

/// Spans in one request to the collector.
const SPANS_AT_ONCE: usize = 512;

/// How long spans are gathered for one request to the collector.
const GATHERING: Duration = Duration::from_secs(1);

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where spans go. Clones are of the same way.
#[derive(Clone, Debug)]
pub(super) struct Spans {
    provider: SdkTracerProvider,
    figures: Arc<Figures>,
}

/// Invariant: what was taken in and is neither exported nor dropped waits, and never more than [`WAITING_SPANS`] do.
#[derive(Debug, Default)]
struct Figures {
    waiting: AtomicUsize,
    exported: AtomicU64,
    dropped: AtomicU64,
}

impl Spans {
    /// Connects with nobody yet; a collector that is away costs the spans, nothing else.
    ///
    /// # Errors
    /// The HTTP client cannot be made: there are no root certificates, for one.
    pub(super) fn to(settings: &TraceSettings) -> Result<Self, ExporterBuildError> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", settings.endpoint))
            .with_headers(settings.headers.iter().map(exposed).collect::<HashMap<_, _>>())
            .with_timeout(PATIENCE)
            .build()?;
        let figures = Arc::new(Figures::default());
        let exporter = Counted { exporter, figures: Arc::clone(&figures), failing: AtomicBool::new(false) };
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING_SPANS)
            .with_max_export_batch_size(SPANS_AT_ONCE)
            .with_scheduled_delay(GATHERING)
            .build();
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
        let provider = SdkTracerProvider::builder()
            // What is not to be traced has no spans that could be asked about.
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(Resource::builder().with_service_name(settings.service_name.clone()).build())
            .with_span_processor(Bounded { batches, figures: Arc::clone(&figures) })
            .build();
        Ok(Self { provider, figures })
    }

    /// What hands the program's own spans over, and those alone: not its log lines, nor the spans of its libraries.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with("clientele")))
    }

    /// How many spans have not reached the collector and never will.
    pub(super) fn dropped(&self) -> u64 {
        self.figures.dropped.load(Relaxed)
    }

    /// How many spans the collector has taken.
    pub(super) fn exported(&self) -> u64 {
        self.figures.exported.load(Relaxed)
    }

    /// Hands over what waits, and takes no more. Gives up what is not handed over in time.
    pub(super) fn finish(&self, within: Duration) {
        if self.provider.shutdown_with_timeout(within).is_err() {
            let lost = self.figures.waiting.swap(0, Relaxed);
            self.figures.dropped.fetch_add(lost as u64, Relaxed);
            tracing::warn!(lost, "the collector did not take the last spans in time");
        }
    }
}

fn exposed((name, value): &(String, crate::config::Secret)) -> (String, String) {
    (name.clone(), value.expose().to_owned())
}

/// Lets no more spans in than may wait, and counts the others: the library's own queue does not tell.
#[derive(Debug)]
struct Bounded {
    batches: BatchSpanProcessor,
    figures: Arc<Figures>,
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.figures.waiting.fetch_add(1, Relaxed) >= WAITING_SPANS {
            self.figures.waiting.fetch_sub(1, Relaxed);
            self.figures.dropped.fetch_add(1, Relaxed);
            return;
        }
        self.batches.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Counts what the collector took and what it did not.
struct Counted<E> {
    exporter: E,
    figures: Arc<Figures>,
    /// So that the log tells of a change, not of each batch.
    failing: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let outcome = self.exporter.export(batch).await;
        let figures = &self.figures;
        // Spans that were given up at the end wait no more.
        let _ = figures.waiting.fetch_update(Relaxed, Relaxed, |waiting| Some(waiting.saturating_sub(count)));
        let counter = if outcome.is_ok() { &figures.exported } else { &figures.dropped };
        counter.fetch_add(count as u64, Relaxed);
        let failed_before = self.failing.swap(outcome.is_err(), Relaxed);
        match &outcome {
            Err(error) if !failed_before => tracing::warn!(%error, "spans do not reach the collector, and are dropped"),
            Ok(()) if failed_before => tracing::info!("spans reach the collector again"),
            _ => {}
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E> fmt::Debug for Counted<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("figures", &self.figures).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::registry::Registry;

    use super::*;

    fn spans_to(collector: &TcpListener) -> Spans {
        let settings = TraceSettings {
            endpoint: format!("http://{}", collector.local_addr().unwrap()),
            headers: vec![],
            service_name: "clientele".to_owned(),
            ratio: 1.0,
        };
        Spans::to(&settings).unwrap()
    }

    fn open(spans: &Spans, count: usize) {
        tracing::subscriber::with_default(Registry::default().with(spans.layer()), || {
            for _ in 0..count {
                drop(tracing::info_span!("work"));
            }
        });
    }

    #[test]
    fn what_does_not_reach_a_collector_is_counted() {
        let spans = {
            let collector = TcpListener::bind("127.0.0.1:0").unwrap();
            spans_to(&collector)
        };
        open(&spans, 10);
        spans.finish(Duration::from_secs(60));
        assert_eq!((spans.exported(), spans.dropped()), (0, 10));
    }

    #[test]
    fn what_waits_for_a_collector_that_hangs_is_bounded() {
        // It is connected to, and never answers.
        let collector = TcpListener::bind("127.0.0.1:0").unwrap();
        let spans = spans_to(&collector);
        open(&spans, WAITING_SPANS + 100);
        assert_eq!(spans.dropped(), 100);
        spans.finish(Duration::from_millis(10));
        assert_eq!((spans.exported(), spans.dropped()), (0, WAITING_SPANS as u64 + 100));
    }
}
