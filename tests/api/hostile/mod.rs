//! What nobody should send: it is refused as the contract says, changes nothing, and is never a 500.

mod bodies;
mod framing;
mod headers;
mod kept;
mod paths;
mod queries;

use std::ops::Deref;

use serde_json::{Value, json};

use crate::contents;
use crate::harness::{Client, TestServer};

/// A server that holds something that could be harmed, and remembers how it was.
pub struct Target {
    server: TestServer,
    /// An administrator.
    pub admin: Client,
    /// The path of a customer.
    pub customer: String,
    /// The path of a group that the customer is in.
    pub group: String,
    before: Vec<String>,
}

impl Target {
    pub async fn new() -> Self {
        let server = TestServer::start();
        let admin = server.admin().await;
        let body = json!({"name": "Ada", "email": "ada@example.com", "tags": ["a"], "metadata": {"k": "v"}});
        let customer = admin.post("/customers", body).await.expect(201);
        let group = admin.post("/customers/groups", json!({"name": "Friends"})).await.expect(201);
        let path = |kind: &str, made: &Value| format!("/{kind}/{}", made["id"].as_str().expect("an id"));
        let (customer_path, group) = (path("customers", &customer), path("customers/groups", &group));
        let members = json!({"customerIds": [customer["id"]]});
        admin.post(&format!("{group}/customers"), members).await.expect(200);
        let before = contents::of(&server).await;
        Self { server, admin, customer: customer_path, group, before }
    }

    /// Asserts that everything is as it was, and that the server still does what it is asked.
    pub async fn is_unharmed(&self) {
        assert_eq!(contents::of(&self.server).await, self.before);
        let read = self.admin.get(&self.customer).await;
        assert_eq!(read.status, 200, "{}", read.text);
    }
}

impl Deref for Target {
    type Target = TestServer;

    fn deref(&self) -> &TestServer {
        &self.server
    }
}
