//! The methods that a path does not have: OPTIONS is answered, the others are refused (§10).

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Route, web};

use super::caller::Caller;
use super::error::ApiError;

/// The methods of a path.
#[derive(Debug, Default)]
pub(super) struct Methods(Vec<Method>);

impl Methods {
    /// One more method.
    pub(super) fn add(&mut self, method: Method) {
        let is_get = method == Method::GET;
        self.0.push(method);
        if is_get {
            self.0.push(Method::HEAD);
        }
    }

    /// As `Allow` has them, OPTIONS among them.
    fn allow(&self) -> HeaderValue {
        let names: Vec<_> = self.0.iter().map(Method::as_str).chain(["OPTIONS"]).collect();
        HeaderValue::try_from(names.join(", ")).expect("methods may stand in a header")
    }
}

/// Answers what is left: 204 to OPTIONS, the preflight of browsers included, 405 to any other.
pub(super) fn answer_other_methods(methods: Methods) -> Route {
    let allow = methods.allow();
    web::to(move |request: HttpRequest, caller: Caller| {
        let allow = allow.clone();
        async move {
            if request.method() != Method::OPTIONS {
                return ApiError::method_not_allowed(allow).answer(&caller);
            }
            let mut answer = HttpResponse::NoContent();
            answer.insert_header((header::ALLOW, allow.clone()));
            let mut answer = answer.finish();
            caller.api().cors.answer_preflight(request.headers(), allow, answer.headers_mut());
            answer
        }
    })
}
