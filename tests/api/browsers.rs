//! What browsers are told: who may read answers (CORS), and how pages are protected (§9, §10).

use reqwest::Method;

use crate::harness::client::Answer;
use crate::harness::{Client, TestServer};

const OURS: &str = "https://app.example.com";

async fn from(client: &Client, origin: &str, path: &str) -> Answer {
    client.send(client.request(Method::GET, path).header("origin", origin)).await
}

async fn preflight(client: &Client, origin: &str) -> Answer {
    let request = client.request(Method::OPTIONS, "/customers/0123456789abcdef01234567");
    let request = request.header("origin", origin).header("access-control-request-method", "PATCH");
    client.send(request.header("access-control-request-headers", "authorization,content-type,if-match")).await
}

fn list(answer: &Answer, name: &str) -> Vec<String> {
    answer.header(name).split(", ").map(str::to_ascii_lowercase).collect()
}

#[tokio::test]
async fn without_a_list_every_page_may_read_but_none_with_credentials() {
    let server = TestServer::start();
    let client = server.client();
    for path in ["//health", "/customers", "/unknown"] {
        let answer = from(&client, OURS, path).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{path}");
        let exposed = list(&answer, "access-control-expose-headers");
        for header in ["etag", "x-request-id", "location", "link", "ratelimit", "ratelimit-policy", "retry-after"] {
            assert!(exposed.iter().any(|name| name == header), "{header} is not exposed: {exposed:?}");
        }
    }
    let answer = preflight(&client, OURS).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
    let (methods, headers) =
        (list(&answer, "access-control-allow-methods"), list(&answer, "access-control-allow-headers"));
    assert!(
        ["get", "put", "patch", "delete"].iter().all(|method| methods.iter().any(|name| name == method)),
        "{methods:?}"
    );
    for header in ["authorization", "content-type", "if-match", "if-none-match", "x-request-id", "idempotency-key"] {
        assert!(headers.iter().any(|name| name == header), "{header} is not allowed: {headers:?}");
    }
}

#[tokio::test]
async fn listed_origins_may_read_and_others_may_not() {
    let server = TestServer::with(&[("ALLOWED_ORIGINS", "https://app.example.com, http://localhost:3000")]);
    let client = server.client();
    for origin in [OURS, "http://localhost:3000"] {
        for answer in [from(&client, origin, "/customers").await, preflight(&client, origin).await] {
            assert_eq!(answer.header("access-control-allow-origin"), origin);
            assert!(!answer.headers.contains_key("access-control-allow-credentials"));
            assert!(list(&answer, "vary").contains(&"origin".to_owned()), "{:?}", answer.headers);
        }
    }
    for origin in ["https://evil.example", "https://app.example.com.evil.example", "http://app.example.com", "null"] {
        for answer in [from(&client, origin, "/customers").await, preflight(&client, origin).await] {
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}: {:?}", answer.headers);
            assert!(!answer.headers.contains_key("access-control-allow-methods"), "{origin}: {:?}", answer.headers);
            assert!(list(&answer, "vary").contains(&"origin".to_owned()), "{:?}", answer.headers);
        }
    }
    assert_eq!(server.client().get("//health").await.status, 200, "those who are no browsers are answered as ever");
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let server = TestServer::start();
    let (client, admin) = (server.client(), server.admin().await);
    let no_content = client.send(client.request(Method::OPTIONS, "/customers")).await;
    let not_modified = admin.send(admin.request(Method::GET, "/auth/me").header("if-none-match", "*")).await;
    let answers = [
        (200, client.get("//health").await),
        (200, admin.get("/customers").await),
        (200, client.get("//docs").await),
        (200, client.get("//docs/swagger-ui.css").await),
        (204, no_content),
        (304, not_modified),
        (400, admin.get("/customers/7").await),
        (401, client.get("/customers").await),
        (404, client.get("/unknown").await),
        (405, client.delete("/customers").await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{}", answer.text);
        for (name, value) in [
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("origin-agent-cluster", "?1"),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("x-content-type-options", "nosniff"),
            ("x-dns-prefetch-control", "off"),
            ("x-download-options", "noopen"),
            ("x-frame-options", "SAMEORIGIN"),
            ("x-permitted-cross-domain-policies", "none"),
            ("x-xss-protection", "0"),
        ] {
            assert_eq!(answer.header(name), value, "{status} {name}");
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{status}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{status}: {policy}");
        assert!(!answer.headers.contains_key("server") && !answer.headers.contains_key("x-powered-by"));
    }
}
