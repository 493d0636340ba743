//! What clients are told when something fails (§2 and §10 of the contract, RFC 9457). The only place that knows a status.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value};

use crate::actors::OperationError;
use crate::model::error::{ErrorCode, FieldError};
use crate::model::permission::Permission;

use super::caller::Caller;
use super::problem::Problem;

mod status;
mod told;

use status::{challenge_of, status_of};

/// How problems are labelled.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// By which a proxy asks for the status of what was not begun; 502 alone can be had. `deploy/nginx` sends it.
const X_NOT_BEGUN_STATUS: HeaderName = HeaderName::from_static("x-not-begun-status");

/// After how long to come back where nothing better is known.
const SOON: Duration = Duration::from_secs(1);

/// A failure, as clients are told of it.
///
/// Nothing that a driver, a query or a panic said is ever part of it: that stays with its cause, for the log.
#[derive(Clone)]
pub struct ApiError(Box<Refusal>);

/// Everything that makes one failure differ from others of its code.
#[derive(Clone)]
struct Refusal {
    status: StatusCode,
    code: ErrorCode,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    required_permission: Option<Permission>,
    retry_after: Option<Duration>,
    challenge: Option<&'static str>,
    allow: Option<HeaderValue>,
    closes: bool,
    members: Map<String, Value>,
    cause: Option<OperationError>,
}

