//! What an endpoint is, and how a request to it is served: the gate, the extractors, the handler, the responder.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, Route, web};

use crate::actors::rate_limiter::Policy;
use crate::model::permission::Permission;

use super::caller::Caller;
use super::error::ApiError;
use super::figures::EndpointFigures;
use super::gate;
use super::isolation::isolated;
use super::query::NoParameters;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody. An `Authorization` header is not looked at.
    Public,
    /// Anybody, unless registration is closed (§3). An `Authorization` header is not looked at.
    Registration,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever is signed in and has this permission.
    Needs(Permission),
}

/// A method of a path, who may use it, and what it does.
pub struct Endpoint {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) route: Box<dyn FnOnce(Terms, Arc<EndpointFigures>) -> Route>,
}

/// The terms on which an endpoint is served.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    /// Who may ask.
    pub(super) access: Access,
    /// The budget that requests come out of.
    pub(super) policy: Option<Policy>,
}

/// An endpoint that takes no parameters in its query: any is refused.
pub fn endpoint<H, A>(method: Method, path: &'static str, access: Access, handler: H) -> Endpoint
where
    H: Handler<A, Output: Responder>,
    A: FromRequest + 'static,
{
    serving::<H, A, NoParameters>(method, path, access, handler)
}

/// An endpoint whose handler reads the query: one of its arguments is [`Parameters`](super::Parameters) or made of them.
pub fn endpoint_with_query<H, A>(method: Method, path: &'static str, access: Access, handler: H) -> Endpoint
where
    H: Handler<A, Output: Responder>,
    A: FromRequest + 'static,
{
    serving::<H, A, ()>(method, path, access, handler)
}

fn serving<H, A, Q>(method: Method, path: &'static str, access: Access, handler: H) -> Endpoint
where
    H: Handler<A, Output: Responder>,
    A: FromRequest + 'static,
    Q: FromRequest + 'static,
{
    let route = move |terms: Terms, figures: Arc<EndpointFigures>| {
        Route::new().to(move |request: HttpRequest, payload: web::Payload| {
            Caller::of(&request).reaches(Arc::clone(&figures));
            serve::<H, A, Q>(request, payload.into_inner(), terms, handler.clone())
        })
    };
    Endpoint { method, path, access, route: Box::new(route) }
}

/// Serves one request: the gate, the extractors, the handler, the responder.
async fn serve<H, A, Q>(request: HttpRequest, payload: Payload, terms: Terms, handler: H) -> HttpResponse
where
    H: Handler<A, Output: Responder>,
    A: FromRequest + 'static,
    Q: FromRequest + 'static,
{
    let caller = Caller::of(&request);
    let passage = gate::pass(&caller, request.headers(), terms).await;
    let mut answer = match passage.refusal {
        Some(refusal) => refusal.answer(&caller),
        None => {
            let work = handle::<H, A, Q>(&request, payload, handler);
            isolated(caller.deadline(), work).await.unwrap_or_else(|error| error.answer(&caller))
        }
    };
    if let Some(decision) = passage.decision {
        caller.api().policies.tell(&decision, answer.headers_mut());
    }
    answer
}

async fn handle<H, A, Q>(request: &HttpRequest, mut payload: Payload, handler: H) -> Result<HttpResponse, ApiError>
where
    H: Handler<A, Output: Responder>,
    A: FromRequest + 'static,
    Q: FromRequest + 'static,
{
    // The arguments come first: where both they and the query are refused, 413 and 415 go before 400.
    let answer = match <(A, Q)>::from_request(request, &mut payload).await {
        Ok((arguments, _)) => handler.call(arguments).await.respond_to(request).map_into_boxed_body(),
        Err(error) => HttpResponse::from_error(error),
    };
    match answer.error() {
        Some(error) => Err(ApiError::from(error)),
        None => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::super::body::JsonBody;
    use super::super::id::PathId;
    use super::super::testing::{problem, serving, settings};
    use super::*;
    use crate::model::id::CustomerId;
    use actix_web::test::{TestRequest, call_service, read_body};
    use std::time::Duration;

    async fn take(_: JsonBody, _: PathId<CustomerId>) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }

    async fn fail() -> HttpResponse {
        panic!("a handler's own words");
    }

    async fn idle() -> HttpResponse {
        tokio::time::sleep(Duration::from_secs(31)).await;
        HttpResponse::NoContent().finish()
    }

    #[actix_web::test]
    async fn a_body_of_the_wrong_kind_or_size_comes_before_what_else_is_wrong() {
        let server = serving(settings(), vec![endpoint(Method::PUT, "/things/{id}", Access::Public, take)]).await;
        let put = || TestRequest::put().uri("/things/7?surprise=1");
        let answer = call_service(&server, put().to_request()).await;
        assert_eq!(problem(answer).await.0, 415);
        let json = put().insert_header(("content-type", "application/json"));
        let answer = call_service(&server, json.insert_header(("content-length", "9999999")).to_request()).await;
        assert_eq!(problem(answer).await.0, 413);
        let json = put().insert_header(("content-type", "application/json")).set_payload("{}");
        assert_eq!(problem(call_service(&server, json.to_request()).await).await, (400, 2004, vec!["/id".to_owned()]));
    }

    #[actix_web::test]
    async fn an_endpoint_without_parameters_refuses_any() {
        let server = serving(settings(), vec![]).await;
        let answer = call_service(&server, TestRequest::with_uri("/health?a=1&b").to_request()).await;
        assert_eq!(problem(answer).await, (400, 2002, vec!["/a".to_owned(), "/b".to_owned()]));
    }

    #[actix_web::test]
    async fn a_panic_is_answered_and_the_next_request_served() {
        let server = serving(settings(), vec![endpoint(Method::GET, "/fail", Access::Public, fail)]).await;
        for _ in 0..3 {
            let answer = call_service(&server, TestRequest::with_uri("/fail").to_request()).await;
            assert_eq!(answer.headers().get("retry-after").unwrap(), "1");
            let body = read_body(answer).await;
            assert!(!String::from_utf8_lossy(&body).contains("own words"), "{body:?}");
        }
        let answer = call_service(&server, TestRequest::with_uri("/health/live").to_request()).await;
        assert_eq!(answer.status(), 200);
    }

    #[test]
    fn a_request_that_takes_longer_than_30_seconds_is_given_up() {
        crate::actors::supervision::testkit::paused(async {
            let server = serving(settings(), vec![endpoint(Method::GET, "/idle", Access::Public, idle)]).await;
            let answer = call_service(&server, TestRequest::with_uri("/idle").to_request()).await;
            assert_eq!(problem(answer).await, (504, 5003, vec![]));
        });
    }

    #[actix_web::test]
    async fn what_asks_an_absent_actor_is_503() {
        let table = vec![endpoint(Method::GET, "/mine", Access::SignedIn, idle)];
        let server = serving(settings(), table).await;
        let answer = call_service(&server, TestRequest::with_uri("/mine").to_request()).await;
        assert_eq!(answer.headers().get("www-authenticate").unwrap(), "Bearer realm=\"clientele\"");
        assert_eq!(problem(answer).await, (401, 1001, vec![]));
        let signed_in = TestRequest::with_uri("/mine").insert_header(("authorization", "Bearer abc")).to_request();
        let answer = call_service(&server, signed_in).await;
        assert!(answer.headers().contains_key("retry-after"));
        assert_eq!(problem(answer).await, (503, 5001, vec![]));
    }
}
