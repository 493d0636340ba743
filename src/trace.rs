//! Where traces enter and leave this process. Within it, spans are those of `tracing`; only here is it known that
//! OpenTelemetry takes them.

use std::borrow::Cow;

use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::model::trace::TraceParent;

/// Which requests are traced.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sampling {
    ratio: Option<f64>,
}

impl Sampling {
    /// None at all.
    pub const OFF: Self = Self { ratio: None };

    /// Those whose client traces them and, of those with which a trace begins, this part, 0 to 1.
    pub fn of(ratio: f64) -> Self {
        Self { ratio: Some(ratio) }
    }

    /// Whether this request is traced. One that is not has no span, and neither has what it asks for.
    pub fn takes(self, parent: Option<&TraceParent>) -> bool {
        match (self.ratio, parent) {
            (None, _) => false,
            (Some(_), Some(parent)) => parent.is_sampled(),
            (Some(ratio), None) => fastrand::f64() < ratio,
        }
    }
}

/// Makes a span that was just opened the child of one in another process, or of an earlier one in this.
pub fn continues(span: &Span, parent: &TraceParent, state: Option<&str>) {
    if span.is_disabled() {
        return;
    }
    let context = TraceContextPropagator::new().extract(&Headers { parent, state });
    // It fails where nobody takes spans.
    let _ = span.set_parent(context);
}

/// What those are told who go on with this span's trace. `None` for one that nobody takes.
pub fn traceparent(span: &Span) -> Option<TraceParent> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    let flags = context.trace_flags().to_u8();
    format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id()).try_into().ok()
}

/// Gives a span that has begun another name.
pub fn rename(span: &Span, name: impl Into<Cow<'static, str>>) {
    span.context().span().update_name(name);
}

/// The two headers of W3C Trace Context.
struct Headers<'h> {
    parent: &'h TraceParent,
    state: Option<&'h str>,
}

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => Some(self.parent.as_str()),
            "tracestate" => self.state,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(flags: &str) -> TraceParent {
        format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}").try_into().unwrap()
    }

    #[test]
    fn the_client_decides_for_its_traces_and_the_ratio_for_ours() {
        for ratio in [0.0, 1.0] {
            let sampling = Sampling::of(ratio);
            assert!(sampling.takes(Some(&parent("01"))));
            assert!(!sampling.takes(Some(&parent("00"))));
            assert_eq!(sampling.takes(None), ratio == 1.0);
        }
        assert!(!Sampling::OFF.takes(Some(&parent("01"))) && !Sampling::OFF.takes(None));
    }

    #[test]
    fn a_span_that_nobody_takes_has_no_traceparent() {
        assert_eq!(traceparent(&Span::none()), None);
        assert_eq!(traceparent(&tracing::info_span!("unseen")), None);
    }
}
