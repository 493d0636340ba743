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

#[cfg(test)]
mod tests {
    use super::super::endpoint::{Access, endpoint_with_query};
    use super::super::testing::{json, problem, serving, settings};
    use super::*;
    use crate::actors::listing::Position;
    use crate::model::id::ObjectId;
    use actix_web::http::Method;
    use actix_web::test::{TestRequest, call_service};

    struct Number(u64);

    impl Represent for Number {
        type Representation<'a> = u64;

        fn represent(&self) -> u64 {
            self.0
        }
    }

    /// A list of all numbers: what is behind a place begins with its number.
    fn numbers(page: PageParameters) -> Listing<Number> {
        let PageRequest { limit, after, total } = page.request();
        let first = after.map_or(0, |position| serde_json::to_value(position.value).unwrap().as_u64().unwrap() + 1);
        let last = first + limit as u64 - 1;
        let next = Some(Position { value: (last as i64).into(), id: ObjectId::from_bytes([0; 12]) });
        page.answer(Page { items: (first..=last).map(Number).collect(), next, total: total.then_some(1_000) })
    }

    async fn list(page: PageParameters) -> Listing<Number> {
        numbers(page)
    }

    async fn filtered(mut parameters: Parameters) -> Result<Listing<Number>, ApiError> {
        let page = PageParameters::read(&mut parameters);
        parameters.take("sort");
        parameters.take("q");
        Ok(numbers(parameters.finish(|| page.unwrap())?))
    }

    fn table() -> Vec<super::super::endpoint::Endpoint> {
        vec![
            endpoint_with_query(Method::GET, "/numbers", Access::Public, list),
            endpoint_with_query(Method::GET, "/others", Access::Public, list),
            endpoint_with_query(Method::GET, "/filtered", Access::Public, filtered),
        ]
    }

    #[actix_web::test]
    async fn a_list_is_followed_by_its_links() {
        let server = serving(settings(), table()).await;
        let mut uri = "/numbers?limit=3&include=total".to_owned();
        for first in [0, 3, 6] {
            let answer = call_service(&server, TestRequest::with_uri(&uri).to_request()).await;
            let link = answer.headers().get("link").unwrap().to_str().unwrap().to_owned();
            let body = json(answer).await;
            assert_eq!(body["data"], serde_json::json!([first, first + 1, first + 2]));
            assert_eq!(body["page"]["limit"], 3);
            assert_eq!(body["page"]["hasMore"], true);
            assert_eq!(body["page"]["total"], 1_000);
            uri = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
            assert!(uri.contains(body["page"]["nextCursor"].as_str().unwrap()));
        }
    }

    #[actix_web::test]
    async fn a_cursor_of_another_list_sort_or_filter_is_refused() {
        let server = serving(settings(), table()).await;
        let status = |uri: String| {
            let answer = call_service(&server, TestRequest::with_uri(&uri).to_request());
            async { answer.await.status().as_u16() }
        };
        let answer = call_service(&server, TestRequest::with_uri("/filtered?sort=name&q=a").to_request()).await;
        let cursor = json(answer).await["page"]["nextCursor"].as_str().unwrap().to_owned();
        assert_eq!(status(format!("/filtered?sort=name&q=a&cursor={cursor}")).await, 200);
        assert_eq!(status(format!("/filtered?cursor={cursor}&limit=7&q=a&sort=name")).await, 200);
        for foreign in ["/filtered?sort=name", "/filtered?sort=-name&q=a", "/filtered?sort=name&q=b", "/numbers?a"] {
            assert_eq!(status(format!("{foreign}&cursor={cursor}")).await, 400, "{foreign}");
        }
        let answer = call_service(&server, TestRequest::with_uri("/others?cursor=forged").to_request()).await;
        assert_eq!(problem(answer).await, (400, 2002, vec!["/cursor".to_owned()]));
    }

    #[actix_web::test]
    async fn everything_wrong_with_a_page_is_told_at_once() {
        let server = serving(settings(), table()).await;
        let uri = "/numbers?limit=101&include=everything&cursor=&sort=name";
        let answer = call_service(&server, TestRequest::with_uri(uri).to_request()).await;
        let pointers = ["/limit", "/cursor", "/include", "/sort"].map(str::to_owned).to_vec();
        assert_eq!(problem(answer).await, (400, 2002, pointers));
    }
}
