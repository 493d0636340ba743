//! `/metrics`: what this process counts, for Prometheus (§9).

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use async_trait::async_trait;

use crate::config::Secret;
use crate::model::error::ErrorCode;

use super::api::Api;
use super::caller::Caller;
use super::error::ApiError;
use super::gate;
use super::schema::responses::Unauthorized;

/// Writes down what the process counts.
#[async_trait]
pub trait MetricsSource: Send + Sync {
    /// Every family at this moment. Never longer than a second or so, however the parts of the server are.
    async fn write(&self, format: Exposition) -> String;
}

/// The metrics, and who may read them.
#[derive(Clone)]
pub struct Metrics {
    /// Writes them down.
    pub source: Arc<dyn MetricsSource>,
    /// What to show as bearer token; `None`: anybody may read them.
    pub token: Option<Secret>,
}

/// How metrics are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// The text format of Prometheus, version 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Metrics {
    /// Lets those in who show the token. Comparing takes the same time wherever it differs.
    fn admit(&self, headers: &HeaderMap) -> Result<Scraper, ApiError> {
        let Some(token) = &self.token else { return Ok(Scraper) };
        let shown = gate::bearer(headers).ok_or_else(|| ApiError::plain(ErrorCode::Unauthorized))?;
        if Secret::new(shown) == *token { Ok(Scraper) } else { Err(ApiError::plain(ErrorCode::TokenInvalid)) }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("token", &self.token).finish_non_exhaustive()
    }
}

/// Whoever may read the metrics.
pub(super) struct Scraper;

impl FromRequest for Scraper {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Caller::of(request).api().settings.metrics.admit(request.headers()))
    }
}

/// `GET /metrics`.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "Operations",
    summary = "What this process counts, for Prometheus.",
    description = "Where `METRICS_TOKEN` is set, it is wanted as bearer token.",
    security((), ("metricsToken" = [])),
    responses(
        (status = 200, description = "All metrics, in OpenMetrics where `Accept` prefers it.", content(
            (String = "text/plain"), (String = "application/openmetrics-text"))),
        (status = 401, response = Unauthorized)))]
pub(super) async fn scrape(_: Scraper, request: HttpRequest, api: web::Data<Api>) -> HttpResponse {
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    let format = Exposition::preferred(accepted.unwrap_or_default());
    let text = api.settings.metrics.source.write(format).await;
    HttpResponse::Ok()
        .content_type(format.media_type())
        .append_header((header::VARY, HeaderValue::from_static("accept")))
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .body(text)
}

impl Exposition {
    /// The format that an `Accept` header likes best (RFC 9110 §12.5.1); that of Prometheus where it does not say.
    fn preferred(accepted: &str) -> Self {
        let best = |is: fn(&str) -> bool| accepted.split(',').filter_map(|range| quality(range, is)).max();
        let open_metrics = best(|kind| kind == "application/openmetrics-text").unwrap_or(0);
        let text = best(|kind| kind == "text/plain").unwrap_or(0);
        if open_metrics > 0 && open_metrics >= text { Self::OpenMetrics } else { Self::Prometheus }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// How welcome a media range is, in thousandths, if it is the one that is looked for, in a version that we write.
fn quality(range: &str, is: fn(&str) -> bool) -> Option<u32> {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next()?.to_ascii_lowercase();
    let mut quality = 1_000;
    for part in parts {
        match part.split_once('=') {
            Some(("q", weight)) => quality = (weight.parse::<f32>().ok()?.clamp(0.0, 1.0) * 1_000.0) as u32,
            Some(("version", version)) if !["0.0.4", "1.0.0"].contains(&version) => return None,
            _ => {}
        }
    }
    is(&kind).then_some(quality)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problem, serving, settings};
    use super::*;
    use actix_web::test::{TestRequest, call_service, read_body};

    #[test]
    fn the_format_is_the_one_that_is_liked_best() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accepted, expected) in [
            ("", Exposition::Prometheus),
            ("*/*", Exposition::Prometheus),
            ("text/plain", Exposition::Prometheus),
            (prometheus, Exposition::OpenMetrics),
            ("application/openmetrics-text", Exposition::OpenMetrics),
            ("application/openmetrics-text; version=0.0.1", Exposition::Prometheus),
            ("application/openmetrics-text;q=0.1, text/plain", Exposition::Prometheus),
            ("application/openmetrics-text;q=0", Exposition::Prometheus),
            ("application/openmetrics-text;q=nonsense", Exposition::Prometheus),
        ] {
            assert_eq!(Exposition::preferred(accepted), expected, "{accepted}");
        }
    }

    #[actix_web::test]
    async fn whoever_shows_no_token_or_another_one_is_refused() {
        let mut settings = settings();
        settings.metrics.token = Some(Secret::new("scrape-me"));
        let server = serving(settings, vec![]).await;
        let request = |authorization: Option<&str>| {
            let request = TestRequest::with_uri("/metrics");
            authorization.into_iter().fold(request, |request, value| request.insert_header(("authorization", value)))
        };
        for (authorization, code) in [
            (None, 1001),
            (Some("Basic c2NyYXBlLW1l"), 1001),
            (Some("Bearer scrape-m"), 1004),
            (Some("Bearer x"), 1004),
        ] {
            let answer = call_service(&server, request(authorization).to_request()).await;
            assert!(answer.headers().contains_key("www-authenticate"), "{authorization:?}");
            assert_eq!(problem(answer).await, (401, code, vec![]), "{authorization:?}");
        }
        let answer = call_service(&server, request(Some("Bearer scrape-me")).to_request()).await;
        assert_eq!(answer.headers().get("content-type").unwrap(), Exposition::Prometheus.media_type());
        assert_eq!(read_body(answer).await, "nothing 1\n");
    }

    #[actix_web::test]
    async fn a_wrong_token_comes_before_a_wrong_query() {
        let mut settings = settings();
        settings.metrics.token = Some(Secret::new("scrape-me"));
        let server = serving(settings, vec![]).await;
        let answer = call_service(&server, TestRequest::with_uri("/metrics?name=x").to_request()).await;
        assert_eq!(problem(answer).await.0, 401);
    }
}
