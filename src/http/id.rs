//! Ids in paths.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::model::error::{ErrorCode, Invalid};
use crate::model::id::InvalidId;

use super::error::ApiError;

/// The `{id}` of a path. One that is malformed is answered by 400 / 2004 at `/id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathId<T>(pub T);

impl<T: FromStr<Err = InvalidId>> FromRequest for PathId<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().get("id").unwrap_or_default();
        let id = text
            .parse()
            .map(Self)
            .map_err(|fault: InvalidId| Invalid::at("/id", ErrorCode::InvalidFormat, fault.to_string()).into());
        ready(id)
    }
}
