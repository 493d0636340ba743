//! What goes around every request: its id, its limits, the headers that every answer has, and the access log.

use std::rc::Rc;
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody as _};
use actix_web::dev::{RequestHead, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::ConnectionType;
use actix_web::http::header::HeaderMap;
use actix_web::{Error, HttpMessage as _, HttpResponse, web};
use futures_util::future::LocalBoxFuture;
use std::future::{Ready, ready};
use std::pin::pin;
use tracing::Span;

use crate::actors::supervision::Scope;

use super::api::Api;
use super::caller::Caller;
use super::compression::compressed;
use super::connection::Watch;
use super::error::ApiError;
use super::request_id::X_REQUEST_ID;
use super::security::protect;
use super::span;

/// How large the request line and the headers may be together, in bytes.
const LARGEST_HEAD: usize = 16 << 10;

/// The outermost middleware.
#[derive(Clone)]
pub(super) struct Envelope {
    api: web::Data<Api>,
}

impl Envelope {
    /// Goes around the requests of this worker.
    pub(super) fn new(api: web::Data<Api>) -> Self {
        Self { api }
    }
}

impl<S> Transform<S, ServiceRequest> for Envelope
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type InitError = ();
    type Transform = EnvelopeService<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(EnvelopeService { api: self.api.clone(), inner: Rc::new(inner) }))
    }
}

/// The middleware at work.
pub(super) struct EnvelopeService<S> {
    api: web::Data<Api>,
    inner: Rc<S>,
}

impl<S> Service<ServiceRequest> for EnvelopeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let watch = request.conn_data::<Rc<Watch>>().map(Watch::request);
        let under_way = (self.api.settings.drain.enter(), watch);
        let (caller, span) = Caller::arrived(self.api.clone(), request.head());
        let scope = Scope::new(Some(caller.deadline()), span.clone());
        request.extensions_mut().insert(caller.clone());
        if size(request.head()) > LARGEST_HEAD {
            let answer = request.into_response(ApiError::headers_too_large().answer(&caller));
            return Box::pin(ready(Ok(sealed(&caller, &span, answer))));
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            let _under_way = under_way;
            match scope.around(pin!(answer)).await {
                Ok(answer) => Ok(sealed(&caller, &span, answer)),
                // Endpoints answer their failures themselves, so this one is actix's own; the request is gone with it.
                Err(error) => {
                    let answer = finished(&caller, &HeaderMap::new(), ApiError::from(&error).answer(&caller));
                    span::end(&span, caller.method(), || None, answer.status());
                    Err(InternalError::from_response("answered", answer).into())
                }
            }
        })
    }
}

/// How large the head of a request is, in bytes, about as it was sent.
fn size(head: &RequestHead) -> usize {
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = head.uri.path_and_query().map_or(1, |target| target.as_str().len());
    head.method.as_str().len() + target + headers.sum::<usize>()
}

fn sealed(caller: &Caller, span: &Span, answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let (request, answer) = answer.into_parts();
    span::end(span, caller.method(), || request.match_pattern(), answer.status());
    let answer = finished(caller, request.headers(), answer);
    ServiceResponse::new(request, answer)
}

/// Puts on an answer what every answer has, and logs it.
fn finished(caller: &Caller, request: &HeaderMap, mut answer: HttpResponse) -> HttpResponse {
    // Asked once: a look at the clock costs more than the counting.
    let duration = caller.elapsed();
    caller.figures().record(answer.status(), duration);
    log(caller, &answer, duration);
    let api = caller.api();
    let headers = answer.headers_mut();
    protect(headers);
    headers.insert(X_REQUEST_ID, caller.request_id().header());
    api.cors.permit(request, headers);
    if api.is_draining() {
        answer.head_mut().set_connection_type(ConnectionType::Close);
    }
    compressed(request, answer)
}

/// Writes the line of the access log. It tells no query: filters hold personal data.
fn log(caller: &Caller, answer: &HttpResponse, duration: Duration) {
    if !tracing::enabled!(target: "access", tracing::Level::INFO) {
        return;
    }
    let bytes = match answer.body().size() {
        BodySize::Sized(size) => Some(size),
        BodySize::None => Some(0),
        BodySize::Stream => None,
    };
    tracing::info!(
        target: "access",
        method = caller.method().as_str(),
        path = caller.path(),
        status = answer.status().as_u16(),
        duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        bytes,
        request_id = caller.request_id().as_str(),
        user_id = caller.signed_in().map(|principal| tracing::field::display(principal.user_id)),
        client = caller.address().map(tracing::field::display),
    );
}

