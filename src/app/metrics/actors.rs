//! Actors, and the messages they are sent.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::actors::supervision::{ActorStatus, MessageStatus, State};

use super::family::Family;
use super::page::{Page, Samples};

/// Which actor a figure is of.
const REPLICA: &[&str] = &["actor", "replica"];
/// Which messages a figure is of: those of all replicas, so that more workers do not make more series.
const MESSAGE: &[&str] = &["actor", "message"];

const STATE: Family = Family::gauge(
    "clientele_actor_state",
    &["actor", "replica", "state"],
    "1 for the state the actor is in, 0 for all others.",
);
const READY: Family =
    Family::gauge("clientele_actor_ready", REPLICA, "Whether messages sent now will be taken soon (1) or not (0).");
const RESTARTS: Family = Family::counter(
    "clientele_actor_restarts_total",
    REPLICA,
    "Incarnations that followed another one, whatever the reason.",
);
const PANICS: Family =
    Family::counter("clientele_actor_panics_total", REPLICA, "Panics caught, wherever in the actor.");
const DEPTH: Family = Family::gauge("clientele_actor_mailbox_depth", REPLICA, "Messages that wait.");
const BOUND: Family = Family::gauge("clientele_actor_mailbox_bound", REPLICA, "Messages that may wait.");
const OLDEST: Family = Family::gauge(
    "clientele_actor_oldest_message_age_seconds",
    REPLICA,
    "Age of the message that waits longest; 0 where none does.",
)
.seconds();
const IN_FLIGHT: Family = Family::gauge("clientele_actor_in_flight", REPLICA, "Asynchronous handlers at work.");
const STALLED: Family = Family::gauge(
    "clientele_actor_stalled_seconds",
    REPLICA,
    "For how long there has been no progress, once that is longer than allowed; else 0.",
)
.seconds();
const UPTIME: Family = Family::gauge(
    "clientele_actor_uptime_seconds",
    REPLICA,
    "How long the present incarnation has been taking messages; 0 while there is none.",
)
.seconds();
const MESSAGES: Family = Family::counter(
    "clientele_actor_messages_total",
    &["actor", "message", "outcome"],
    "What became of messages: ok, crashed (a panic), expired (deadline passed), abandoned (nobody waited any more), shed (refused).",
);
const WAIT: Family =
    Family::histogram("clientele_actor_message_wait_seconds", MESSAGE, "How long messages were in the mailbox.");
const DURATION: Family = Family::histogram(
    "clientele_actor_message_duration_seconds",
    MESSAGE,
    "How long it took from ask to answer, the wait included.",
);

pub(super) const FAMILIES: &[&Family] = &[
    &STATE, &READY, &RESTARTS, &PANICS, &DEPTH, &BOUND, &OLDEST, &IN_FLIGHT, &STALLED, &UPTIME, &MESSAGES, &WAIT,
    &DURATION,
];

/// An actor, and its replica as a label has it.
type Named<'a> = (&'a ActorStatus, String);

pub(super) fn write(page: &mut Page<'_>, statuses: &[ActorStatus]) -> fmt::Result {
    let actors: Vec<Named<'_>> = statuses.iter().map(|status| (status, status.replica.to_string())).collect();
    page.family(&STATE, |samples| states(samples, &actors))?;
    let seconds = |duration: Option<Duration>| duration.unwrap_or_default().as_secs_f64();
    gauges(page, &READY, &actors, |actor| f64::from(u8::from(actor.ready)))?;
    counters(page, &RESTARTS, &actors, |actor| actor.restarts)?;
    counters(page, &PANICS, &actors, |actor| actor.panics)?;
    gauges(page, &DEPTH, &actors, |actor| actor.mailbox_depth as f64)?;
    gauges(page, &BOUND, &actors, |actor| actor.mailbox_bound as f64)?;
    gauges(page, &OLDEST, &actors, |actor| seconds(actor.oldest))?;
    gauges(page, &IN_FLIGHT, &actors, |actor| actor.in_flight as f64)?;
    gauges(page, &STALLED, &actors, |actor| seconds(actor.stalled))?;
    gauges(page, &UPTIME, &actors, |actor| seconds(Some(actor.uptime)))?;
    messages(page, statuses)
}

fn states(samples: &mut Samples<'_>, actors: &[Named<'_>]) -> fmt::Result {
    for (actor, replica) in actors {
        for state in State::ALL {
            samples.gauge(&[&actor.name, replica, state.as_str()], u64::from(actor.state == state))?;
        }
    }
    Ok(())
}

fn gauges(
    page: &mut Page<'_>,
    family: &'static Family,
    actors: &[Named<'_>],
    value: impl Fn(&ActorStatus) -> f64,
) -> fmt::Result {
    page.family(family, |samples| {
        actors.iter().try_for_each(|(actor, replica)| samples.gauge(&[&actor.name, replica], value(actor)))
    })
}

fn counters(
    page: &mut Page<'_>,
    family: &'static Family,
    actors: &[Named<'_>],
    value: impl Fn(&ActorStatus) -> u64,
) -> fmt::Result {
    page.family(family, |samples| {
        actors.iter().try_for_each(|(actor, replica)| samples.counter(&[&actor.name, replica], value(actor)))
    })
}

fn messages(page: &mut Page<'_>, statuses: &[ActorStatus]) -> fmt::Result {
    let sums = summed(statuses);
    page.family(&MESSAGES, |samples| {
        for ((actor, message), sum) in &sums {
            let outcomes = [
                ("ok", sum.ok),
                ("crashed", sum.crashed),
                ("expired", sum.expired),
                ("abandoned", sum.abandoned),
                ("shed", sum.shed),
            ];
            for (outcome, count) in outcomes {
                samples.counter(&[actor, message, outcome], count)?;
            }
        }
        Ok(())
    })?;
    page.family(&WAIT, |samples| {
        sums.iter().try_for_each(|((actor, message), sum)| samples.histogram(&[actor, message], &sum.wait))
    })?;
    page.family(&DURATION, |samples| {
        sums.iter().try_for_each(|((actor, message), sum)| samples.histogram(&[actor, message], &sum.total))
    })
}

/// The messages of all replicas of each actor, by actor and type.
fn summed(statuses: &[ActorStatus]) -> BTreeMap<(&str, &'static str), MessageStatus> {
    let mut sums = BTreeMap::<_, MessageStatus>::new();
    for (actor, message) in statuses.iter().flat_map(|actor| actor.messages.iter().map(move |message| (actor, message)))
    {
        match sums.get_mut(&(&*actor.name, message.name)) {
            None => drop(sums.insert((&*actor.name, message.name), message.clone())),
            Some(sum) => {
                sum.ok += message.ok;
                sum.crashed += message.crashed;
                sum.expired += message.expired;
                sum.abandoned += message.abandoned;
                sum.shed += message.shed;
                sum.wait.merge(&message.wait);
                sum.total.merge(&message.total);
            }
        }
    }
    sums
}
