//! What names a request (§1).

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries the id, both ways.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
}