#[cfg(test)]
mod tests {
    use super::super::endpoint::{Access, endpoint};
    use super::super::testing::{problem, serving, settings};
    use super::*;
    use actix_web::http::Method;
    use actix_web::test::{TestRequest, call_service};

    #[actix_web::test]
    async fn every_answer_has_the_same_headers() {
        let server = serving(settings(), vec![]).await;
        let requests = [
            (Method::GET, "/health", 200),
            (Method::GET, "/nothing", 404),
            (Method::POST, "/health", 405),
            (Method::OPTIONS, "/health", 204),
            (Method::GET, "/health?a=1", 400),
        ];
        for (method, path, status) in requests {
            let request = TestRequest::with_uri(path).method(method).insert_header(("x-request-id", "job-7"));
            let answer = call_service(&server, request.to_request()).await;
            assert_eq!(answer.status(), status, "{path}");
            let expected = [
                ("x-request-id", "job-7"),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "SAMEORIGIN"),
                ("strict-transport-security", "max-age=31536000; includeSubDomains"),
                ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
                ("access-control-allow-origin", "*"),
            ];
            for (name, value) in expected {
                assert_eq!(answer.headers().get(name).unwrap(), value, "{path} {name}");
            }
            assert!(!answer.headers().contains_key("access-control-allow-credentials"));
        }
    }

    #[actix_web::test]
    async fn a_problem_tells_the_path_and_the_request_id_of_its_answer() {
        let server = serving(settings(), vec![]).await;
        let answer = call_service(&server, TestRequest::with_uri("/no/such?token=secret").to_request()).await;
        let id = answer.headers().get(X_REQUEST_ID).unwrap().to_str().unwrap().to_owned();
        let body = super::super::testing::json(answer).await;
        assert_eq!(body["requestId"], id);
        assert_eq!(body["instance"], "/no/such");
        assert_eq!(body["type"], "/errors/RESOURCE_NOT_FOUND");
    }

    #[actix_web::test]
    async fn a_head_of_more_than_16_kib_is_refused() {
        let server = serving(settings(), vec![]).await;
        let sized = |size: usize| TestRequest::with_uri("/health/live").insert_header(("x-filler", "a".repeat(size)));
        assert_eq!(call_service(&server, sized(16_000).to_request()).await.status(), 200);
        let answer = call_service(&server, sized(16_400).to_request()).await;
        assert_eq!(problem(answer).await, (431, 2002, vec![]));
        let uri = format!("/health/live?{}", "a".repeat(16_400));
        let answer = call_service(&server, TestRequest::with_uri(&uri).to_request()).await;
        assert_eq!(problem(answer).await, (431, 2002, vec![]));
    }

    #[actix_web::test]
    async fn connections_are_closed_while_the_server_stops() {
        let settings = settings();
        let server = serving(settings.clone(), vec![]).await;
        let closes = || async {
            let answer = call_service(&server, TestRequest::with_uri("/health/live").to_request()).await;
            answer.response().head().connection_type() == ConnectionType::Close
        };
        assert!(!closes().await);
        settings.drain.begin();
        assert!(closes().await);
        let answer = call_service(&server, TestRequest::with_uri("/health/ready").to_request()).await;
        assert_eq!(problem(answer).await, (503, 5001, vec![]));
    }

    #[actix_web::test]
    async fn a_preflight_is_answered_without_a_token() {
        async fn nothing() -> HttpResponse {
            HttpResponse::NoContent().finish()
        }
        let table = vec![
            endpoint(Method::GET, "/things", Access::SignedIn, nothing),
            endpoint(Method::POST, "/things", Access::SignedIn, nothing),
        ];
        let server = serving(settings(), table).await;
        let request = TestRequest::with_uri("/things")
            .method(Method::OPTIONS)
            .insert_header(("origin", "https://app.example.com"))
            .insert_header(("access-control-request-method", "POST"));
        let answer = call_service(&server, request.to_request()).await;
        assert_eq!(answer.status(), 204);
        assert_eq!(answer.headers().get("access-control-allow-methods").unwrap(), "GET, HEAD, POST, OPTIONS");
        assert!(
            answer.headers().get("access-control-allow-headers").unwrap().to_str().unwrap().contains("Authorization")
        );
    }
}
