//! Files that pages are made of: they change with the program alone.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;

use super::conditional::none_match_fails;

/// Answers with a file. Browsers keep it, and ask each time whether it is still this program's: 304 where it is. Kept by
/// its age alone it would be used with the page of a later program.
pub(super) fn page_file(request: &HttpRequest, kind: &str, content: impl Into<Bytes>) -> HttpResponse {
    let content = content.into();
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let known = none_match_fails(request.headers(), &tag);
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "no-cache"));
    if known { answer.finish() } else { answer.content_type(kind).body(content) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_file_is_sent_once_and_again_when_it_is_another_one() {
        let ask = |known: &str, content: &'static str| {
            let request = TestRequest::get().insert_header((header::IF_NONE_MATCH, known)).to_http_request();
            page_file(&request, "text/css", content)
        };
        let first = ask("", "a {}");
        assert_eq!(
            (first.status().as_u16(), first.headers().get(header::CACHE_CONTROL).unwrap().to_str().unwrap()),
            (200, "no-cache")
        );
        let tag = first.headers().get(header::ETAG).unwrap().to_str().unwrap();
        assert_eq!(ask(tag, "a {}").status(), 304);
        assert_eq!(ask(tag, "b {}").status(), 200);
    }
}
