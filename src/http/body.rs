//! Bodies of requests (§1, §10): JSON of at most 1 MiB and 32 levels, read within 10 seconds and parsed once.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::Stream as _;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use crate::model::error::{ErrorCode, Invalid};

use super::error::ApiError;

/// How large a body may be, in bytes.
pub const LARGEST: usize = 1 << 20;

/// How many arrays and objects may enclose one another in a body.
pub const DEEPEST: usize = 32;

/// How long a client may take to send its body.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// A JSON body. Stands before other extractors in a handler, so that 413 and 415 come before 400 (§10).
#[derive(Debug)]
pub struct JsonBody(pub Value);

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let admitted = admit(request);
        let payload = payload.take();
        Box::pin(async move {
            admitted?;
            Ok(Self(parse(&read(payload).await?)?))
        })
    }
}

/// A JSON body where one may be absent: then, and only then, its type does not matter.
#[derive(Debug)]
pub struct OptionalJsonBody(pub Option<Value>);

impl FromRequest for OptionalJsonBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let announced = is_announced(request.headers());
        let admitted = admit(request);
        let payload = payload.take();
        Box::pin(async move {
            if !announced {
                return Ok(Self(None));
            }
            admitted?;
            let body = read(payload).await?;
            if body.is_empty() { Ok(Self(None)) } else { parse(&body).map(Some).map(Self) }
        })
    }
}

/// Whether the headers say that a body follows.
fn is_announced(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}

/// Judges a body by the headers alone.
fn admit(request: &HttpRequest) -> Result<(), ApiError> {
    let headers = request.headers();
    let encoding = headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes);
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(ApiError::unsupported_media_type("Compressed bodies are not taken"));
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let may_be_patch = request.method() == Method::PATCH;
    if !content_type.is_some_and(|content_type| is_json(content_type, may_be_patch)) {
        let taken = if may_be_patch { "application/json or application/merge-patch+json" } else { "application/json" };
        return Err(ApiError::unsupported_media_type(format!("The Content-Type must be {taken}, in UTF-8")));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > LARGEST as u64) { Err(ApiError::too_large()) } else { Ok(()) }
}

/// Whether a content type is JSON in UTF-8, or, where that is taken, a merge patch (RFC 7396).
fn is_json(content_type: &str, may_be_patch: bool) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let known = essence.eq_ignore_ascii_case("application/json")
        || (may_be_patch && essence.eq_ignore_ascii_case("application/merge-patch+json"));
    let in_utf8 = parts.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim_matches('"');
        !name.eq_ignore_ascii_case("charset")
            || value.eq_ignore_ascii_case("utf-8")
            || value.eq_ignore_ascii_case("utf8")
    });
    known && in_utf8
}

/// Reads a body to its end.
async fn read(payload: Payload) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(TIME_LIMIT, collect(payload)).await {
        Ok(body) => body,
        Err(_) => Err(ApiError::slow_body()),
    }
}

async fn collect(mut payload: Payload) -> Result<Bytes, ApiError> {
    let Some(first) = next(&mut payload).await? else { return Ok(Bytes::new()) };
    // Most bodies come in one piece, which need not be copied.
    let Some(second) = next(&mut payload).await? else { return bounded(first.len()).map(|()| first) };
    let mut body = BytesMut::from(first.as_ref());
    let mut piece = Some(second);
    while let Some(more) = piece {
        bounded(body.len() + more.len())?;
        body.extend_from_slice(&more);
        piece = next(&mut payload).await?;
    }
    Ok(body.freeze())
}

async fn next(payload: &mut Payload) -> Result<Option<Bytes>, ApiError> {
    let piece = poll_fn(|context| Pin::new(&mut *payload).poll_next(context)).await;
    piece.transpose().map_err(|error| match error {
        PayloadError::Overflow => ApiError::too_large(),
        _ => ApiError::new(ErrorCode::InvalidFormat, "The body broke off or is malformed"),
    })
}

fn bounded(length: usize) -> Result<(), ApiError> {
    if length > LARGEST { Err(ApiError::too_large()) } else { Ok(()) }
}

fn parse(body: &[u8]) -> Result<Value, ApiError> {
    let malformed = |detail| ApiError::from(Invalid::at("", ErrorCode::InvalidFormat, detail));
    if body.is_empty() {
        return Err(malformed("is empty"));
    }
    // Also refuses what is no UTF-8 and lone surrogates.
    let value = serde_json::from_slice(body).map_err(|_| malformed("is not JSON"))?;
    if is_deeper(&value, DEEPEST) { Err(malformed("is nested more than 32 levels deep")) } else { Ok(value) }
}

/// Whether more than `levels` arrays and objects enclose one another. The parser's own limit of 128 bounds the recursion.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(elements) => levels == 0 || elements.iter().any(|element| is_deeper(element, levels - 1)),
        Value::Object(members) => levels == 0 || members.values().any(|member| is_deeper(member, levels - 1)),
        _ => false,
    }
}
