//! Compression by `Accept-Encoding`, from 1 KiB on (§1).

use actix_http::encoding::Decoder;
use actix_http::header::ContentEncoding;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use reqwest::Method;

use crate::harness::{Client, TestServer};

/// The status, the encoding and the bytes of an answer.
async fn fetch(client: &Client, path: &str, accepted: &str) -> (String, String, Bytes) {
    let request = client.request(Method::GET, path).header("accept-encoding", accepted);
    let answer = request.send().await.expect("the server answers");
    assert_eq!(answer.status(), 200, "{path}");
    let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().expect("ASCII")).to_owned();
    let (encoding, vary) = (header("content-encoding"), header("vary"));
    (encoding, vary, answer.bytes().await.expect("the answer has a body"))
}

async fn decoded(encoding: ContentEncoding, body: Bytes) -> Vec<u8> {
    let pieces = stream::iter([Ok::<_, actix_http::error::PayloadError>(body)]);
    let mut decoder = Decoder::new(pieces, encoding);
    let mut decoded = Vec::new();
    while let Some(piece) = decoder.next().await {
        decoded.extend_from_slice(&piece.expect("the body is compressed as it says"));
    }
    decoded
}

#[tokio::test]
async fn answers_come_in_the_encoding_that_is_asked_for() {
    let server = TestServer::start();
    let client = server.client();
    let (encoding, _, plain) = fetch(&client, "//openapi.json", "identity").await;
    assert_eq!(encoding, "");
    assert!(plain.len() > 10_000, "{} bytes", plain.len());
    for (name, encoding) in
        [("gzip", ContentEncoding::Gzip), ("br", ContentEncoding::Brotli), ("zstd", ContentEncoding::Zstd)]
    {
        for path in ["//openapi.json", "//docs/swagger-ui.css"] {
            let (_, _, plain) = fetch(&client, path, "identity").await;
            let (told, vary, body) = fetch(&client, path, name).await;
            assert_eq!((told.as_str(), vary.to_ascii_lowercase().as_str()), (name, "accept-encoding"), "{path}");
            assert!(body.len() * 2 < plain.len(), "{path}: {} of {} bytes", body.len(), plain.len());
            assert_eq!(decoded(encoding, body).await, plain, "{path} {name}");
        }
    }
    for (accepted, expected) in
        [("gzip;q=0.5, br;q=1", "br"), ("gzip, br;q=0", "gzip"), ("*;q=0", ""), ("deflate", ""), ("GZIP", "gzip")]
    {
        assert_eq!(fetch(&client, "//openapi.json", accepted).await.0, expected, "{accepted}");
    }
}

#[tokio::test]
async fn small_answers_are_sent_as_they_are() {
    let server = TestServer::start();
    let admin = server.admin().await;
    for path in ["//health/live", "/customers", "//docs"] {
        let (encoding, _, body) = fetch(&admin, path, "gzip, br, zstd").await;
        assert!(encoding.is_empty() && body.len() < 1_024, "{path}: {encoding}, {} bytes", body.len());
    }
    // One customer whose JSON grows byte by byte over the border.
    let made = admin.post("/customers", crate::harness::client::customer(1)).await.expect(201);
    let path = format!("/customers/{}", made["id"].as_str().expect("an id"));
    let metadata = serde_json::json!({"a": "x".repeat(490), "b": ""});
    let bare = admin.patch(&path, serde_json::json!({"metadata": metadata})).await.text.len();
    for (size, expected) in [(1_023, ""), (1_024, "gzip")] {
        let filling = serde_json::json!({"metadata": {"b": "x".repeat(size - bare)}});
        assert_eq!(admin.patch(&path, filling).await.text.len(), size);
        assert_eq!(fetch(&admin, &path, "gzip").await.0, expected, "{size} bytes");
    }
}
