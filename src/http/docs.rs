//! `/openapi.json`: what this API can do, for programs; `/docs`: the same for people, who can try it there (§9).

use std::borrow::Cow;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use utoipa_swagger_ui::Config;

use crate::model::error::ErrorCode;

use super::page_file::page_file;
use super::schema::responses::NotFound;
use super::{ApiError, Caller};

pub use super::schema::document::document;

/// The page. Its parts are files of their own, so that the page policy need not allow anything inline.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Clientele: the API</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
"#;

/// Shows the document on the page. Nothing is fetched from elsewhere, nothing is sent elsewhere.
const START: &str = r##"SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  filter: true,
  validatorUrl: null,
});
"##;

/// The API document (OpenAPI 3.1).
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "Operations",
    responses((status = 200, description = "This document.", body = Object)))]
pub async fn openapi(caller: Caller) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(written(caller.api().base()))
}

/// The document of an API with this base, as it is sent.
fn written(base: &str) -> Bytes {
    /// The last one that was asked for, with its base: of a server there is one.
    static LAST: Mutex<Option<(String, Bytes)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some((known, bytes)) if known == base => bytes.clone(),
        _ => {
            let written = document(base).to_json().expect("a document is made of texts, lists and objects");
            let bytes = Bytes::from(written);
            *last = Some((base.to_owned(), bytes.clone()));
            bytes
        }
    }
}

/// A page to read about the API and to try it.
#[utoipa::path(get, path = "/docs", operation_id = "docs", tag = "Operations",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub async fn page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(PAGE)
}

/// A file that the page is made of.
#[utoipa::path(get, path = "/docs/{file}", operation_id = "docsFile", tag = "Operations",
    params(("file" = String, Path, description = "The file's name", example = "swagger-ui.css")),
    responses(
        (status = 200, description = "The file.", content(
            (String = "text/css"), (String = "text/javascript"), (String = "image/png"), (String = "text/html"),
            (String = "application/json"))),
        (status = 404, response = NotFound)))]
pub async fn file(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| Arc::new(Config::default()));
    if *name == "start.js" {
        return Ok(page_file(&request, "text/javascript", START));
    }
    let file = utoipa_swagger_ui::serve(&name, Arc::clone(&CONFIG)).ok().flatten();
    let file = file.ok_or_else(|| ApiError::new(ErrorCode::ResourceNotFound, "There is no such file"))?;
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Ok(page_file(&request, &file.content_type, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header;
    use actix_web::test::TestRequest;

    #[actix_web::test]
    async fn every_file_that_the_page_names_is_there() {
        let names: Vec<&str> = PAGE.split("\"docs/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(names.len(), 4);
        for name in names {
            let request = TestRequest::get().to_http_request();
            let answer = file(request, web::Path::from(name.to_owned())).await.unwrap();
            assert!(answer.headers().contains_key(header::CONTENT_TYPE), "{name}");
        }
        let request = TestRequest::get().to_http_request();
        assert!(file(request, web::Path::from("../Cargo.toml".to_owned())).await.is_err());
    }

    #[test]
    fn the_page_keeps_to_its_policy() {
        assert!(!PAGE.contains("http") && !PAGE.contains("<style") && !PAGE.contains("<script>"));
    }

    #[test]
    fn the_document_is_that_of_the_base_that_was_asked_for() {
        for base in ["/api/v1", "/api/v2", "/api/v1"] {
            let written = String::from_utf8(written(base).to_vec()).unwrap();
            assert!(written.contains(&format!("\"{base}/customers\"")), "{base}");
        }
    }
}
