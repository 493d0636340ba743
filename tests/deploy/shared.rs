//! Nodes that share a store, and are restarted while customers are made, read and removed through nginx.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use reqwest::Method;
use serde_json::{Value, json};

use crate::front::Front;
use crate::harness::servers::{MongoDb, unique};
use crate::harness::{ADMIN, Client, SOON, wait_until};
use crate::nodes::Node;
use crate::rolling::ROOM;

/// What one sender has made, and what failed.
#[derive(Default)]
struct Made {
    kept: usize,
    failures: Vec<String>,
}

impl Made {
    /// The answer to a request, if it is what it should be.
    async fn told(
        &mut self,
        client: &Client,
        method: Method,
        path: &str,
        body: Option<Value>,
        status: u16,
    ) -> Option<Value> {
        let mut request = client.request(method.clone(), path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        match client.try_send(request).await {
            Ok(answer) if answer.status == status => return Some(answer.body),
            Ok(answer) => self.failures.push(format!("{method} {path}: {} {}", answer.status, answer.text)),
            Err(error) => self.failures.push(format!("{method} {path}: {error:?}")),
        }
        None
    }
}

/// Makes customers, reads them and removes every other, one request after the other, until it is over.
async fn keep_customers(client: Client, sender: usize, over: Arc<AtomicBool>, steps: Arc<AtomicUsize>) -> Made {
    let mut made = Made::default();
    for number in 0.. {
        if over.load(Relaxed) {
            break;
        }
        let body = json!({"name": "Ada", "email": format!("c{sender}-{number}@example.com")});
        let Some(created) = made.told(&client, Method::POST, "/customers", Some(body), 201).await else { continue };
        let path = format!("/customers/{}", created["id"].as_str().expect("an id"));
        made.told(&client, Method::GET, &path, None, 200).await;
        match number % 2 {
            0 => _ = made.told(&client, Method::DELETE, &path, None, 204).await,
            _ => made.kept += 1,
        }
        steps.fetch_add(1, Relaxed);
    }
    made
}

#[actix_web::test]
async fn what_is_written_while_nodes_are_restarted_is_written_once() {
    let mongodb = MongoDb::start();
    let uri = mongodb.uri(&unique("rolling"));
    let mut nodes = [Node::start(&[("MONGODB_URI", &uri)]), Node::start(&[("MONGODB_URI", &uri)])];
    let front = Front::start(&nodes.each_ref().map(Node::address).each_ref().map(String::as_str), &ROOM);
    let client = Client::over(front.client(), &front.url()).signed_in(ADMIN.0, ADMIN.1).await;
    let (over, steps) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            actix_web::rt::spawn(keep_customers(client.clone(), sender, Arc::clone(&over), Arc::clone(&steps)))
        })
        .collect();
    let restarts = actix_web::rt::task::spawn_blocking(move || {
        nodes.iter_mut().for_each(Node::restart);
        nodes
    });
    let _nodes = restarts.await.expect("they restart");
    let before = steps.load(Relaxed);
    wait_until(SOON, || steps.load(Relaxed) > before + 50, "customers are made afterwards").await;
    over.store(true, Relaxed);
    let mut kept = 0;
    for sender in senders {
        let made = sender.await.expect("it ends");
        assert!(made.failures.is_empty(), "{:#?}\n{}", made.failures, front.errors());
        kept += made.kept;
    }
    let page = client.get("/customers?limit=1&include=total").await.expect(200);
    assert_eq!(page["page"]["total"], kept, "each that was answered is there, and no other");
    println!("{} steps, {kept} kept", steps.load(Relaxed));
}
