//! Health, metrics, the explanation of errors, and the API's document (§2, §9).

use clientele::model::error::ErrorCode;
use serde_json::json;

use super::Walk;
use crate::harness::Client;
use crate::like::assert_like;
use crate::problem::assert_problem;

/// Looks at what everybody may see.
pub async fn look_around(walk: &Walk) {
    let nobody = walk.server.client();
    let health = super::json(walk.get(&nobody, "/health").await, 200);
    let memory = json!({"heapUsed": "<count>", "heapTotal": "<count>", "external": "<count>", "rss": "<count>"});
    let expected = json!({"status": "ok", "timestamp": "<time>", "version": env!("CARGO_PKG_VERSION"),
        "environment": "development", "memoryUsage": memory, "uptime": "<count>", "checks": health["checks"]});
    assert_like(&health, &expected);
    let used = |name: &str| health["memoryUsage"][name].as_u64().expect("a number");
    assert!(used("rss") >= 5 && used("rss") < 2_000, "in MB: {health}");
    assert!(used("heapUsed") >= 1 && used("heapUsed") <= used("heapTotal"), "{health}");
    for part in ["actors", "broker", "cache", "limiter", "store"] {
        assert_eq!(health["checks"][part]["status"], "ok", "{part}");
    }
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(super::json(walk.get(&nobody, path).await, 200)["status"], "ok", "{path}");
    }
    errors(walk).await;
    let metrics = walk.get(&nobody, "/metrics").await;
    assert_eq!((metrics.status, metrics.header("content-type")), (200, "text/plain; version=0.0.4; charset=utf-8"));
    assert!(metrics.text.contains("\nclientele_ready 1\n"), "{}", metrics.text);
    let document = super::json(walk.get(&nobody, "/openapi.json").await, 200);
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    for (path, kind) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/swagger-ui.css", "text/css"),
        ("/ops", "text/html; charset=utf-8"),
        ("/ops/console.js", "text/javascript"),
        ("/ops/console.css", "text/css"),
        ("/ops/icon.svg", "image/svg+xml"),
    ] {
        let answer = walk.get(&nobody, path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, kind), "{path}");
    }
}

/// Watches and operates the server.
pub async fn operate(walk: &Walk, admin: &Client) {
    let tree = super::json(walk.get(admin, "/ops/actors").await, 200);
    let names: Vec<_> = tree["actors"].as_array().expect("a list").iter().map(|row| row["name"].clone()).collect();
    for name in ["auth", "customers", "groups", "audit", "rate-limiter", "passwords"] {
        assert!(names.contains(&json!(name)), "{name} in {names:?}");
    }
    let answer = walk.post(admin, "/ops/actors/customers/restart", json!(null)).await;
    assert_eq!(super::json(answer, 202), json!({"name": "customers", "restarted": 2}));
    let open = walk.get(admin, "/ops/events").await;
    assert_eq!((open.status, open.header("content-type")), (200, "text/event-stream"));
    let level = super::json(walk.get(admin, "/ops/log-level").await, 200);
    assert_eq!(level, json!({"level": "info"}));
    for change in [json!({"level": "warn"}), json!({"level": "info"})] {
        assert_eq!(super::json(walk.put(admin, "/ops/log-level", change.clone()).await, 200), change);
    }
}

async fn errors(walk: &Walk) {
    let nobody = walk.server.client();
    for code in ErrorCode::ALL {
        let path = format!("/errors/{}", code.name());
        let told = super::json(walk.get(&nobody, &path).await, 200);
        assert_eq!((&told["code"], &told["name"]), (&json!(code.number()), &json!(code.name())));
        assert_eq!(told["type"], path);
        let page = nobody.send(nobody.request(reqwest::Method::GET, &format!("/{path}")).header("accept", "text/html"));
        let page = page.await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.text.contains(code.name()), "{}", page.text);
    }
    assert_problem(&walk.get(&nobody, "/errors/NO_SUCH_ERROR").await, 404, 3001);
}
