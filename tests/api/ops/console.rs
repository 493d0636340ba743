//! The console (§9): a page for browsers, made of its own files alone.

use reqwest::Method;

use crate::harness::TestServer;
use crate::problem::assert_problem;

#[tokio::test]
async fn the_console_is_a_page_of_its_own_files_that_knows_where_the_api_is() {
    for version in ["v1", "v2"] {
        let server = TestServer::with(&[("API_VERSION", version)]);
        let client = server.client();
        let page = client.get("//ops").await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"), "{policy}");
        assert!(page.text.contains(&format!("data-api=\"api/{version}\"")), "{}", page.text);
        for (file, kind) in
            [("console.js", "text/javascript"), ("console.css", "text/css"), ("icon.svg", "image/svg+xml")]
        {
            assert!(page.text.contains(&format!("\"ops/{file}\"")), "{file} is used: {}", page.text);
            let answer = client.get(&format!("//ops/{file}")).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, kind), "{file}");
            assert_eq!(answer.header("cache-control"), "no-cache", "it is this program's, not the last one's");
            let again = client.request(Method::GET, &format!("//ops/{file}"));
            let again = client.send(again.header("if-none-match", answer.header("etag"))).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{file}");
            assert!(
                !answer.text.is_empty() && answer.header("content-security-policy").starts_with("default-src 'none'")
            );
        }
    }
}

#[tokio::test]
async fn files_that_are_not_there_are_404_and_routes_are_not_taken_for_files() {
    let server = TestServer::start();
    let client = server.client();
    for file in ["console.html", "nothing.js", "..%2FCargo.toml", "CONSOLE.JS"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let request = client.request(method, &format!("//ops/{file}"));
            assert_problem(&client.send(request).await, 404, 3001);
        }
    }
    for route in ["actors", "events", "log-level"] {
        assert_problem(&client.get(&format!("//ops/{route}")).await, 401, 1001);
    }
    assert_problem(&client.post("//ops", serde_json::json!({})).await, 405, 2002);
    assert_problem(&client.get("//ops?x=1").await, 400, 2002);
}
