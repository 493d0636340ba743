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

#[cfg(test)]
mod tests {
    use super::super::endpoint::{Access, endpoint};
    use super::super::testing::{json, problem, serving, settings};
    use super::*;
    use actix_web::HttpResponse;
    use actix_web::test::{TestRequest, call_service};

    async fn echo(JsonBody(body): JsonBody) -> HttpResponse {
        HttpResponse::Ok().json(body)
    }

    async fn echo_optional(OptionalJsonBody(body): OptionalJsonBody) -> HttpResponse {
        HttpResponse::Ok().json(body)
    }

    fn json_request(body: impl Into<Bytes>) -> TestRequest {
        TestRequest::post().uri("/echo").insert_header(("content-type", "application/json")).set_payload(body)
    }

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[actix_web::test]
    async fn bodies_that_are_no_json_are_told_so() {
        let server = serving(settings(), vec![endpoint(Method::POST, "/echo", Access::Public, echo)]).await;
        let bodies: [&[u8]; 10] = [
            b"",
            b" ",
            b"{",
            b"{} {}",
            b"{'a':1}",
            b"\"\xff\"",
            br#""\ud800""#,
            br#"{"a":"\udc00x"}"#,
            b"NaN",
            nested(33).leak().as_bytes(),
        ];
        for body in bodies.into_iter().chain([nested(100_000).leak().as_bytes()]) {
            let told = problem(call_service(&server, json_request(body).to_request()).await).await;
            assert_eq!(
                told,
                (400, 2004, vec![String::new()]),
                "{:?}",
                String::from_utf8_lossy(&body[..body.len().min(40)])
            );
        }
        let answer = call_service(&server, json_request(nested(32)).to_request()).await;
        assert_eq!(answer.status(), 200);
        let answer = call_service(&server, json_request(r#""\ud83e\udd80""#).to_request()).await;
        assert_eq!(json(answer).await, "🦀");
    }

    #[actix_web::test]
    async fn bodies_of_another_kind_are_refused() {
        let server = serving(settings(), vec![endpoint(Method::POST, "/echo", Access::Public, echo)]).await;
        for kind in ["", "text/plain", "application/merge-patch+json", "application/json; charset=latin1", "json"] {
            let request = TestRequest::post().uri("/echo").insert_header(("content-type", kind)).set_payload("{}");
            assert_eq!(problem(call_service(&server, request.to_request()).await).await.0, 415, "{kind}");
        }
        for kind in
            ["application/json", "Application/JSON", "application/json;charset=\"UTF-8\"", "application/json; v=1"]
        {
            let request = TestRequest::post().uri("/echo").insert_header(("content-type", kind)).set_payload("{}");
            assert_eq!(call_service(&server, request.to_request()).await.status(), 200, "{kind}");
        }
        let compressed = json_request("{}").insert_header(("content-encoding", "gzip"));
        assert_eq!(problem(call_service(&server, compressed.to_request()).await).await.0, 415);
    }

    #[actix_web::test]
    async fn a_merge_patch_is_json_to_patch_alone() {
        let server = serving(settings(), vec![endpoint(Method::PATCH, "/echo", Access::Public, echo)]).await;
        for kind in ["application/json", "application/merge-patch+json"] {
            let request = TestRequest::patch().uri("/echo").insert_header(("content-type", kind)).set_payload("{}");
            assert_eq!(call_service(&server, request.to_request()).await.status(), 200, "{kind}");
        }
    }

    #[actix_web::test]
    async fn a_body_may_have_1_mib_and_not_a_byte_more() {
        let server = serving(settings(), vec![endpoint(Method::POST, "/echo", Access::Public, echo)]).await;
        let sized = |size: usize| format!("\"{}\"", "a".repeat(size - 2));
        let answer = call_service(&server, json_request(sized(LARGEST)).to_request()).await;
        assert_eq!(answer.status(), 200);
        let answer = call_service(&server, json_request(sized(LARGEST + 1)).to_request()).await;
        assert_eq!(problem(answer).await, (413, 2002, vec![]));
        // Told by its length alone, before anything of it arrives.
        let announced = json_request("{}").insert_header(("content-length", "1048577"));
        assert_eq!(problem(call_service(&server, announced.to_request()).await).await, (413, 2002, vec![]));
    }

    #[actix_web::test]
    async fn an_optional_body_may_be_absent_but_not_malformed() {
        let server = serving(settings(), vec![endpoint(Method::POST, "/echo", Access::Public, echo_optional)]).await;
        let absent = TestRequest::post().uri("/echo").insert_header(("content-length", "0"));
        assert_eq!(json(call_service(&server, absent.to_request()).await).await, Value::Null);
        assert_eq!(problem(call_service(&server, json_request("{").to_request()).await).await.1, 2004);
        let present = call_service(&server, json_request("{\"a\":1}").to_request()).await;
        assert_eq!(json(present).await["a"], 1);
    }
}
