//! `GET /errors/{NAME}`: explains each error code, as a page or as JSON (§2).

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::model::error::ErrorCode;

use super::error::ApiError;
use super::schema::operations::ErrorExplanation;
use super::schema::responses::NotFound;
use super::schema::scalars::ErrorName;

/// Explain an error code.
#[utoipa::path(get, path = "/errors/{name}", operation_id = "explainError", tag = "Operations",
    params(("name" = ErrorName, Path, description = "The code's name")),
    responses(
        (status = 200, description = "What it means.", content(
            (ErrorExplanation = "application/json"), (String = "text/html"))),
        (status = 404, response = NotFound)))]
pub(super) async fn explain(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let code = ErrorCode::by_name(&name)
        .ok_or_else(|| ApiError::new(ErrorCode::ResourceNotFound, "There is no such error code"))?;
    let accepted = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::VARY, "Accept"));
    if accepted.contains("text/html") {
        return Ok(answer.content_type("text/html; charset=utf-8").body(page(code)));
    }
    Ok(answer.json(serde_json::json!({
        "type": format!("/errors/{}", code.name()),
        "title": code.title(),
        "status": ApiError::plain(code).status().as_u16(),
        "code": code,
        "name": code.name(),
        "explanation": code.explanation(),
    })))
}

fn page(code: ErrorCode) -> String {
    let (number, name, title) = (code.number(), code.name(), code.title());
    let status = ApiError::plain(code).status();
    let explanation = code.explanation();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{number} {name}</title>\n\
         <h1>{title}</h1>\n<p>{explanation}</p>\n\
         <dl>\n<dt>Code</dt><dd>{number}</dd>\n<dt>Name</dt><dd>{name}</dd>\n<dt>Status</dt><dd>{status}</dd>\n</dl>\n</html>\n"
    )
}