impl ApiError {
    /// A failure of this code, with its usual status.
    pub fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let status = status_of(code);
        let comes_back = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        Self(Box::new(Refusal {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            required_permission: None,
            retry_after: comes_back.then_some(SOON),
            challenge: challenge_of(code),
            allow: None,
            closes: false,
            members: Map::new(),
            cause: None,
        }))
    }

    /// A failure whose detail is what is always said of its code.
    pub fn plain(code: ErrorCode) -> Self {
        Self::new(code, code.explanation())
    }

    /// There is no route of this path.
    pub fn unknown_route() -> Self {
        Self::new(ErrorCode::ResourceNotFound, "There is no such route")
    }

    /// The route does not take this method; `allow` names those it takes.
    pub(super) fn method_not_allowed(allow: HeaderValue) -> Self {
        let mut error = Self::input(StatusCode::METHOD_NOT_ALLOWED, "The route does not take this method");
        error.0.allow = Some(allow);
        error
    }

    /// The server starts or stops, and has not begun with it. A proxy that asks for it is told by a status that stands for
    /// nothing else, so that it can send any request on to another node, which after other failures would be done twice.
    pub(super) fn not_begun(reason: &'static str, headers: &HeaderMap) -> Self {
        let mut error = Self::new(ErrorCode::ServiceUnavailable, reason);
        if headers.get(&X_NOT_BEGUN_STATUS).is_some_and(|status| status == "502") {
            error.0.status = StatusCode::BAD_GATEWAY;
        }
        error
    }

    /// The body is larger than it may be.
    pub(super) fn too_large() -> Self {
        Self::input(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 1 MiB")
    }

    /// The body is of a kind that the route does not take.
    pub(super) fn unsupported_media_type(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::input(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// The header block is larger than it may be.
    pub(super) fn headers_too_large() -> Self {
        let mut error = Self::input(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "The headers and the request line take more than 16 KiB",
        );
        error.0.closes = true;
        error
    }

    /// The client did not send its body in time, and is cut off.
    pub(super) fn slow_body() -> Self {
        let mut error = Self::new(ErrorCode::Timeout, "The body did not arrive in time");
        error.0.status = StatusCode::REQUEST_TIMEOUT;
        error.0.closes = true;
        error
    }

    fn input(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(ErrorCode::InvalidInput, detail);
        error.0.status = status;
        error
    }

    /// A permission is missing (§10: every 403 names it).
    pub fn forbidden(permission: Permission) -> Self {
        let mut error =
            Self::new(ErrorCode::InsufficientPermissions, format!("The permission {permission} is missing"));
        error.0.required_permission = Some(permission);
        error
    }

    /// The same, to be tried again after this time.
    pub fn retry_after(mut self, duration: Duration) -> Self {
        self.0.retry_after = Some(duration);
        self
    }

    /// The same, with one more member in its problem.
    pub fn with(mut self, member: &str, value: Value) -> Self {
        self.0.members.insert(member.to_owned(), value);
        self
    }

    /// The same, and this is why. It is logged once, when the failure is answered, and never told.
    fn with_cause(mut self, cause: OperationError) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What is told of it without the envelope of an answer: a row of a batch.
    pub fn problem(&self) -> Problem<'_> {
        let refusal = &*self.0;
        Problem::new(refusal.status, refusal.code, &refusal.detail, &refusal.errors)
            .lacking(refusal.required_permission)
            .with_members(&refusal.members)
    }

    /// The answer to this caller's request. Logs the cause.
    pub(super) fn answer(&self, caller: &Caller) -> HttpResponse {
        self.log(caller);
        let now = caller.api().settings.clock.now();
        let problem = self.problem().in_answer_to(caller.path(), caller.request_id().as_str(), now);
        self.build(serde_json::to_vec(&problem).expect("a problem is made of texts and numbers"))
    }

    fn build(&self, body: Vec<u8>) -> HttpResponse {
        let refusal = &*self.0;
        let mut answer = HttpResponse::build(refusal.status);
        answer.content_type(PROBLEM_JSON);
        if let Some(duration) = refusal.retry_after {
            answer.insert_header((header::RETRY_AFTER, whole_seconds(duration)));
        }
        if let Some(challenge) = refusal.challenge {
            answer.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        }
        if let Some(allow) = &refusal.allow {
            answer.insert_header((header::ALLOW, allow.clone()));
        }
        if refusal.closes {
            answer.force_close();
        }
        answer.body(body)
    }

    /// Tells the log why, once. What the client or its pace is to blame for has no cause: the access log tells of it.
    fn log(&self, caller: &Caller) {
        if let Some(cause) = &self.0.cause {
            let request_id = caller.request_id().as_str();
            tracing::error!(request_id, code = self.0.code.name(), cause = %Chain(cause), "a request failed");
        }
    }
}

/// A duration as `Retry-After` tells it: rounded up, at least a second.
fn whole_seconds(duration: Duration) -> u64 {
    let partial = u64::from(duration.subsec_nanos() > 0);
    (duration.as_secs() + partial).max(1)
}

/// An error and what caused it.
struct Chain<'a>(&'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiError({} {}: {})", self.0.status.as_u16(), self.0.code.name(), self.0.detail)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

/// So that extractors may fail with it. Whoever runs them makes the answer, by what is known of the request.
impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.0.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_told_what_was_not_begun_by_the_status_it_asks_for() {
        let told = |asked: &[&'static str]| {
            let lines = asked.iter().map(|status| (X_NOT_BEGUN_STATUS, HeaderValue::from_static(status)));
            let error = ApiError::not_begun("The server is starting", &lines.collect());
            (error.status().as_u16(), error.code(), error.0.retry_after)
        };
        let unavailable = |status| (status, ErrorCode::ServiceUnavailable, Some(SOON));
        assert_eq!(told(&[]), unavailable(503));
        assert_eq!(told(&["502"]), unavailable(502));
        for other in ["503", "500", "200", "", "502, 502"] {
            assert_eq!(told(&[other]), unavailable(503), "{other}");
        }
    }

    #[test]
    fn what_is_to_be_tried_again_says_when_and_401_challenges() {
        for &code in ErrorCode::ALL {
            let answer = ApiError::plain(code).build(vec![]);
            let has = |name| answer.headers().contains_key(name);
            // Of a locked account only the actor knows for how long.
            assert_eq!(has(header::RETRY_AFTER), matches!(answer.status().as_u16(), 429 | 503), "{code:?}");
            assert_eq!(has(header::WWW_AUTHENTICATE), answer.status() == 401, "{code:?}");
        }
        let locked = OperationError::Locked { retry_after: Duration::from_millis(59_001) };
        assert_eq!(ApiError::from(locked).build(vec![]).headers().get(header::RETRY_AFTER).unwrap(), "60");
    }

    #[test]
    fn waiting_times_are_rounded_up_to_whole_seconds() {
        let told = |millis| whole_seconds(Duration::from_millis(millis));
        assert_eq!([told(0), told(1), told(1_000), told(1_001), told(59_999)], [1, 1, 1, 2, 60]);
    }
}
