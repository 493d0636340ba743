//! What goes around every request: its id, its limits, the headers that every answer has, and the access log.

use std::rc::Rc;

use actix_web::body::{BodySize, BoxBody, MessageBody as _};
use actix_web::dev::{RequestHead, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::ConnectionType;
use actix_web::http::header::HeaderMap;
use actix_web::{Error, HttpMessage as _, HttpResponse, web};
use futures_util::future::LocalBoxFuture;
use std::future::{Ready, ready};

use super::api::Api;
use super::caller::Caller;
use super::compression::compressed;
use super::error::ApiError;
use super::request_id::X_REQUEST_ID;
use super::security::protect;

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
        let caller = Caller::new(self.api.clone(), request.head());
        request.extensions_mut().insert(caller.clone());
        if size(request.head()) > LARGEST_HEAD {
            let answer = request.into_response(ApiError::headers_too_large().answer(&caller));
            return Box::pin(ready(Ok(sealed(&caller, answer))));
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            match answer.await {
                Ok(answer) => Ok(sealed(&caller, answer)),
                // Endpoints answer their failures themselves, so this one is actix's own; the request is gone with it.
                Err(error) => {
                    let answer = finished(&caller, &HeaderMap::new(), ApiError::from(&error).answer(&caller));
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

fn sealed(caller: &Caller, answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let (request, answer) = answer.into_parts();
    let answer = finished(caller, request.headers(), answer);
    ServiceResponse::new(request, answer)
}

/// Puts on an answer what every answer has, and logs it.
fn finished(caller: &Caller, request: &HeaderMap, mut answer: HttpResponse) -> HttpResponse {
    log(caller, &answer);
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
fn log(caller: &Caller, answer: &HttpResponse) {
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
        duration_us = u64::try_from(caller.elapsed().as_micros()).unwrap_or(u64::MAX),
        bytes,
        request_id = caller.request_id().as_str(),
        user_id = caller.signed_in().map(|principal| tracing::field::display(principal.user_id)),
        client = caller.address().map(tracing::field::display),
    );
}
