//! How events of the supervisor are told: messages of a stream (HTML Living Standard §9.2).

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::actors::supervision::{Event, Happening, Missed, ThreadLoss};
use crate::model::time::{Time, rfc3339};

use super::rows::{place, shortened};
use super::{milliseconds, some_milliseconds};

/// What a stream begins with: when to come back if it breaks off, and something to see that it is open.
pub(super) const OPENING: Bytes = Bytes::from_static(b"retry: 3000\n: open\n\n");

/// What keeps a stream open while nothing happens. Readers skip it.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// An event as its readers see it.
#[derive(Serialize)]
struct EventView<'a> {
    sequence: u64,
    #[serde(serialize_with = "rfc3339")]
    time: Time,
    actor: &'a str,
    kind: &'a str,
    #[serde(flatten)]
    happening: HappeningView<'a>,
}

/// What an event tells besides, by its kind.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum HappeningView<'a> {
    StateChanged {
        from: &'a str,
        to: &'a str,
    },
    Restarted {
        incarnation: u64,
        reason: String,
        lost: usize,
    },
    Failed {
        reason: String,
        at: &'a str,
        #[serde(rename = "coolDownMs", serialize_with = "some_milliseconds", skip_serializing_if = "Option::is_none")]
        cool_down: Option<Duration>,
    },
    Stalled {
        #[serde(rename = "stalledMs", serialize_with = "milliseconds")]
        stalled: Duration,
    },
    ThreadLost {
        thread: usize,
        reason: &'static str,
    },
    ThreadReplaced {
        thread: usize,
    },
    Recovered {},
}

impl<'a> From<&'a Happening> for HappeningView<'a> {
    fn from(happening: &'a Happening) -> Self {
        match happening {
            Happening::StateChanged { from, to } => Self::StateChanged { from: from.as_str(), to: to.as_str() },
            Happening::Restarted { incarnation, cause, lost } => {
                Self::Restarted { incarnation: *incarnation, reason: shortened(&cause.to_string()), lost: *lost }
            }
            Happening::Failed { failure, cool_down } => {
                Self::Failed { reason: shortened(&failure.reason), at: place(failure), cool_down: *cool_down }
            }
            Happening::Stalled { silent } => Self::Stalled { stalled: *silent },
            Happening::Recovered => Self::Recovered {},
            Happening::ThreadLost { thread, loss } => Self::ThreadLost {
                thread: *thread,
                reason: match loss {
                    ThreadLoss::Ended => "ended",
                    ThreadLoss::Stuck(_) => "stuck",
                },
            },
            Happening::ThreadReplaced { thread } => Self::ThreadReplaced { thread: *thread },
        }
    }
}

/// The message of an event.
pub(super) fn told(event: &Event) -> Bytes {
    let view = EventView {
        sequence: event.sequence,
        time: event.at.into(),
        actor: &event.actor,
        kind: event.happening.kind(),
        happening: (&event.happening).into(),
    };
    // JSON on one line: a line break in a text is escaped, so that it ends no field of the message.
    let content = serde_json::to_string(&view).expect("an event is made of texts and numbers");
    Bytes::from(format!("id: {}\nevent: {}\ndata: {content}\n\n", view.sequence, view.kind))
}

/// The message of events that were forgotten before they could be told. It has no id: who breaks off here is told again.
pub(super) fn told_missed(missed: Missed) -> Bytes {
    let count = missed.count;
    Bytes::from(format!("event: missed\ndata: {{\"kind\":\"missed\",\"count\":{count}}}\n\n"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::UNIX_EPOCH;

    use serde_json::{Value, json};

    use super::*;
    use crate::actors::supervision::{Failure, FailureKind, RestartCause, State};

    fn failure() -> Failure {
        Failure {
            kind: FailureKind::Panic,
            reason: "line one\nline two".into(),
            location: Some("src/x.rs:7".into()),
            during: Some("GetCustomer"),
            at: UNIX_EPOCH,
        }
    }

    /// The lines of a message, its data parsed.
    fn read(happening: Happening) -> (String, Value) {
        let event = Event { sequence: 7, at: UNIX_EPOCH, actor: Arc::from("customers/1"), happening };
        let message = String::from_utf8(told(&event).to_vec()).unwrap();
        let (head, data) = message.split_once("\ndata: ").unwrap();
        assert!(data.ends_with("\n\n") && data.trim_end().lines().count() == 1, "{message}");
        (head.to_owned(), serde_json::from_str(data).unwrap())
    }

    #[test]
    fn every_kind_is_told_with_what_belongs_to_it() {
        let second = Duration::from_secs(1);
        let cause = RestartCause::Failure(failure());
        let table = [
            (
                Happening::StateChanged { from: State::Running, to: State::BackingOff },
                json!({"kind": "state_changed", "from": "running", "to": "backing_off"}),
            ),
            (
                Happening::Restarted { incarnation: 2, cause, lost: 3 },
                json!({"kind": "restarted", "incarnation": 2, "reason": "line one\nline two", "lost": 3}),
            ),
            (
                Happening::Failed { failure: failure(), cool_down: Some(second) },
                json!({"kind": "failed", "reason": "line one\nline two", "at": "src/x.rs:7", "coolDownMs": 1000.0}),
            ),
            (
                Happening::Failed { failure: failure(), cool_down: None },
                json!({"kind": "failed", "reason": "line one\nline two", "at": "src/x.rs:7"}),
            ),
            (Happening::Stalled { silent: second / 3 }, json!({"kind": "stalled", "stalledMs": 333.333})),
            (Happening::Recovered, json!({"kind": "recovered"})),
            (
                Happening::ThreadLost { thread: 1, loss: ThreadLoss::Stuck(second) },
                json!({"kind": "thread_lost", "thread": 1, "reason": "stuck"}),
            ),
            (Happening::ThreadReplaced { thread: 1 }, json!({"kind": "thread_replaced", "thread": 1})),
        ];
        for (happening, own) in table {
            let (head, data) = read(happening);
            assert_eq!(head, format!("id: 7\nevent: {}", own["kind"].as_str().unwrap()));
            let mut expected = json!({"sequence": 7, "time": "1970-01-01T00:00:00.000Z", "actor": "customers/1"});
            expected.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
            assert_eq!(data, expected);
        }
    }

    #[test]
    fn what_was_missed_is_told_by_its_number() {
        assert_eq!(told_missed(Missed { count: 3 }), "event: missed\ndata: {\"kind\":\"missed\",\"count\":3}\n\n");
    }
}
