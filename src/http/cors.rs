//! Which pages of other origins may read answers (§9, §10, the Fetch standard).
//!
//! Tokens travel in a header that scripts set themselves, so credentials are never allowed, and `*` is safe.

use std::collections::HashSet;

use actix_web::http::header::{self, HeaderMap, HeaderValue};

use crate::config::AllowedOrigins;

const ANY: HeaderValue = HeaderValue::from_static("*");

/// What scripts may read of an answer beside the few headers that they always may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, X-Request-Id, Location, Link, RateLimit-Policy, RateLimit, Retry-After, Idempotent-Replayed",
);

/// What scripts may send. `Authorization` must be named: no wildcard covers it.
const ACCEPTED: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id, traceparent, tracestate",
);

/// For how long a browser need not ask again, in seconds.
const PREFLIGHT_LIFETIME: HeaderValue = HeaderValue::from_static("7200");

/// Who may read answers.
#[derive(Debug)]
pub(super) enum Cors {
    /// Pages of every origin.
    Anybody,
    /// Pages of these origins.
    Listed(HashSet<HeaderValue>),
}

impl Cors {
    /// Allows the origins of this setting.
    pub(super) fn of(origins: &AllowedOrigins) -> Self {
        match origins {
            AllowedOrigins::Any => Self::Anybody,
            AllowedOrigins::Listed(origins) => {
                Self::Listed(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
            }
        }
    }

    /// Says on an answer whether the page that asked may read it.
    pub(super) fn permit(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        match self {
            Self::Anybody => answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY),
            Self::Listed(origins) => {
                answer.append(header::VARY, HeaderValue::from_static("Origin"));
                let Some(origin) = request.get(header::ORIGIN).filter(|origin| origins.contains(*origin)) else {
                    return;
                };
                answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone())
            }
        };
        answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }

    /// Says what the page may send, if the request is a browser's question for that.
    pub(super) fn answer_preflight(&self, request: &HeaderMap, methods: HeaderValue, answer: &mut HeaderMap) {
        let asks = request.contains_key(header::ORIGIN) && request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let allowed = match self {
            Self::Anybody => true,
            Self::Listed(origins) => request.get(header::ORIGIN).is_some_and(|origin| origins.contains(origin)),
        };
        if asks && allowed {
            answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ACCEPTED);
            answer.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_LIFETIME);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://app.example.com";

    fn from(origin: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PATCH"));
        headers
    }

    fn answer_to(cors: &Cors, request: &HeaderMap) -> HeaderMap {
        let mut answer = HeaderMap::new();
        cors.permit(request, &mut answer);
        cors.answer_preflight(request, HeaderValue::from_static("GET, PATCH"), &mut answer);
        assert!(!answer.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        answer
    }

    #[test]
    fn without_a_list_every_origin_may_read() {
        let answer = answer_to(&Cors::of(&AllowedOrigins::Any), &from("https://elsewhere.example"));
        assert_eq!(answer.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "*");
        assert_eq!(answer.get(header::ACCESS_CONTROL_ALLOW_METHODS).unwrap(), "GET, PATCH");
    }

    #[test]
    fn listed_origins_are_echoed_and_others_told_nothing() {
        let cors = Cors::of(&AllowedOrigins::Listed(vec![OURS.to_owned()]));
        let answer = answer_to(&cors, &from(OURS));
        assert_eq!(answer.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), OURS);
        assert_eq!(answer.get(header::VARY).unwrap(), "Origin");
        assert!(answer.contains_key(header::ACCESS_CONTROL_ALLOW_HEADERS));
        for other in ["https://elsewhere.example", "https://app.example.com.evil.example", "null"] {
            let answer = answer_to(&cors, &from(other));
            assert_eq!(answer.len(), 1, "{other}: {answer:?}");
            assert_eq!(answer.get(header::VARY).unwrap(), "Origin");
        }
    }
}
