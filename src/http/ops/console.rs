//! `GET /ops`: the console, a page that signs in through the API and shows what operators need (§9).

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::http::schema::responses::NotFound;
use crate::http::{ApiError, Caller, docs};
use crate::model::error::ErrorCode;

/// The page. Its parts are files of their own, so that the page policy need not allow anything inline.
const PAGE: &str = include_str!("console/console.html");

/// The files that the page is made of: name, type, content.
const FILES: [(&str, &str, &str); 3] = [
    ("console.css", "text/css", include_str!("console/console.css")),
    ("console.js", "text/javascript", include_str!("console/console.js")),
    ("icon.svg", "image/svg+xml", include_str!("console/icon.svg")),
];

/// The operators' console.
///
/// A page that signs in through the API, shows all actors and pools live, restarts them and sets the log level.
#[utoipa::path(get, path = "/ops", operation_id = "console", tag = "Operations",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub async fn page(caller: Caller) -> HttpResponse {
    let api = caller.api().base().trim_start_matches('/');
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(PAGE.replace("{api}", api))
}

/// A file that the console is made of.
#[utoipa::path(get, path = "/ops/{file}", operation_id = "consoleFile", tag = "Operations",
    params(("file" = String, Path, description = "The file's name", example = "console.css")),
    responses(
        (status = 200, description = "The file.", content(
            (String = "text/css"), (String = "text/javascript"), (String = "image/svg+xml"))),
        (status = 404, response = NotFound)))]
pub async fn file(name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let file = FILES.iter().find(|(known, ..)| *known == *name);
    let (_, kind, content) = file.ok_or_else(|| ApiError::new(ErrorCode::ResourceNotFound, "There is no such file"))?;
    let lifetime = (header::CACHE_CONTROL, docs::FILE_LIFETIME);
    Ok(HttpResponse::Ok().insert_header(lifetime).content_type(*kind).body(*content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_page_names_is_there_and_no_other() {
        let mut named: Vec<&str> = PAGE.split("\"ops/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        named.sort_unstable();
        assert_eq!(named, FILES.map(|(name, ..)| name));
    }

    #[test]
    fn the_page_keeps_to_its_policy() {
        assert!(!PAGE.contains("http") && !PAGE.contains("<style") && !PAGE.contains("<script>"));
        assert!(!PAGE.contains(" style=") && !PAGE.contains(" onclick"), "nothing is inline");
        let script = FILES[1].2;
        assert!(
            !script.contains("innerHTML") && !script.contains("Storage"),
            "no markup is made of texts, no token is kept"
        );
    }

    #[test]
    fn the_console_is_small() {
        let bytes = PAGE.len() + FILES.iter().map(|(.., content)| content.len()).sum::<usize>();
        assert!(bytes < 25_000, "{bytes} bytes");
    }
}
