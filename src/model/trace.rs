//! The place of a request in a trace, as it goes from process to process: W3C Trace Context.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A valid `traceparent`: which trace, which span of it, and whether it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceParent(String);

/// A text is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a W3C traceparent")]
pub struct InvalidTraceParent;

impl TraceParent {
    /// The trace: 32 lower-case hexadecimal digits, not all zero.
    pub fn trace_id(&self) -> &str {
        &self.0[3..35]
    }

    /// Whether whoever sent it records the trace.
    pub fn is_sampled(&self) -> bool {
        char::from(self.0.as_bytes()[54]).to_digit(16).is_some_and(|flags| flags & 1 == 1)
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TraceParent {
    type Error = InvalidTraceParent;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut parts = text.split('-');
        let mut part = || parts.next().ok_or(InvalidTraceParent);
        let (version, trace, span, flags) = (part()?, part()?, part()?, part()?);
        let hexadecimal = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let nonzero = |text: &str| text.bytes().any(|byte| byte != b'0');
        // Only versions to come may have more than four parts.
        let complete = version != "00" || parts.next().is_none();
        let valid = hexadecimal(version, 2)
            && version != "ff"
            && hexadecimal(trace, 32)
            && nonzero(trace)
            && hexadecimal(span, 16)
            && nonzero(span)
            && hexadecimal(flags, 2)
            && complete;
        if valid { Ok(Self(text)) } else { Err(InvalidTraceParent) }
    }
}

impl From<TraceParent> for String {
    fn from(parent: TraceParent) -> Self {
        parent.0
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_traceparent_is_taken_up() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        let taken = |text: &str| TraceParent::try_from(text.to_owned());
        let parent = taken("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert_eq!((parent.trace_id(), parent.is_sampled()), (TRACE, true));
        let parent = taken("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02-new").unwrap();
        assert_eq!((parent.trace_id(), parent.is_sampled()), (TRACE, false));
        for invalid in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(taken(invalid), Err(InvalidTraceParent), "{invalid}");
        }
    }

    #[test]
    fn it_is_stored_as_its_text() {
        let text = "\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"";
        let parent: TraceParent = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&parent).unwrap(), text);
        assert!(serde_json::from_str::<TraceParent>("\"00-1-2-3\"").is_err());
    }
}
