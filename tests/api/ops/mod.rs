//! What operators see of a running server, and what they do to it (§9, §10).

mod actors;
mod console;
mod events;
mod follower;
mod log_level;
mod restart;

use actix::{Handler, Message};
use clientele::actors::customers::CustomerActor;
use clientele::actors::supervision::{AskError, Isolated, isolated_future};
use clientele::testkit::soon;
use serde_json::Value;
use tokio::time::Instant;

use crate::harness::{Client, SOON, TestServer};

/// A message whose handler panics.
#[derive(Message)]
#[rtype(result = "()")]
struct Poison;

impl Handler<Poison> for CustomerActor {
    type Result = Isolated<Self, ()>;

    fn handle(&mut self, _: Poison, _: &mut Self::Context) -> Self::Result {
        isolated_future(async { panic!("poisoned") })
    }
}

/// Has the customers' actor of the first worker meet a panic.
async fn poison(server: &TestServer) {
    let customers = server.backend().workers()[0].customers.clone();
    assert_eq!(customers.ask(soon(), Poison).await, Err(AskError::Crashed { reason: "poisoned".into() }));
}

/// The tree's row of this name, once it is as `wanted`.
async fn row(admin: &Client, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let until = Instant::now() + SOON;
    loop {
        let tree = admin.get("//ops/actors").await.expect(200);
        let rows = tree["actors"].as_array().expect("a list");
        let row = rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name} in {tree:#}"));
        if wanted(row) {
            return row.clone();
        }
        assert!(Instant::now() < until, "it is still so: {row:#}");
    }
}

/// The numbers of the lives that an actor's replicas are in.
fn incarnations(row: &Value) -> Vec<u64> {
    let replicas = row["replicas"].as_array().expect("a list");
    replicas.iter().map(|replica| replica["incarnation"].as_u64().expect("a number")).collect()
}
