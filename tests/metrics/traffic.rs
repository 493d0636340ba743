//! Requests of many kinds, so that every part of the server has something to tell.

use serde_json::json;

use crate::harness::Client;
use crate::harness::client::customer;

/// Signed in as the administrator: makes, reads, changes and lists customers and groups, and asks for what is not there.
/// `number` makes their names differ from those of another time. The id of the customer that was made.
pub async fn traffic(admin: &Client, number: usize) -> String {
    let made = admin.post("/customers", customer(number)).await.expect(201);
    let id = made["id"].as_str().expect("a customer has an id").to_owned();
    for _ in 0..5 {
        admin.get(&format!("/customers/{id}")).await.expect(200);
    }
    admin.patch(&format!("/customers/{id}"), json!({"company": "Acme"})).await.expect(200);
    admin.get("/customers?limit=5").await.expect(200);
    let group = json!({"name": format!("Group {number}")});
    admin.post("/customers/groups", group).await.expect(201);
    assert_eq!(admin.get("/customers/0123456789abcdef01234567").await.status, 404);
    assert_eq!(admin.get("/nothing").await.status, 404);
    admin.get("/customers/statistics").await.expect(200);
    admin.get("/audit/events").await.expect(200);
    admin.get("//health/ready").await.expect(200);
    id
}
