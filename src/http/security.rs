//! Security headers on every answer: the set that `helmet` has, which the original used.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Those that are the same on all answers.
static HEADERS: [(HeaderName, HeaderValue); 11] = [
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("origin-agent-cluster"), HeaderValue::from_static("?1")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off")),
    (HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("0")),
];

/// What a page may load: its own files. `data:` images are the arrows of the API's page.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// What anything else may load: nothing.
const DATA_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Puts the headers on an answer. A policy that it has already stays.
pub(super) fn protect(headers: &mut HeaderMap) {
    headers.reserve(HEADERS.len() + 6);
    for (name, value) in &HEADERS {
        headers.insert(name.clone(), value.clone());
    }
    if headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        return;
    }
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    headers.insert(header::CONTENT_SECURITY_POLICY, if is_page { PAGE_POLICY } else { DATA_POLICY });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_may_load_their_own_files_and_anything_else_nothing() {
        let policy = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            protect(&mut headers);
            assert_eq!(headers.get(header::X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
            headers.get(header::CONTENT_SECURITY_POLICY).unwrap().clone()
        };
        assert_eq!(policy("text/html; charset=utf-8"), PAGE_POLICY);
        assert_eq!(policy("application/json"), DATA_POLICY);
    }
}
