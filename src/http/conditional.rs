//! Versions: `ETag`, `If-None-Match`, `If-Match` (§1, RFC 9110 §13).

use std::future::{Ready, ready};

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};

use super::representation::Represent;

/// One resource, with its version as `ETag`. A client that has this version already is told so: 304.
#[derive(Debug)]
pub struct Versioned<R> {
    resource: R,
    version: u64,
    location: Option<String>,
}

impl<R: Represent> Versioned<R> {
    /// Answers 200.
    pub const fn new(version: u64, resource: R) -> Self {
        Self { resource, version, location: None }
    }

    /// Answers 201: the resource was made and is found at `location`.
    pub const fn created(version: u64, resource: R, location: String) -> Self {
        Self { resource, version, location: Some(location) }
    }
}

impl<R: Represent> Responder for Versioned<R> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let tag = format!("\"{}\"", self.version);
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if is_read && none_match_fails(request.headers(), &tag) {
            return HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish();
        }
        let status = if self.location.is_some() { StatusCode::CREATED } else { StatusCode::OK };
        let mut answer = HttpResponse::build(status);
        answer.insert_header((header::ETAG, tag));
        if let Some(location) = self.location {
            answer.insert_header((header::LOCATION, location));
        }
        answer.json(self.resource.represent())
    }
}

/// Whether an `If-None-Match` names this tag, weakly compared, or any.
pub(super) fn none_match_fails(headers: &HeaderMap, tag: &str) -> bool {
    members(headers, &header::IF_NONE_MATCH).any(|member| member == "*" || member.trim_start_matches("W/") == tag)
}

/// The members of a header that is a list, over all its lines.
fn members<'a>(headers: &'a HeaderMap, name: &'a HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).filter_map(|line| HeaderValue::to_str(line).ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|member| !member.is_empty())
}

/// The version that a resource must have for the request to be carried out; `None`: any.
///
/// A version that no resource has (0) stands for a header that nothing can match: 412 is for the actor to say,
/// which knows whether the resource is there at all. Of several versions the newest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Option<u64>);

/// No resource has this version.
const NO_VERSION: u64 = 0;

impl IfMatch {
    fn of(headers: &HeaderMap) -> Self {
        if !headers.contains_key(header::IF_MATCH) {
            return Self(None);
        }
        let mut newest = NO_VERSION;
        for member in members(headers, &header::IF_MATCH) {
            if member == "*" {
                return Self(None);
            }
            newest = newest.max(version_of(member).unwrap_or(NO_VERSION));
        }
        Self(Some(newest))
    }
}

/// The version that a strong tag names. Weak ones never match here (RFC 9110 §13.1.1).
fn version_of(tag: &str) -> Option<u64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| canonical)
}

impl FromRequest for IfMatch {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.headers())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn headers(name: HeaderName, lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn if_none_match_compares_weakly_and_reads_lists() {
        let fails = |lines: &[&'static str]| none_match_fails(&headers(header::IF_NONE_MATCH, lines), "\"7\"");
        for matching in [&["\"7\""][..], &["W/\"7\""], &["*"], &["\"1\", \"7\""], &["\"1\"", "\"7\""]] {
            assert!(fails(matching), "{matching:?}");
        }
        for other in [&[][..], &["\"8\""], &["7"], &[""]] {
            assert!(!fails(other), "{other:?}");
        }
    }

    #[test]
    fn if_match_that_nothing_can_match_asks_for_a_version_that_nothing_has() {
        let expected = |lines: &[&'static str]| IfMatch::of(&headers(header::IF_MATCH, lines)).0;
        assert_eq!(expected(&[]), None);
        assert_eq!(expected(&["*"]), None);
        assert_eq!(expected(&["\"7\""]), Some(7));
        assert_eq!(expected(&["\"3\", \"7\""]), Some(7));
        for hopeless in ["", "7", "W/\"7\"", "\"x\"", "\"07\"", "\"-7\"", "\"+7\"", "\"99999999999999999999\""] {
            assert_eq!(expected(&[hopeless]), Some(NO_VERSION), "{hopeless}");
        }
    }
    struct Seven;

    impl Represent for Seven {
        type Representation<'a> = u64;

        fn represent(&self) -> u64 {
            7
        }
    }

    #[test]
    fn a_client_that_has_the_version_is_told_so_when_it_reads() {
        let status = |request: TestRequest| Versioned::new(3, Seven).respond_to(&request.to_http_request()).status();
        let known = ("if-none-match", "\"3\"");
        assert_eq!(status(TestRequest::get().insert_header(known)), 304);
        assert_eq!(status(TestRequest::get().insert_header(("if-none-match", "\"2\""))), 200);
        assert_eq!(status(TestRequest::patch().insert_header(known)), 200);
    }

    #[test]
    fn what_was_made_is_told_with_its_place_and_version() {
        let made = Versioned::created(1, Seven, "/sevens/7".to_owned());
        let answer = made.respond_to(&TestRequest::post().to_http_request());
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers().get(header::LOCATION).unwrap(), "/sevens/7");
        assert_eq!(answer.headers().get(header::ETAG).unwrap(), "\"1\"");
    }
}
