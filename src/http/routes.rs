//! What an endpoint is, and how the table of them is mounted.
//!
//! One table says for each path and method who may ask. 404, 405 with `Allow`, OPTIONS and HEAD follow from it, and
//! each request goes through the [`gate`] before anything of it is parsed, so that answers come
//! in the contract's order (§10): 404, 405, 429, 401, 403, 413 or 415, 400, and then what the actor says.

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, Route, guard, web};

use crate::actors::rate_limiter::Policy;
use crate::model::permission::Permission;

use super::api::Api;
use super::caller::Caller;
use super::endpoints;
use super::error::ApiError;
use super::gate;
use super::isolation::isolated;
use super::methods::{Methods, answer_other_methods};
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
    method: Method,
    path: &'static str,
    access: Access,
    route: Box<dyn FnOnce(Terms) -> Route>,
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
    let route = move |terms: Terms| {
        Route::new().to(move |request: HttpRequest, payload: web::Payload| {
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

/// What is known of an endpoint from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointInfo {
    /// The method. HEAD goes with GET, OPTIONS with every path.
    pub method: Method,
    /// The whole path, with `{id}` for an id.
    pub path: String,
    /// Who may ask.
    pub access: Access,
}

/// Every endpoint of an API with this base, in the order of the table.
pub fn endpoints(base: &str) -> Vec<EndpointInfo> {
    let info = |base: &str, endpoint: Endpoint| EndpointInfo {
        method: endpoint.method,
        path: format!("{base}{}", endpoint.path),
        access: endpoint.access,
    };
    let api = endpoints::api().into_iter().map(|endpoint| info(base, endpoint));
    api.chain(endpoints::root().into_iter().map(|endpoint| info("", endpoint))).collect()
}

/// Mounts the whole table.
pub(super) fn mount(config: &mut web::ServiceConfig, api: &Api) {
    for reserved in endpoints::RESERVED {
        config.service(web::resource(format!("{}{reserved}", api.base())).default_service(web::to(unknown_route)));
    }
    mount_under(config, api.base(), endpoints::api(), policy_of);
    mount_under(config, "", endpoints::root(), |_| None);
}

/// The budget that requests to a path of the API come out of (§8).
fn policy_of(path: &str) -> Option<Policy> {
    Some(if path.starts_with("/auth/") { Policy::Auth } else { Policy::Default })
}

pub(super) fn mount_under(
    config: &mut web::ServiceConfig,
    base: &str,
    mut table: Vec<Endpoint>,
    policy: impl Fn(&str) -> Option<Policy>,
) {
    table.sort_by(|one, other| order(one.path).cmp(&order(other.path)));
    let mut table = table.into_iter().peekable();
    while let Some(first) = table.next() {
        let path = first.path;
        let terms = |access| Terms { access, policy: policy(path) };
        let mut methods = Methods::default();
        let mut resource = web::resource(format!("{base}{path}"));
        let mut endpoint = Some(first);
        while let Some(Endpoint { method, access, route, .. }) = endpoint {
            resource = resource.route(guarded_by(route(terms(access)), &method));
            methods.add(method);
            endpoint = table.next_if(|next| next.path == path);
        }
        config.service(resource.default_service(answer_other_methods(methods)));
    }
}

/// Where a path stands among others: those of its literal segments come before those that would take them for an id.
fn order(path: &str) -> (Vec<bool>, &str) {
    (path.split('/').map(|segment| segment.starts_with('{')).collect(), path)
}

fn guarded_by(route: Route, method: &Method) -> Route {
    match *method {
        Method::GET => route.guard(guard::Any(guard::Get()).or(guard::Head())),
        _ => route.guard(guard::Method(method.clone())),
    }
}

/// Answers a path that is not in the table.
pub(super) async fn unknown_route(caller: Caller) -> HttpResponse {
    ApiError::unknown_route().answer(&caller)
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
    async fn unknown_routes_are_404_and_other_methods_405_with_allow() {
        let server = serving(settings(), vec![]).await;
        for path in ["/", "/nothing", "/health/", "/api/v1", "/api/v1/customers/import", "/api/v1/customers/export"] {
            for method in [Method::GET, Method::POST, Method::OPTIONS] {
                let request = TestRequest::with_uri(path).method(method).to_request();
                assert_eq!(problem(call_service(&server, request).await).await, (404, 3001, vec![]), "{path}");
            }
        }
        for method in ["POST", "DELETE", "BREW"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = call_service(&server, TestRequest::with_uri("/health").method(method).to_request()).await;
            assert_eq!(answer.headers().get("allow").unwrap(), "GET, HEAD, OPTIONS");
            assert_eq!(problem(answer).await, (405, 2002, vec![]));
        }
    }

    #[actix_web::test]
    async fn options_tells_the_methods_and_head_is_as_get() {
        let server = serving(settings(), vec![]).await;
        let options = TestRequest::with_uri("/health").method(Method::OPTIONS).to_request();
        let answer = call_service(&server, options).await;
        assert_eq!(answer.status(), 204);
        assert_eq!(answer.headers().get("allow").unwrap(), "GET, HEAD, OPTIONS");
        let head = call_service(&server, TestRequest::with_uri("/health").method(Method::HEAD).to_request()).await;
        assert_eq!(head.status(), 200);
        assert_eq!(head.headers().get("content-type").unwrap(), "application/json");
    }

    #[actix_web::test]
    async fn literal_segments_are_never_taken_for_ids() {
        async fn words() -> &'static str {
            "words"
        }
        async fn id() -> &'static str {
            "id"
        }
        let table = vec![
            endpoint(Method::GET, "/things/{id}", Access::Public, id),
            endpoint(Method::PATCH, "/things/words", Access::Public, words),
            endpoint(Method::PATCH, "/things/{id}", Access::Public, id),
            endpoint(Method::GET, "/things/words/{id}", Access::Public, words),
        ];
        let server = serving(settings(), table).await;
        let read = |method: Method, path: &'static str| {
            let request = TestRequest::with_uri(path).method(method).to_request();
            let answer = call_service(&server, request);
            async { read_body(answer.await).await }
        };
        assert_eq!(read(Method::GET, "/things/7").await, "id");
        assert_eq!(read(Method::PATCH, "/things/7").await, "id");
        assert_eq!(read(Method::PATCH, "/things/words").await, "words");
        assert_eq!(read(Method::GET, "/things/words/7").await, "words");
        let answer = call_service(&server, TestRequest::with_uri("/things/words").to_request()).await;
        assert_eq!(answer.headers().get("allow").unwrap(), "PATCH, OPTIONS");
        assert_eq!(problem(answer).await.0, 405);
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

    #[test]
    fn sign_in_has_a_budget_of_its_own() {
        assert_eq!(policy_of("/auth/login"), Some(Policy::Auth));
        assert_eq!(policy_of("/customers/{id}"), Some(Policy::Default));
    }
}
