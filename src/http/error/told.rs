//! How the failures of actors, of forms and of actix are told to clients.

use actix_web::http::StatusCode;

use crate::actors::OperationError;
use crate::actors::supervision::AskError;
use crate::model::error::{ErrorCode, Invalid};

use super::ApiError;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::permission::Permission;
    use std::time::Duration;

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
            (OperationError::AddressLocked { retry_after: Duration::from_secs(1) }, 429, 5004),
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
