//! How the table of endpoints is mounted.
//!
//! One table says for each path and method who may ask. 404, 405 with `Allow`, OPTIONS and HEAD follow from it, and
//! each request goes through the [gate](super::gate) before anything of it is parsed, so that answers come
//! in the contract's order (§10): 404, 405, 429, 401, 403, 413 or 415, 400, and then what the actor says.

use actix_web::http::Method;
use actix_web::{HttpResponse, Route, guard, web};

use crate::actors::rate_limiter::Policy;

use super::api::Api;
use super::caller::Caller;
use super::endpoint::{Access, Endpoint, Terms};
use super::endpoints;
use super::error::ApiError;
use super::figures::HttpFigures;
use super::methods::{Methods, answer_other_methods};

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
    let figures = &api.settings.figures;
    mount_under(config, api.base(), endpoints::api(), figures, policy_of);
    mount_under(config, "", endpoints::root(), figures, |_| None);
}

/// The budget that requests to a path of the API come out of (§8).
fn policy_of(path: &str) -> Option<Policy> {
    Some(if path.starts_with("/auth/") { Policy::Auth } else { Policy::Default })
}

pub(super) fn mount_under(
    config: &mut web::ServiceConfig,
    base: &str,
    mut table: Vec<Endpoint>,
    figures: &HttpFigures,
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
            let figures = figures.endpoint(&method, format!("{base}{path}"));
            resource = resource.route(guarded_by(route(terms(access), figures), &method));
            methods.add(method);
            endpoint = table.next_if(|next| next.path == path);
        }
        config.service(resource.default_service(answer_other_methods(methods)));
    }
}

/// Where a path stands among others: those of its literal segments come before those that would take them for an id,
/// and short ones, which are asked for most and cannot be taken for long ones, before long ones.
fn order(path: &str) -> (usize, Vec<bool>, &str) {
    let segments: Vec<_> = path.split('/').map(|segment| segment.starts_with('{')).collect();
    (segments.len(), segments, path)
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
    use super::super::endpoint::endpoint;
    use super::super::testing::{problem, serving, settings};
    use super::*;
    use actix_web::test::{TestRequest, call_service, read_body};

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

    #[test]
    fn sign_in_has_a_budget_of_its_own() {
        assert_eq!(policy_of("/auth/login"), Some(Policy::Auth));
        assert_eq!(policy_of("/customers/{id}"), Some(Policy::Default));
    }
}
