//! Several nodes over the same store and the same Redis: what one has answered, the next request on another goes by.

#[path = "../harness/mod.rs"]
mod harness;
mod three_servers;

use std::time::Duration;

use harness::client::PASSWORD;
use harness::servers::{self, Proxy, Redis, unique};
use harness::{Client, TestServer, wait_until};
use serde_json::json;

/// Nodes of one deployment that nobody else has.
struct Deployment {
    database: String,
    prefix: String,
    limit: &'static str,
}

impl Deployment {
    fn new(limit: &'static str) -> Self {
        Self { database: servers::mongodb().uri(&unique("nodes")), prefix: unique("nodes"), limit }
    }

    /// A node with one worker: what it was told once, it knows.
    fn node(&self, redis: &str) -> TestServer {
        self.node_with(redis, &[])
    }

    /// The same, with these settings beside the usual ones.
    fn node_with(&self, redis: &str, wanted: &[(&str, &str)]) -> TestServer {
        let usual = [
            ("MONGODB_URI", self.database.as_str()),
            ("REDIS_URL", redis),
            ("REDIS_KEY_PREFIX", &self.prefix),
            ("JWT_SECRET", "a secret that all nodes of this deployment share"),
            ("JWT_REFRESH_SECRET", "another secret that all nodes of this deployment share"),
            ("RATE_LIMIT_MAX_REQUESTS", self.limit),
            ("RATE_LIMIT_AUTH_MAX_REQUESTS", self.limit),
            ("MAX_WORKERS", "1"),
        ];
        TestServer::with(&[&usual, wanted].concat())
    }

    fn two_nodes(&self) -> [TestServer; 2] {
        let redis = servers::redis().url();
        [self.node(&redis), self.node(&redis)]
    }
}

/// The same session at another node.
fn at(node: &TestServer, client: &Client) -> Client {
    node.client().with_token(client.access_token().expect("signed in"))
}

async fn customer(admin: &Client) -> String {
    let made = admin.post("/customers", json!({"name": "Ada", "email": "ada@example.com"})).await.expect(201);
    format!("/customers/{}", made["id"].as_str().expect("an id"))
}

#[actix_web::test]
async fn who_signs_out_at_one_node_is_signed_out_at_all() {
    let [one, other] = Deployment::new("100000").two_nodes();
    for number in 0..20 {
        let user = one.client().registered(&format!("user-{number}@example.com")).await;
        let elsewhere = at(&other, &user);
        for _ in 0..3 {
            assert_eq!((user.get("/auth/me").await.status, elsewhere.get("/auth/me").await.status), (200, 200));
        }
        assert_eq!(user.post("/auth/logout", json!({"refreshToken": user.refresh_token()})).await.status, 204);
        assert_eq!(elsewhere.get("/auth/me").await.failure(), (401, 1004));
    }
}

#[actix_web::test]
async fn roles_and_customers_are_as_any_node_has_changed_them() {
    let [one, other] = Deployment::new("100000").two_nodes();
    let admin = one.admin().await;
    let path = customer(&admin).await;
    let user = other.client().registered("user@example.com").await;
    let account = format!("/users/{}", user.user_id());
    for number in 0..20 {
        assert_eq!(user.get(&path).await.failure(), (403, 1005));
        admin.patch(&account, json!({"roles": ["viewer"]})).await.expect(200);
        admin.patch(&path, json!({"name": format!("Ada {number}")})).await.expect(200);
        assert_eq!(user.get(&path).await.expect(200)["name"], format!("Ada {number}"));
        admin.patch(&account, json!({"roles": ["member"]})).await.expect(200);
    }
    assert_eq!(user.post("/auth/logout", json!({"refreshToken": user.refresh_token()})).await.status, 204);
}

#[actix_web::test]
async fn a_budget_is_one_over_all_nodes() {
    let [one, other] = Deployment::new("30").two_nodes();
    let user = one.client().registered("user@example.com").await;
    let elsewhere = at(&other, &user);
    let mut let_in = 0;
    for _ in 0..20 {
        let_in += usize::from(user.get("/auth/me").await.status == 200);
        let_in += usize::from(elsewhere.get("/auth/me").await.status == 200);
    }
    assert_eq!(let_in, 30);
}

#[actix_web::test]
async fn a_request_asks_redis_once() {
    let redis = Redis::start();
    let proxy = Proxy::to(redis.address());
    let deployment = Deployment::new("100000");
    let node = deployment.node(&redis.url_at(proxy.address()));
    let other = deployment.node(&redis.url());
    let admin = node.admin().await;
    let path = customer(&admin).await;
    let elsewhere = at(&other, &admin);
    admin.get(&path).await.expect(200);
    let loads = || node.backend().cache().stats().loads;

    // A heartbeat may fall among them: what each kind of request costs is the least of several.
    let mut least = (u64::MAX, u64::MAX);
    for _ in 0..5 {
        let before = (proxy.requests(), loads());
        admin.get(&path).await.expect(200);
        least = least.min((proxy.requests() - before.0, loads() - before.1));
    }
    assert_eq!(least, (1, 0), "what is at hand");

    let mut least = (u64::MAX, u64::MAX);
    for number in 0..5 {
        elsewhere.patch(&path, json!({"name": format!("Ada {number}")})).await.expect(200);
        let before = (proxy.requests(), loads());
        assert_eq!(admin.get(&path).await.expect(200)["name"], format!("Ada {number}"));
        least = least.min((proxy.requests() - before.0, loads() - before.1));
    }
    assert_eq!(least, (1, 1), "what another node has changed");

    let mut session = admin.refresh_token().to_owned();
    let mut least = u64::MAX;
    for _ in 0..5 {
        let before = proxy.requests();
        let tokens = node.client().post("/auth/refresh-token", json!({"refreshToken": session})).await.expect(200);
        least = least.min(proxy.requests() - before);
        session = tokens["refreshToken"].as_str().expect("a token").to_owned();
    }
    assert!(least <= 2, "{least} for a refresh");
}

#[actix_web::test]
async fn without_redis_nodes_go_on_and_no_answer_is_old() {
    let redis = Redis::start();
    let deployment = Deployment::new("100000");
    let [one, other] = [deployment.node(&redis.url()), deployment.node(&redis.url())];
    let admin = one.admin().await;
    let path = customer(&admin).await;
    let user = one.client().registered("user@example.com").await;
    let elsewhere = [at(&other, &admin), at(&other, &user)];
    assert_eq!((elsewhere[0].get(&path).await.status, elsewhere[1].get("/auth/me").await.status), (200, 200));

    redis.kill();
    admin.patch(&path, json!({"name": "Grace"})).await.expect(200);
    assert_eq!(elsewhere[0].get(&path).await.expect(200)["name"], "Grace");
    assert_eq!(user.post("/auth/logout", json!({"refreshToken": user.refresh_token()})).await.status, 204);
    assert_eq!(elsewhere[1].get("/auth/me").await.failure(), (401, 1004));
    assert_eq!(one.client().get("//health").await.expect(200)["status"], "degraded");

    redis.restart();
    for node in [&one, &other] {
        wait_until(Duration::from_secs(5), || node.backend().cache().is_up(), "Redis is found again").await;
    }
    admin.patch(&path, json!({"name": "Ada"})).await.expect(200);
    assert_eq!(elsewhere[0].get(&path).await.expect(200)["name"], "Ada");
    one.client().signed_in("user@example.com", PASSWORD).await;
}
