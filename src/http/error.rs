//! What clients are told when something fails (§2 and §10 of the contract, RFC 9457). The only place that knows a status.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value};

use crate::actors::OperationError;
use crate::actors::supervision::AskError;
use crate::model::error::{ErrorCode, FieldError, Invalid};
use crate::model::permission::Permission;

use super::caller::Caller;
use super::problem::Problem;

/// How problems are labelled.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// After how long to come back where nothing better is known.
const SOON: Duration = Duration::from_secs(1);

/// A failure, as clients are told of it.
///
/// Nothing that a driver, a query or a panic said is ever part of it: that stays with [the cause](Self::with_cause), for the log.
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

/// The status of a code, where the failure does not have one of its own (§2).
const fn status_of(code: ErrorCode) -> StatusCode {
    use ErrorCode as E;
    match code {
        E::Unauthorized | E::InvalidCredentials | E::TokenExpired | E::TokenInvalid => StatusCode::UNAUTHORIZED,
        E::InsufficientPermissions => StatusCode::FORBIDDEN,
        E::AccountLocked => StatusCode::LOCKED,
        E::ValidationError | E::InvalidInput | E::MissingRequiredField | E::InvalidFormat => StatusCode::BAD_REQUEST,
        E::ResourceNotFound => StatusCode::NOT_FOUND,
        E::ResourceAlreadyExists | E::ResourceConflict => StatusCode::CONFLICT,
        E::ResourceDeleted => StatusCode::GONE,
        E::DatabaseError | E::TransactionFailed | E::QueryFailed => StatusCode::INTERNAL_SERVER_ERROR,
        E::ConnectionError | E::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        E::ExternalApiError => StatusCode::BAD_GATEWAY,
        E::Timeout => StatusCode::GATEWAY_TIMEOUT,
        E::RateLimitExceeded => StatusCode::TOO_MANY_REQUESTS,
    }
}

