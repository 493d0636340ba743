//! Who makes a request, and what else is known of it before a handler looks at it.

use std::cell::{Cell, OnceCell};
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, Uri};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use tokio::time::Instant;
use tracing::Span;

use crate::actors::auth::Principal;
use crate::actors::supervision::Deadline;
use crate::model::audit::Origin;
use crate::model::trace::TraceParent;
use crate::trace;

use super::api::Api;
use super::figures::EndpointFigures;
use super::request_id::RequestId;
use super::span;

/// How long a request may take, from its first byte behind the headers to the last of its answer's (§1).
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// How much of a `User-Agent` is kept, in characters.
const USER_AGENT_LIMIT: usize = 512;

/// Who makes a request. Made by the envelope, completed by the gate; cheap to clone.
///
/// As an extractor it never fails: every request has one.
#[derive(Clone)]
pub struct Caller(Rc<Inner>);

struct Inner {
    api: web::Data<Api>,
    request_id: RequestId,
    started: Instant,
    method: Method,
    uri: Uri,
    address: Option<IpAddr>,
    user_agent: Option<HeaderValue>,
    trace: Option<TraceParent>,
    principal: OnceCell<Arc<Principal>>,
    bypass: Cell<bool>,
    endpoint: OnceCell<Arc<EndpointFigures>>,
}

impl Caller {
    /// What the head of a request tells, and the span that the request is worked on in.
    pub(super) fn arrived(api: web::Data<Api>, head: &RequestHead) -> (Self, Span) {
        let headers = &head.headers;
        let request_id = RequestId::of(headers);
        let address = api.settings.trusted_proxies.client_address(head.peer_addr, headers);
        let client_trace = span::client_trace(headers);
        let span = span::begin(api.settings.sampling, head, &request_id, address, client_trace.as_ref());
        let caller = Self(Rc::new(Inner {
            request_id,
            started: Instant::now(),
            method: head.method.clone(),
            uri: head.uri.clone(),
            address,
            user_agent: headers.get(header::USER_AGENT).cloned(),
            trace: trace::traceparent(&span).or(client_trace),
            principal: OnceCell::new(),
            bypass: Cell::new(false),
            endpoint: OnceCell::new(),
            api,
        }));
        (caller, span)
    }

    /// The caller of this request.
    ///
    /// # Panics
    /// The request did not come through the envelope.
    pub(super) fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().expect("the envelope names the caller of every request").clone()
    }

    /// What handlers share.
    pub fn api(&self) -> &Api {
        &self.0.api
    }

    /// When the answer must be there. Goes with every message.
    pub fn deadline(&self) -> Deadline {
        Deadline::at(self.0.started + REQUEST_LIMIT)
    }

    /// Who is signed in.
    ///
    /// # Panics
    /// Nobody is: the endpoint is [public](super::Access::Public).
    pub fn principal(&self) -> &Principal {
        self.0.principal.get().expect("the gate lets nobody else in")
    }

    /// Who is signed in, if somebody is.
    pub fn signed_in(&self) -> Option<&Principal> {
        self.0.principal.get().map(|principal| &**principal)
    }

    /// Notes who it is.
    pub(super) fn identify(&self, principal: Arc<Principal>) {
        // Asked once a request; a second answer would be the same.
        let _ = self.0.principal.set(principal);
    }

    /// Notes which endpoint the request has reached.
    pub(super) fn reaches(&self, endpoint: Arc<EndpointFigures>) {
        // A request reaches one endpoint.
        let _ = self.0.endpoint.set(endpoint);
    }

    /// Where the request is counted.
    pub(super) fn figures(&self) -> &EndpointFigures {
        self.0.endpoint.get().unwrap_or(&self.0.api.unmatched)
    }

    /// Notes that a permission was needed and the role `admin` let the caller pass.
    pub(super) fn passes_as_admin(&self) {
        self.0.bypass.set(true);
    }

    /// Who asks, from where and in which request, as messages that may change something carry it.
    pub fn origin(&self) -> Origin {
        let user_agent = self.0.user_agent.as_ref().map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.chars().take(USER_AGENT_LIMIT).collect()
        });
        Origin {
            user: self.signed_in().map(|principal| (principal.user_id, principal.email.clone())),
            bypass: self.0.bypass.get(),
            address: self.0.address,
            user_agent,
            request_id: self.0.request_id.as_str().to_owned(),
            trace: self.0.trace.clone(),
        }
    }

    /// The client's address; `None` where the connection has none.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// The request's id.
    pub fn request_id(&self) -> &RequestId {
        &self.0.request_id
    }

    /// The path that was asked for, without the query.
    pub fn path(&self) -> &str {
        self.0.uri.path()
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// How long the request has been worked on.
    pub fn elapsed(&self) -> Duration {
        self.0.started.elapsed()
    }
}

impl FromRequest for Caller {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}
