//! The status of each code (§2), and the challenge that goes with those of sign-in.

use actix_web::http::StatusCode;

use crate::model::error::ErrorCode;

/// The status of a code, where the failure does not have one of its own (§2).
pub(super) const fn status_of(code: ErrorCode) -> StatusCode {
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
pub(super) const fn challenge_of(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::Unauthorized | ErrorCode::InvalidCredentials => Some(r#"Bearer realm="clientele""#),
        ErrorCode::TokenExpired => {
            Some(r#"Bearer realm="clientele", error="invalid_token", error_description="The token has expired""#)
        }
        ErrorCode::TokenInvalid => {
            Some(r#"Bearer realm="clientele", error="invalid_token", error_description="The token is not valid""#)
        }
        _ => None,
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
            let status = status_of(code).as_u16();
            assert!(expected.iter().any(|(told, codes)| *told == status && codes.contains(&code.number())), "{code:?}");
        }
    }
}
