//! Whether the server has what a writer was promised.

use serde_json::Value;

use super::super::Client;
use super::Writer;
use super::change::{Customer, Group};

impl Writer {
    /// Fails unless the server has everything as it was promised.
    pub async fn verify(&self, admin: &Client) {
        for known in &self.customers {
            let answer = admin.get(&format!("/customers/{}", known.id)).await;
            if known.deleted {
                assert_eq!(answer.failure(), (410, 3004), "{known:?}: {answer:?}");
                continue;
            }
            let body = answer.expect(200);
            let stored = Customer {
                id: text(&body["id"]),
                name: text(&body["name"]),
                email: text(&body["email"]),
                company: body["company"].as_str().map(str::to_owned),
                version: body["version"].as_u64().expect("a version"),
                deleted: false,
                groups: body["groupIds"].as_array().expect("a list").iter().map(text).collect(),
            };
            assert_eq!(stored, *known, "of {}", self.name);
        }
        for known in &self.groups {
            let body = admin.get(&format!("/customers/groups/{}", known.id)).await.expect(200);
            let version = body["version"].as_u64().expect("a version");
            assert_eq!(Group { id: text(&body["id"]), name: text(&body["name"]), version }, *known, "of {}", self.name);
            let members =
                self.customers.iter().filter(|customer| !customer.deleted && customer.groups.contains(&known.id));
            assert_eq!(body["memberCount"].as_u64(), Some(members.count() as u64), "{body}");
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
