//! What names a request: its id and the trace it belongs to (§1).

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries the id, both ways.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The longest id that is taken from a client, in characters.
const LONGEST: usize = 128;

/// A request's id: `[A-Za-z0-9._-]{1,128}`.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id that the client gave, if it is well formed, else a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match headers.get(&X_REQUEST_ID) {
            Some(given) if is_well_formed(given.as_bytes()) => Self(given.clone()),
            _ => Self::random(),
        }
    }

    /// 32 random hexadecimal digits.
    fn random() -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bits = fastrand::u128(..);
        let text = [(); 32].map(|()| {
            let digit = DIGITS[(bits & 15) as usize];
            bits >>= 4;
            digit
        });
        Self(HeaderValue::from_bytes(&text).expect("hexadecimal digits may stand in a header"))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("ids are ASCII")
    }

    /// The id, to be put on an answer.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

fn is_well_formed(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// The trace id of a W3C `traceparent`, if there is a valid one: 32 lower-case hexadecimal digits.
pub(super) fn trace_id(headers: &HeaderMap) -> Option<String> {
    let parent = headers.get(&TRACEPARENT)?.to_str().ok()?;
    let mut parts = parent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
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
    valid.then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        headers
    }

    #[test]
    fn a_well_formed_id_is_taken_and_any_other_replaced() {
        assert_eq!(RequestId::of(&headers(X_REQUEST_ID, "job-7.a_B")).as_str(), "job-7.a_B");
        for ill_formed in ["", "a b", "a/b", "a\"b", "ä"] {
            let id = RequestId::of(&headers(X_REQUEST_ID, ill_formed));
            assert!(id.as_str().len() == 32 && is_well_formed(id.as_str().as_bytes()), "{ill_formed}: {id:?}");
        }
        assert!(is_well_formed(&[b'a'; 128]));
        assert!(!is_well_formed(&[b'a'; 129]));
    }

    #[test]
    fn only_a_valid_traceparent_is_taken_up() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        let taken = |value| trace_id(&headers(TRACEPARENT, value));
        assert_eq!(taken("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").as_deref(), Some(TRACE));
        assert_eq!(taken("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-new").as_deref(), Some(TRACE));
        for invalid in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(taken(invalid), None, "{invalid}");
        }
    }
}
