//! Compresses answers by `Accept-Encoding`, where they are large enough to gain by it (§1).

use actix_http::encoding::Encoder;
use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody as _};
use actix_web::http::header::{self, ContentEncoding, HeaderMap, HeaderValue};

/// Smaller bodies are sent as they are, in bytes.
const SMALLEST: u64 = 1 << 10;

/// What we can do; of equally welcome ones the first is taken.
const ENCODINGS: [(&str, ContentEncoding); 3] =
    [("zstd", ContentEncoding::Zstd), ("br", ContentEncoding::Brotli), ("gzip", ContentEncoding::Gzip)];

/// The answer, compressed in the way that the client likes best, or as it is.
pub(super) fn compressed(request: &HeaderMap, answer: HttpResponse) -> HttpResponse {
    let gains = match answer.body().size() {
        BodySize::Sized(size) => size >= SMALLEST,
        BodySize::Stream => true,
        BodySize::None => false,
    };
    // An encoder would hold messages back until it has many of them.
    let is_live = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    if !gains || is_live || answer.headers().contains_key(header::CONTENT_ENCODING) {
        return answer;
    }
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok());
    match accepted.and_then(best) {
        // Says in the answer's headers what it does, `Vary` included.
        Some(encoding) => answer.map_body(|head, body| BoxBody::new(Encoder::response(encoding, head, body))),
        None => {
            let mut answer = answer;
            answer.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
            answer
        }
    }
}

/// The best of the encodings that a client accepts (RFC 9110 §12.5.3); `None`: send it as it is.
fn best(accepted: &str) -> Option<ContentEncoding> {
    let welcome = |name: &str| accepted.split(',').find_map(|member| quality(member, name));
    let mut best = None;
    let mut best_quality = 0;
    for (name, encoding) in ENCODINGS {
        let quality = welcome(name).or_else(|| welcome("*")).unwrap_or(0);
        if quality > best_quality {
            (best, best_quality) = (Some(encoding), quality);
        }
    }
    best
}

/// How welcome an encoding is by one member of the list, in thousandths; `None`: the member is of another.
fn quality(member: &str, name: &str) -> Option<u32> {
    let (encoding, weight) = member.split_once(';').unwrap_or((member, "q=1"));
    if !encoding.trim().eq_ignore_ascii_case(name) {
        return None;
    }
    let weight = weight.trim().strip_prefix("q=")?.parse::<f32>().ok()?;
    Some((weight.clamp(0.0, 1.0) * 1_000.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_welcome_encoding_is_taken() {
        let table = [
            ("gzip", Some(ContentEncoding::Gzip)),
            ("gzip, deflate, br, zstd", Some(ContentEncoding::Zstd)),
            ("gzip, deflate, br", Some(ContentEncoding::Brotli)),
            ("gzip;q=1.0, br;q=0.5", Some(ContentEncoding::Gzip)),
            ("GZIP", Some(ContentEncoding::Gzip)),
            ("*", Some(ContentEncoding::Zstd)),
            ("*, zstd;q=0", Some(ContentEncoding::Brotli)),
            ("identity", None),
            ("gzip;q=0", None),
            ("deflate", None),
            ("gzip;q=x", None),
            ("", None),
        ];
        for (accepted, expected) in table {
            assert_eq!(best(accepted), expected, "{accepted}");
        }
    }

    #[test]
    fn answers_are_compressed_from_1_kib_on() {
        let mut request = HeaderMap::new();
        request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let encoding = |size: usize| {
            let answer = compressed(&request, HttpResponse::Ok().body(vec![b'a'; size]));
            answer.headers().get(header::CONTENT_ENCODING).cloned()
        };
        assert_eq!(encoding(1_023), None);
        assert_eq!(encoding(1_024).unwrap(), "gzip");
        let live = HttpResponse::Ok().content_type("text/event-stream").body(vec![b'a'; 1_024]);
        assert!(!compressed(&request, live).headers().contains_key(header::CONTENT_ENCODING));
    }
}
