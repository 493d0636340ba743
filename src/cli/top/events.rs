//! What happens on the node, as it happens (`GET /ops/events`).

use std::io::{BufRead, BufReader};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::client::{NodeClient, NodeError};
use super::figures::plain;

/// Something that happened.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(super) struct Happening {
    /// The place among all events of the node; events about the stream itself have none.
    pub sequence: Option<u64>,
    /// RFC 3339.
    #[serde(default)]
    pub time: String,
    #[serde(default)]
    pub actor: String,
    pub kind: String,
    /// What else is told, by kind.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Happening {
    /// What happened, on one line: `customers/1 restarted incarnation=2 reason=…`.
    pub(super) fn describe(&self) -> String {
        let more = self.more.iter().map(|(name, value)| match value {
            Value::String(text) => format!(" {name}={}", plain(text)),
            other => format!(" {name}={other}"),
        });
        format!("{} {}{}", plain(&self.actor), plain(&self.kind), more.collect::<String>()).trim_start().to_owned()
    }
}

/// Reads the stream to its end. Answers the last event's sequence, so that the next stream goes on behind it.
fn read(stream: impl std::io::Read, after: Option<u64>, mut tell: impl FnMut(Happening)) -> Option<u64> {
    let mut last = after;
    let mut data = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if let Some(part) = line.strip_prefix("data:") {
            data.push_str(part.trim_start());
        } else if line.is_empty() {
            // What is not understood is of a newer node, and nothing to stop for.
            if let Ok(happening) = serde_json::from_str::<Happening>(&data) {
                last = happening.sequence.or(last);
                tell(happening);
            }
            data.clear();
        }
    }
    last
}

/// Asks for the stream that follows an event and reads it; answers the sequence of the last event.
///
/// # Errors
/// [`NodeError`]
pub(super) fn follow(
    node: &NodeClient,
    after: Option<u64>,
    tell: impl FnMut(Happening),
) -> Result<Option<u64>, NodeError> {
    Ok(read(node.events(after)?, after, tell))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "retry: 3000\n: welcome\n\n\
        id: 17\nevent: restarted\ndata: {\"sequence\":17,\"time\":\"2026-03-23T10:00:00.000Z\",\"actor\":\"customers/1\",\n\
        data: \"kind\":\"restarted\",\"incarnation\":2,\"reason\":\"a \\u001b panic\"}\n\n\
        :\n\nevent: new\ndata: not JSON\n\n\
        event: missed\ndata: {\"kind\":\"missed\",\"count\":3}\n\n\
        id: 18\ndata: {\"sequence\":18,\"kind\":\"cut off";

    #[test]
    fn events_are_read_until_the_stream_ends() {
        let mut told = Vec::new();
        let last = read(STREAM.as_bytes(), Some(4), |happening| told.push(happening.describe()));
        assert_eq!(told, ["customers/1 restarted incarnation=2 reason=a   panic", "missed count=3"]);
        assert_eq!(last, Some(17), "the one that was cut off is read again");
    }

    #[test]
    fn a_stream_without_events_changes_nothing() {
        assert_eq!(read(": \n\n".as_bytes(), Some(4), |happening| panic!("{happening:?}")), Some(4));
    }
}
