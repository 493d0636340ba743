//! The spans of an event on its way to the trail, in the trace of the request that it tells of.

use tracing::Span;

use crate::model::audit::AuditEvent;
use crate::model::trace::TraceParent;
use crate::trace;

/// From the outbox through the broker, until the event has left the outbox.
pub(super) fn relay(event: &AuditEvent) -> Span {
    in_trace_of(event.traceparent.as_ref(), event, "relay", "producer")
}

/// From the broker until the event is in the trail. `parent` is what came with the message.
pub(super) fn consume(event: &AuditEvent, parent: Option<&str>) -> Span {
    let parent = parent.and_then(|parent| TraceParent::try_from(parent.to_owned()).ok());
    in_trace_of(parent.as_ref(), event, "consume", "consumer")
}

/// The `traceparent` of the event's message: that of its relay, else the one that it was written with.
pub(super) fn passed_on(event: &AuditEvent, relay: &Span) -> Option<String> {
    trace::traceparent(relay).or_else(|| event.traceparent.clone()).map(String::from)
}

/// The span of one step on the event's way, if its trace is recorded.
fn in_trace_of(parent: Option<&TraceParent>, event: &AuditEvent, step: &str, kind: &str) -> Span {
    let Some(parent) = parent.filter(|parent| parent.is_sampled()) else { return Span::none() };
    let action = event.action.as_str();
    let span = tracing::info_span!(
        parent: None,
        "audit",
        otel.kind = kind,
        otel.name = format!("audit.{step} {action}"),
        audit.event.id = %event.id,
        audit.action = action,
    );
    trace::continues(&span, parent, None);
    span
}
