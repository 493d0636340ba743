//! The error codes of the contract (§2), and what is wrong with a field.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

/// Declares the codes: number, name, title and when they are told.
macro_rules! error_codes {
    ($($variant:ident = $number:literal $name:ident $title:literal, $when:literal;)+) => {
        /// A code of the contract. HTTP statuses are the business of `http/error.rs` alone.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum ErrorCode {
            $(#[doc = $when] $variant = $number,)+
        }

        impl ErrorCode {
            /// Every code there is, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name, as in `/errors/NAME`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($name),)+ }
            }

            /// A short text that is the same each time.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// When a client meets it.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $when,)+ }
            }
        }
    };
}

error_codes! {
    Unauthorized = 1001 UNAUTHORIZED "Sign-in required", "The request has no `Authorization: Bearer` header, or a malformed one.";
    InvalidCredentials = 1002 INVALID_CREDENTIALS "Wrong e-mail or password", "The e-mail or the password is wrong. Which of them is not told.";
    TokenExpired = 1003 TOKEN_EXPIRED "Token expired", "The token was valid once. Get another with the refresh token, or sign in again.";
    TokenInvalid = 1004 TOKEN_INVALID "Token refused", "The token is not one of ours, is of the wrong kind, or its session has ended.";
    InsufficientPermissions = 1005 INSUFFICIENT_PERMISSIONS "Permission missing", "The signed-in user lacks the permission that `requiredPermission` names.";
    AccountLocked = 1006 ACCOUNT_LOCKED "Account locked", "Too many failed sign-ins. `Retry-After` tells when the next attempt is looked at.";
    ValidationError = 2001 VALIDATION_ERROR "Validation failed", "Several fields are invalid, in more than one way. `errors` lists each.";
    InvalidInput = 2002 INVALID_INPUT "Invalid input", "A value is out of range, too long, of the wrong type or not one of the choices, or a field or parameter is unknown.";
    MissingRequiredField = 2003 MISSING_REQUIRED_FIELD "Required field missing", "A required field is absent or null.";
    InvalidFormat = 2004 INVALID_FORMAT "Invalid format", "The body is not JSON, or an id, e-mail, phone number, date or country does not have its form.";
    ResourceNotFound = 3001 RESOURCE_NOT_FOUND "Not found", "There is no such resource, or no such route.";
    ResourceAlreadyExists = 3002 RESOURCE_ALREADY_EXISTS "Already exists", "Another one has this e-mail or name.";
    ResourceConflict = 3003 RESOURCE_CONFLICT "Conflict", "The resource's state forbids it, or it was changed in between.";
    ResourceDeleted = 3004 RESOURCE_DELETED "Deleted", "The resource was deleted.";
    DatabaseError = 4001 DATABASE_ERROR "Database error", "What the store holds could not be read.";
    TransactionFailed = 4002 TRANSACTION_FAILED "Transaction failed", "The store could not complete the change. Nothing was changed.";
    QueryFailed = 4003 QUERY_FAILED "Query failed", "The store could not answer.";
    ConnectionError = 4004 CONNECTION_ERROR "Out of reach", "The store, cache or broker is out of reach, and nothing can stand in for it.";
    ServiceUnavailable = 5001 SERVICE_UNAVAILABLE "Unavailable", "A part of the service is full, restarting or stopping. `Retry-After` tells when to try again.";
    ExternalApiError = 5002 EXTERNAL_API_ERROR "Upstream failed", "A service that this one depends on gave a wrong answer.";
    Timeout = 5003 TIMEOUT "Timed out", "The request took longer than it may.";
    RateLimitExceeded = 5004 RATE_LIMIT_EXCEEDED "Too many requests", "The budget of requests is spent. `Retry-After` tells when the next one is let in.";
}

impl ErrorCode {
    /// Its number.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.number())
    }
}

impl<'de> serde::Deserialize<'de> for ErrorCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u16::deserialize(deserializer)?;
        let known = Self::ALL.iter().copied().find(|code| code.number() == number);
        known.ok_or_else(|| serde::de::Error::custom("not an error code"))
    }
}

/// What is wrong with one field of a body or one parameter of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where: a JSON pointer (RFC 6901) into the body, or `/` and the parameter's name.
    pub pointer: String,
    /// One of the 2xxx and 3xxx codes.
    pub code: ErrorCode,
    /// What is wrong, to be read behind the field's name: `is not an e-mail address`.
    pub detail: Cow<'static, str>,
}

/// Input that was refused: everything that is wrong with it, at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    /// One thing is wrong.
    pub fn at(pointer: impl Into<String>, code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(vec![FieldError { pointer: pointer.into(), code, detail: detail.into() }])
    }

    /// The code of the whole: the fields' own where all share one, else [`ErrorCode::ValidationError`] (§2).
    pub fn code(&self) -> ErrorCode {
        match self.0.split_first() {
            Some((first, rest)) if rest.iter().all(|other| other.code == first.code) => first.code,
            _ => ErrorCode::ValidationError,
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] if one.pointer.is_empty() => write!(f, "The body {}", one.detail),
            [one] => write!(f, "{} {}", one.pointer, one.detail),
            many => write!(f, "{} fields are invalid", many.len()),
        }
    }
}

impl std::error::Error for Invalid {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_22_codes_and_each_is_found_by_its_name() {
        assert_eq!(ErrorCode::ALL.len(), 22);
        for &code in ErrorCode::ALL {
            assert_eq!(ErrorCode::by_name(code.name()), Some(code));
        }
    }

    #[test]
    fn the_code_of_the_whole_is_the_fields_own_where_all_share_one() {
        let missing = |pointer: &str| FieldError {
            pointer: pointer.to_owned(),
            code: ErrorCode::MissingRequiredField,
            detail: "is missing".into(),
        };
        let mut invalid = Invalid(vec![missing("/name"), missing("/email")]);
        assert_eq!(invalid.code(), ErrorCode::MissingRequiredField);
        invalid.0.extend(Invalid::at("/phone", ErrorCode::InvalidFormat, "is not a phone number").0);
        assert_eq!(invalid.code(), ErrorCode::ValidationError);
    }
}
