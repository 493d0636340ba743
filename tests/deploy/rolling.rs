//! Nodes that are restarted one after the other while requests come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use reqwest::{Client, Method};
use serde_json::json;

use crate::front::Front;
use crate::harness::{ADMIN, SOON, wait_until};
use crate::nodes::Node;

/// Far more than one address is meant to send.
pub const ROOM: [(&str, &str); 2] =
    [("limit_conn connections 100", "limit_conn connections 1000"), ("rate=200r/s", "rate=100000r/s")];

/// What came of a load.
#[derive(Default)]
struct Load {
    ended: AtomicBool,
    answered: AtomicUsize,
    failures: parking_lot::Mutex<Vec<String>>,
}

impl Load {
    /// Sends requests of every method, one after the other, until the load ends.
    async fn send(self: Arc<Self>, http: Client, url: String, sender: usize) {
        // Nobody is signed in at two nodes that share nothing: 401 is the word of a node that has looked at the request.
        let requests = [
            (Method::GET, "/customers", None, 401),
            (Method::POST, "/customers", Some(json!({"name": "Ada", "email": "ada@example.com"})), 401),
            (Method::PUT, "/customers/507f1f77bcf86cd799439011", Some(json!({"name": "Ada"})), 401),
            (Method::PATCH, "/customers/507f1f77bcf86cd799439011", Some(json!({"name": "Ada"})), 401),
            (Method::DELETE, "/customers/507f1f77bcf86cd799439011", None, 401),
            (Method::POST, "/auth/login", Some(json!({"email": ADMIN.0, "password": ADMIN.1})), 200),
        ];
        for number in sender.. {
            if self.ended.load(Relaxed) {
                return;
            }
            // Hashing passwords is refused where it would take too long: one at a time is enough.
            let place = if sender == 0 { 5 } else { number % 5 };
            let (method, path, body, expected) = &requests[place];
            let mut request = http.request(method.clone(), format!("{url}/api/v1{path}"));
            if let Some(body) = body {
                request = request.json(body);
            }
            match request.send().await {
                Ok(answer) if answer.status() == *expected => _ = self.answered.fetch_add(1, Relaxed),
                Ok(answer) => {
                    let failure = format!("{method} {path}: {} {:?}", answer.status(), answer.text().await);
                    self.failures.lock().push(failure);
                }
                Err(error) => self.failures.lock().push(format!("{method} {path}: {error:?}")),
            }
        }
    }
}

/// Sends requests from many senders at once while this goes on, and fails if one of them does.
async fn under_load<T: Send + 'static>(front: &Front, http: &Client, work: impl FnOnce() -> T + Send + 'static) -> T {
    let load = Arc::new(Load::default());
    let senders: Vec<_> =
        (0..16).map(|sender| actix_web::rt::spawn(Arc::clone(&load).send(http.clone(), front.url(), sender))).collect();
    let done = actix_web::rt::task::spawn_blocking(work).await.expect("it is done");
    // Whoever has come back is asked again.
    let before = load.answered.load(Relaxed);
    wait_until(SOON, || load.answered.load(Relaxed) > before + 500, "requests are answered afterwards").await;
    load.ended.store(true, Relaxed);
    for sender in senders {
        sender.await.expect("it ends");
    }
    let (failures, answered) = (load.failures.lock(), load.answered.load(Relaxed));
    assert!(failures.is_empty(), "{} failed, {answered} answered: {failures:#?}\n{}", failures.len(), front.errors());
    println!("{answered} answered");
    done
}

#[actix_web::test]
async fn nodes_are_restarted_one_after_the_other_without_a_failed_request() {
    let mut nodes = [Node::start(&[]), Node::start(&[])];
    let front = Front::start(&nodes.each_ref().map(Node::address).each_ref().map(String::as_str), &ROOM);
    let restarts = move || {
        for _ in 0..2 {
            nodes.iter_mut().for_each(Node::restart);
        }
        nodes
    };
    under_load(&front, &front.client(), restarts).await;
}

#[actix_web::test]
async fn nginx_reads_its_configuration_anew_without_a_failed_request() {
    let nodes = [Node::start(&[]), Node::start(&[])];
    let front = Arc::new(Front::start(&nodes.each_ref().map(Node::address).each_ref().map(String::as_str), &ROOM));
    // A connection that is idle when its worker ends is closed: a client that would send on it must not be the test's.
    let http = front.client_without_memory();
    let reloaded = Arc::clone(&front);
    let reloads = move || {
        for _ in 0..5 {
            reloaded.reload();
        }
    };
    under_load(&front, &http, reloads).await;
}
