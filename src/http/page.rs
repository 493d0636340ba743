//! Lists by pages (§1): `limit`, `cursor`, `include=total`, and the answer with its `Link`.

use std::future::{Ready, ready};

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use serde::{Serialize, Serializer};

use crate::actors::listing::{Page, PageRequest};

use super::caller::Caller;
use super::error::ApiError;
use super::query::Parameters;
use super::representation::Represent;

/// How many items a page has at most.
pub const LARGEST: u64 = 100;

/// How many it has where nothing is said.
pub const USUAL: u64 = 20;

/// The parameters that choose a page and not a list.
const PAGING: [&str; 3] = ["limit", "cursor", "include"];

/// Which page of a list is asked for.
///
/// As an extractor it is for lists that take no other parameters; others [`read`](Self::read) it among theirs.
#[derive(Clone, Debug)]
pub struct PageParameters {
    request: PageRequest,
    scope: String,
}

impl PageParameters {
    /// Takes the page's parameters out of a query. `None` if anything is wrong with them.
    pub fn read(parameters: &mut Parameters) -> Option<Self> {
        let scope = scope(&parameters.request);
        let caller = Caller::of(&parameters.request);
        let key = &caller.api().settings.cursor_key;
        let limit = parameters.integer("limit", 1, LARGEST);
        let open = |cursor: &str| key.open(&scope, cursor);
        let after =
            parameters.checked("cursor", open, || "is not a cursor of this list, in this order, with these filters");
        let total = parameters.choice("include", &[("total", true)]).unwrap_or(false);
        let limit = usize::try_from(limit.unwrap_or(USUAL)).ok()?;
        Some(Self { request: PageRequest { limit, after, total }, scope })
    }

    /// What to ask an actor for.
    pub fn request(&self) -> PageRequest {
        self.request.clone()
    }

    /// The answer with this page.
    pub fn answer<T: Represent>(self, page: Page<T>) -> Listing<T> {
        Listing { limit: self.request.limit, scope: self.scope, page }
    }
}

impl FromRequest for PageParameters {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut parameters = Parameters::of(request);
        let page = Self::read(&mut parameters);
        let page = parameters.finish(|| page.expect("a page without a fault was read"));
        ready(page.map_err(ApiError::from))
    }
}

/// What tells one list from all others: its path, sort and filters. The order of the parameters does not matter.
fn scope(request: &HttpRequest) -> String {
    let mut others = list_parameters(request);
    others.sort_unstable();
    format!("{}?{}", request.path(), others.join("&"))
}

/// The parameters that choose the list, as they were given.
fn list_parameters(request: &HttpRequest) -> Vec<&str> {
    let chooses_list = |pair: &&str| !pair.is_empty() && !PAGING.contains(&pair.split('=').next().unwrap_or_default());
    request.query_string().split('&').filter(chooses_list).collect()
}

/// One page of a list, and the way to the next.
#[derive(Debug)]
pub struct Listing<T> {
    limit: usize,
    scope: String,
    page: Page<T>,
}

impl<T: Represent> Responder for Listing<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let caller = Caller::of(request);
        let key = &caller.api().settings.cursor_key;
        let next_cursor = self.page.next.as_ref().map(|position| key.seal(&self.scope, position));
        let mut answer = HttpResponse::Ok();
        if let Some(cursor) = &next_cursor {
            answer.insert_header((header::LINK, self.link(request, cursor)));
        }
        answer.json(Shown {
            data: &self.page.items,
            page: PageInfo {
                limit: self.limit,
                has_more: next_cursor.is_some(),
                next_cursor: next_cursor.as_deref(),
                total: self.page.total,
            },
        })
    }
}

impl<T> Listing<T> {
    /// The way to the next page: the same list with the same limit, from the cursor on.
    fn link(&self, request: &HttpRequest, cursor: &str) -> String {
        let mut query = list_parameters(request).join("&");
        if !query.is_empty() {
            query.push('&');
        }
        if self.page.total.is_some() {
            query.push_str("include=total&");
        }
        format!("<{}?{query}limit={}&cursor={cursor}>; rel=\"next\"", request.uri().path(), self.limit)
    }
}

/// The body of a page.
#[derive(Serialize)]
struct Shown<'a, T: Represent> {
    #[serde(serialize_with = "represented")]
    data: &'a [T],
    page: PageInfo<'a>,
}

/// What is told of a page itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo<'a> {
    limit: usize,
    has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

fn represented<T: Represent, S: Serializer>(items: &&[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().map(Represent::represent))
}
