//! Why an actor did not do what it was asked.

use std::borrow::Cow;
use std::time::Duration;

use crate::model::document::MalformedDocument;
use crate::model::error::{ErrorCode, Invalid};
use crate::model::permission::Permission;
use crate::store::StoreError;

use super::supervision::AskError;

/// An operation was refused, or failed. Nothing was changed, unless it says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OperationError {
    /// What was sent is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such resource; the word names its kind.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It was deleted.
    #[error("the {0} was deleted")]
    Deleted(&'static str),
    /// Another one has this.
    #[error("another {resource} has this {field}")]
    Taken {
        /// The kind of resource.
        resource: &'static str,
        /// The field that must be unique.
        field: &'static str,
    },
    /// The state of the resource forbids it.
    #[error("{0}")]
    Conflict(Cow<'static, str>),
    /// It is not in the version that the client expected.
    #[error("the resource was changed in between")]
    VersionMismatch,
    /// The user lacks this permission.
    #[error("the permission {0} is missing")]
    Forbidden(Permission),
    /// The e-mail or the password is wrong.
    #[error("the e-mail or the password is wrong")]
    InvalidCredentials,
    /// The token was valid once.
    #[error("the token has expired")]
    TokenExpired,
    /// The token is not one of ours, is of the wrong kind, or its session has ended.
    #[error("the token is not valid")]
    TokenInvalid,
    /// Too many failed sign-ins to this account.
    #[error("the account is locked")]
    Locked {
        /// Until the next attempt is looked at.
        retry_after: Duration,
    },
    /// Too many failed sign-ins from this address.
    #[error("too many failed sign-ins from this address")]
    AddressLocked {
        /// Until the next attempt is looked at.
        retry_after: Duration,
    },
    /// Another actor or a pool that is needed did not answer.
    #[error(transparent)]
    Unavailable(#[from] AskError),
    /// The store did not do its part.
    #[error(transparent)]
    Store(StoreError),
}

impl OperationError {
    /// The contract's code (§2).
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(invalid) => invalid.code(),
            Self::NotFound(_) => ErrorCode::ResourceNotFound,
            Self::Deleted(_) => ErrorCode::ResourceDeleted,
            Self::Taken { .. } => ErrorCode::ResourceAlreadyExists,
            Self::Conflict(_) | Self::VersionMismatch => ErrorCode::ResourceConflict,
            Self::Forbidden(_) => ErrorCode::InsufficientPermissions,
            Self::InvalidCredentials => ErrorCode::InvalidCredentials,
            Self::TokenExpired => ErrorCode::TokenExpired,
            Self::TokenInvalid => ErrorCode::TokenInvalid,
            Self::Locked { .. } => ErrorCode::AccountLocked,
            Self::AddressLocked { .. } => ErrorCode::RateLimitExceeded,
            Self::Unavailable(AskError::DeadlineExceeded) | Self::Store(StoreError::TimedOut) => ErrorCode::Timeout,
            Self::Unavailable(_) | Self::Store(StoreError::Overloaded { .. } | StoreError::Crashed(_)) => {
                ErrorCode::ServiceUnavailable
            }
            Self::Store(StoreError::Unreachable(_)) => ErrorCode::ConnectionError,
            Self::Store(StoreError::Query(_)) => ErrorCode::QueryFailed,
            Self::Store(StoreError::Transaction(_)) => ErrorCode::TransactionFailed,
            Self::Store(StoreError::Corrupt(_)) => ErrorCode::DatabaseError,
        }
    }
}

/// A store that has too much to do is told as an actor is that has.
impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded { retry_after } => AskError::Overloaded { retry_after }.into(),
            error => Self::Store(error),
        }
    }
}

impl From<MalformedDocument> for OperationError {
    fn from(source: MalformedDocument) -> Self {
        Self::Store(source.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_passes_by_itself_is_told_apart_from_what_is_out_of_reach() {
        let retry_after = Duration::from_secs(2);
        let overloaded = OperationError::from(StoreError::Overloaded { retry_after });
        assert!(
            matches!(&overloaded, OperationError::Unavailable(AskError::Overloaded { retry_after: told }) if *told == retry_after),
            "{overloaded:?}"
        );
        let code = |error: StoreError| OperationError::from(error).code().number();
        assert_eq!(code(StoreError::Crashed(Arc::new(AskError::Stopped))), 5001);
        assert_eq!(code(StoreError::Unreachable(Arc::new(AskError::Stopped))), 4004);
    }
}
