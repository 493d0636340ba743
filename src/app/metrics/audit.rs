//! The way of audit events: the outbox, and the broker that they are relayed through.

use std::fmt;

use crate::broker::BrokerStats;

use super::family::Family;
use super::outbox::Waiting;
use super::page::Page;

const EVENTS: Family = Family::gauge(
    "clientele_outbox_events",
    &[],
    "Audit events that are durable and not yet relayed, as of the last 5 s; absent while the store does not tell.",
);
const AGE: Family = Family::gauge(
    "clientele_outbox_oldest_event_age_seconds",
    &[],
    "Age of the oldest of them; 0 where there is none.",
)
.seconds();
const MESSAGES: Family = Family::counter(
    "clientele_broker_messages_total",
    &["event"],
    "Audit events on their way through the broker: published, confirmed (relayed: they leave the outbox), delivered, acknowledged, rejected (dead letters), abandoned (they come again).",
);
const DEPTH: Family = Family::gauge(
    "clientele_broker_depth",
    &[],
    "Messages that wait to be consumed, of all nodes; on RabbitMQ as of the last 5 s.",
);
const DEAD_LETTERS: Family = Family::gauge(
    "clientele_broker_dead_letters",
    &[],
    "Messages of all nodes that were set aside, as of the last 5 s; 0 where the broker is embedded, which sets none aside.",
);

pub(super) const FAMILIES: &[&Family] = &[&EVENTS, &AGE, &MESSAGES, &DEPTH, &DEAD_LETTERS];

pub(super) fn write(page: &mut Page<'_>, broker: BrokerStats, waiting: Option<Waiting>) -> fmt::Result {
    if let Some(waiting) = waiting {
        page.gauge(&EVENTS, waiting.events)?;
        page.gauge(&AGE, waiting.age.as_secs_f64())?;
    }
    page.family(&MESSAGES, |samples| {
        let events = [
            ("published", broker.published),
            ("confirmed", broker.confirmed),
            ("delivered", broker.delivered),
            ("acknowledged", broker.acknowledged),
            ("rejected", broker.rejected),
            ("abandoned", broker.abandoned),
        ];
        events.into_iter().try_for_each(|(event, count)| samples.counter(&[event], count))
    })?;
    page.gauge(&DEPTH, broker.depth)?;
    page.gauge(&DEAD_LETTERS, broker.dead_letters.unwrap_or_default())
}
