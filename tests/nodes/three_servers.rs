//! Two nodes that share MongoDB, Redis and RabbitMQ: what one of them was told holds on the other, also while a server is out.

use serde_json::json;

use crate::harness::client::customer;
use crate::harness::servers::{self, Proxy, Redis};
use crate::harness::trail::{assert_unbroken, whole_trail};
use crate::harness::{Client, SOON, TestServer, wait_until};
use crate::{Deployment, at};

/// Two nodes, and what stands between them and the servers.
struct Nodes {
    one: TestServer,
    other: TestServer,
    redis: Redis,
    /// The way to RabbitMQ.
    rabbitmq: Proxy,
}

impl Nodes {
    fn start(wanted: &[(&str, &str)]) -> Self {
        let (redis, rabbitmq) = (Redis::start(), Proxy::to(servers::rabbitmq().address()));
        let (deployment, url, prefix) =
            (Deployment::new("0"), servers::rabbitmq().url_at(rabbitmq.address()), servers::unique("nodes"));
        let queue = [("RABBITMQ_URL", url.as_str()), ("RABBITMQ_QUEUE_PREFIX", &prefix)];
        let wanted = [&queue, wanted].concat();
        let node = || deployment.node_with(&redis.url(), &wanted);
        Self { one: node(), other: node(), redis, rabbitmq }
    }

    /// The administrator, with one token at both nodes.
    async fn admins(&self) -> (Client, Client) {
        let one = self.one.admin().await;
        let other = at(&self.other, &one);
        (one, other)
    }
}

/// Whether a node tells that it is well, or has something in the place of what it lacks.
async fn health(client: &Client, dependency: &str) -> String {
    let body = client.get("//health").await.expect(200);
    body["checks"][dependency]["status"].as_str().expect("a status").to_owned()
}

#[actix_web::test]
async fn what_one_node_was_told_holds_on_the_other_from_the_next_request_on() {
    let nodes = Nodes::start(&[]);
    let (one, other) = nodes.admins().await;
    let made = one.post("/customers", customer(1)).await.expect(201);
    let path = format!("/customers/{}", made["id"].as_str().expect("an id"));
    for round in 0..50 {
        let (writer, reader) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let name = format!("Name {round}");
        writer.patch(&path, json!({ "name": name })).await.expect(200);
        assert_eq!(reader.get(&path).await.expect(200)["name"], name, "round {round}");
        assert_eq!(writer.get(&path).await.expect(200)["name"], name, "round {round}");
    }

    let member = nodes.one.user("ada@example.com", &["viewer"]).await;
    let elsewhere = at(&nodes.other, &member);
    elsewhere.get(&path).await.expect(200);
    let user = format!("/users/{}", member.user_id());
    one.patch(&user, json!({"roles": ["member"]})).await.expect(200);
    assert_eq!(elsewhere.get(&path).await.failure(), (403, 1005), "a role that was taken away");
    member.post("/auth/logout", json!({"refreshToken": member.refresh_token()})).await.expect(204);
    assert_eq!(elsewhere.get("/auth/me").await.failure(), (401, 1004), "a session that was ended");
}

#[actix_web::test]
async fn budgets_and_lockouts_are_one_over_the_nodes() {
    let nodes = Nodes::start(&[("RATE_LIMIT_MAX_REQUESTS", "20"), ("RATE_LIMIT_AUTH_MAX_REQUESTS", "1000")]);
    let (one, other) = nodes.admins().await;
    let mut answers = Vec::new();
    for number in 0..22 {
        let node = if number % 2 == 0 { &one } else { &other };
        answers.push(node.get("/auth/me").await.status);
    }
    // That route is of the other budget.
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    answers.clear();
    for number in 0..22 {
        let node = if number % 2 == 0 { &one } else { &other };
        answers.push(node.get("/customers").await.status);
    }
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 2, "{answers:?}");

    let wrong = json!({"email": "nobody@example.com", "password": "no password of anybody"});
    let (one, other) = (nodes.one.client(), nodes.other.client());
    for number in 0..5 {
        let node = if number % 2 == 0 { &one } else { &other };
        assert_eq!(node.post("/auth/login", wrong.clone()).await.failure(), (401, 1002), "attempt {number}");
    }
    assert_eq!(one.post("/auth/login", wrong.clone()).await.failure(), (423, 1006));
    assert_eq!(other.post("/auth/login", wrong).await.failure(), (423, 1006));
}

#[actix_web::test]
async fn without_redis_reads_go_to_the_store_and_nothing_old_is_served() {
    let nodes = Nodes::start(&[]);
    let (one, other) = nodes.admins().await;
    let made = one.post("/customers", customer(1)).await.expect(201);
    let path = format!("/customers/{}", made["id"].as_str().expect("an id"));
    other.get(&path).await.expect(200);
    nodes.redis.kill();
    for round in 0..10 {
        let name = format!("Without {round}");
        one.patch(&path, json!({ "name": name })).await.expect(200);
        assert_eq!(other.get(&path).await.expect(200)["name"], name, "round {round}");
    }
    assert_eq!(health(&one, "cache").await, "degraded");
    assert_eq!(health(&one, "limiter").await, "degraded");
    one.get("//health/ready").await.expect(200);
    nodes.redis.restart();
    let up = || nodes.one.backend().cache().is_up() && nodes.other.backend().cache().is_up();
    wait_until(SOON, up, "both nodes have found Redis again").await;
    other.patch(&path, json!({"name": "With"})).await.expect(200);
    assert_eq!(one.get(&path).await.expect(200)["name"], "With");
}

#[actix_web::test]
async fn without_rabbitmq_everything_is_done_and_told_later() {
    let nodes = Nodes::start(&[]);
    let (one, other) = nodes.admins().await;
    one.post("/customers", customer(0)).await.expect(201);
    nodes.rabbitmq.refuse();
    for number in 1..=20 {
        let node = if number % 2 == 0 { &one } else { &other };
        node.post("/customers", customer(number)).await.expect(201);
    }
    wait_until(
        SOON,
        || !nodes.one.backend().broker().is_up() || !nodes.other.backend().broker().is_up(),
        "it is missed",
    )
    .await;
    one.get("//health/ready").await.expect(200);
    nodes.rabbitmq.pass();
    let trail = whole_trail(&one, "marker").await;
    assert_unbroken(&trail);
    let created = trail.iter().filter(|event| event["action"] == "customer.created" && event["requestId"] != "marker");
    assert!(created.count() >= 21, "every one is told of");
}