/// The challenge that goes with a code (RFC 6750 §3), where it is one of sign-in.
const fn challenge_of(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::Unauthorized | ErrorCode::InvalidCredentials => Some(r#"Bearer realm="clientele""#),
        ErrorCode::TokenExpired => {
            Some(r#"Bearer realm="clientele", error="invalid_token", error_description="The access token has expired""#)
        }
        ErrorCode::TokenInvalid => Some(
            r#"Bearer realm="clientele", error="invalid_token", error_description="The access token is not valid""#,
        ),
        _ => None,
    }
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

    /// Tells the log why, once. What the client or its pace is to blame for is told by the access log alone.
    fn log(&self, caller: &Caller) {
        let Some(cause) = &self.0.cause else { return };
        let request_id = caller.request_id().as_str();
        let code = self.0.code.name();
        match cause {
            OperationError::Store(_) => tracing::error!(request_id, code, cause = %Chain(cause), "a request failed"),
            _ => tracing::warn!(request_id, code, cause = %Chain(cause), "a request failed"),
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

impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Invalid(invalid) => invalid.into(),
            OperationError::Unavailable(error) => error.into(),
            OperationError::Forbidden(permission) => Self::forbidden(permission),
            OperationError::Taken { resource, field } => {
                let mut told =
                    Self::new(ErrorCode::ResourceAlreadyExists, format!("Another {resource} has this {field}"));
                told.0.errors = Invalid::at(format!("/{field}"), ErrorCode::ResourceAlreadyExists, "is taken").0;
                told
            }
            OperationError::VersionMismatch => {
                let mut told = Self::new(ErrorCode::ResourceConflict, "The resource is not in the version expected");
                told.0.status = StatusCode::PRECONDITION_FAILED;
                told
            }
            OperationError::Locked { retry_after } | OperationError::AddressLocked { retry_after } => {
                Self::new(error.code(), sentence(&error)).retry_after(retry_after)
            }
            OperationError::Store(_) => Self::plain(error.code()).with_cause(error),
            OperationError::NotFound(_)
            | OperationError::Deleted(_)
            | OperationError::Conflict(_)
            | OperationError::InvalidCredentials
            | OperationError::TokenExpired
            | OperationError::TokenInvalid => Self::new(error.code(), sentence(&error)),
        }
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        let told = match &error {
            AskError::DeadlineExceeded => return Self::plain(ErrorCode::Timeout),
            AskError::Overloaded { retry_after } | AskError::Unavailable { retry_after, .. } => {
                return Self::plain(ErrorCode::ServiceUnavailable).retry_after(*retry_after);
            }
            AskError::Crashed { .. } | AskError::Stopped => Self::plain(ErrorCode::ServiceUnavailable),
        };
        told.with_cause(OperationError::Unavailable(error))
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        let mut error = Self::new(invalid.code(), invalid.to_string());
        error.0.errors = invalid.0;
        error
    }
}

/// An error on its way through actix: one of ours, or what actix itself finds wrong, told by its status and never by its text.
impl From<&actix_web::Error> for ApiError {
    fn from(error: &actix_web::Error) -> Self {
        if let Some(error) = error.as_error::<Self>() {
            return error.clone();
        }
        match error.as_response_error().status_code() {
            StatusCode::NOT_FOUND => Self::unknown_route(),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            StatusCode::REQUEST_TIMEOUT => Self::slow_body(),
            status if status.is_client_error() => Self::input(status, "The request is malformed"),
            _ => Self::plain(ErrorCode::ServiceUnavailable),
        }
    }
}

/// An error's own words, with a capital.
fn sentence(error: &OperationError) -> String {
    let words = error.to_string();
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
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

/// So that extractors may fail with it. Whoever runs them answers by [`ApiError::answer`], which knows the request.
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
    fn every_code_has_the_status_of_the_contract() {
        let expected = [
            (401, &[1001, 1002, 1003, 1004][..]),
            (403, &[1005]),
            (423, &[1006]),
            (400, &[2001, 2002, 2003, 2004]),
            (404, &[3001]),
            (409, &[3002, 3003]),
            (410, &[3004]),
            (500, &[4001, 4002, 4003]),
            (503, &[4004, 5001]),
            (502, &[5002]),
            (504, &[5003]),
            (429, &[5004]),
        ];
        for &code in ErrorCode::ALL {
            let status = ApiError::plain(code).status().as_u16();
            assert!(expected.iter().any(|(told, codes)| *told == status && codes.contains(&code.number())), "{code:?}");
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

    #[test]
    fn what_a_panic_said_is_never_told() {
        let crashed = AskError::Crashed { reason: "SELECT * FROM users at src/secret.rs:7".into() };
        let error = ApiError::from(OperationError::from(crashed));
        let told = serde_json::to_string(&error.problem()).unwrap();
        assert!(!told.contains("SELECT") && !told.contains("secret.rs"), "{told}");
        assert_eq!((error.status().as_u16(), error.code().number()), (503, 5001));
    }

    #[test]
    fn refusals_have_the_status_of_their_kind() {
        let table = [
            (OperationError::VersionMismatch, 412, 3003),
            (OperationError::Conflict("no".into()), 409, 3003),
            (OperationError::NotFound("customer"), 404, 3001),
            (OperationError::Deleted("customer"), 410, 3004),
            (OperationError::Taken { resource: "customer", field: "email" }, 409, 3002),
            (OperationError::Forbidden(Permission::CustomersRead), 403, 1005),
            (OperationError::AddressLocked { retry_after: SOON }, 429, 5004),
            (OperationError::Unavailable(AskError::DeadlineExceeded), 504, 5003),
            (OperationError::Unavailable(AskError::Stopped), 503, 5001),
        ];
        for (error, status, code) in table {
            let told = ApiError::from(error.clone());
            assert_eq!((told.status().as_u16(), told.code().number()), (status, code), "{error}");
        }
    }

    #[test]
    fn a_row_of_a_batch_has_no_envelope() {
        let error = ApiError::from(OperationError::Taken { resource: "customer", field: "email" });
        let told = serde_json::to_value(error.problem()).unwrap();
        let expected = serde_json::json!({
            "type": "/errors/RESOURCE_ALREADY_EXISTS", "title": "Already exists", "status": 409,
            "detail": "Another customer has this email", "code": 3002, "name": "RESOURCE_ALREADY_EXISTS",
            "errors": [{"pointer": "/email", "code": 3002, "name": "RESOURCE_ALREADY_EXISTS", "detail": "is taken"}],
        });
        assert_eq!(told, expected);
    }
}
