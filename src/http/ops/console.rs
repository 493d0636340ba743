//! `GET /ops`: the console, a page that signs in through the API and shows what operators need (§9).

use actix_web::{HttpRequest, HttpResponse};

use crate::http::Caller;
use crate::http::page_file::page_file;

/// The page. Its parts are files of their own, so that the page policy need not allow anything inline.
const PAGE: &str = include_str!("console/console.html");

const STYLE: &str = include_str!("console/console.css");
const SCRIPT: &str = include_str!("console/console.js");
const ICON: &str = include_str!("console/icon.svg");

/// The operators' console.
///
/// A page that signs in through the API, shows all actors and pools live, restarts them and sets the log level.
#[utoipa::path(get, path = "/ops", operation_id = "console", tag = "Operations",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub async fn page(caller: Caller) -> HttpResponse {
    let api = caller.api().base().trim_start_matches('/');
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(PAGE.replace("{api}", api))
}

/// How the console looks.
#[utoipa::path(get, path = "/ops/console.css", operation_id = "consoleStyle", tag = "Operations",
    responses((status = 200, description = "The file.", body = String, content_type = "text/css")))]
pub async fn style(request: HttpRequest) -> HttpResponse {
    page_file(&request, "text/css", STYLE)
}

/// What the console does.
#[utoipa::path(get, path = "/ops/console.js", operation_id = "consoleScript", tag = "Operations",
    responses((status = 200, description = "The file.", body = String, content_type = "text/javascript")))]
pub async fn script(request: HttpRequest) -> HttpResponse {
    page_file(&request, "text/javascript", SCRIPT)
}

/// The sign that browsers show for the console.
#[utoipa::path(get, path = "/ops/icon.svg", operation_id = "consoleIcon", tag = "Operations",
    responses((status = 200, description = "The file.", body = String, content_type = "image/svg+xml")))]
pub async fn icon(request: HttpRequest) -> HttpResponse {
    page_file(&request, "image/svg+xml", ICON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_page_names_is_there_and_no_other() {
        let mut named: Vec<&str> = PAGE.split("\"ops/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        named.sort_unstable();
        assert_eq!(named, ["console.css", "console.js", "icon.svg"]);
    }

    #[test]
    fn the_page_keeps_to_its_policy() {
        assert!(!PAGE.contains("http") && !PAGE.contains("<style") && !PAGE.contains("<script>"));
        assert!(!PAGE.contains(" style=") && !PAGE.contains(" onclick"), "nothing is inline");
        assert!(
            !SCRIPT.contains("innerHTML") && !SCRIPT.contains("Storage"),
            "no markup is made of texts, no token is kept"
        );
    }

    #[test]
    fn the_console_is_small() {
        let bytes = [PAGE, STYLE, SCRIPT, ICON].map(str::len).iter().sum::<usize>();
        assert!(bytes < 25_000, "{bytes} bytes");
    }
}
