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

#[cfg(test)]
mod tests {
    use super::super::testing::{json, problem, serving, settings};
    use super::*;
    use actix_web::test::{TestRequest, call_service, read_body};

    #[actix_web::test]
    async fn each_code_is_explained_as_a_page_and_as_json() {
        let server = serving(settings(), vec![]).await;
        for &code in ErrorCode::ALL {
            let uri = format!("/errors/{}", code.name());
            let body = json(call_service(&server, TestRequest::with_uri(&uri).to_request()).await).await;
            assert_eq!(body["code"], code.number());
            let browser = TestRequest::with_uri(&uri).insert_header(("accept", "text/html,application/xml;q=0.9,*/*"));
            let answer = call_service(&server, browser.to_request()).await;
            assert_eq!(answer.headers().get("content-type").unwrap(), "text/html; charset=utf-8");
            assert!(String::from_utf8_lossy(&read_body(answer).await).contains(code.title()));
        }
        let answer = call_service(&server, TestRequest::with_uri("/errors/NO_SUCH").to_request()).await;
        assert_eq!(problem(answer).await, (404, 3001, vec![]));
    }
}
