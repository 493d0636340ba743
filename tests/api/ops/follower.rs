//! Reads a stream of events as a program does.

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::timeout;

use crate::harness::client::is_stream;
use crate::harness::{Client, SOON};

/// A reader of `/ops/events`.
pub struct Follower {
    response: Response,
    received: String,
}

/// A message of the stream.
#[derive(Clone, Debug)]
pub struct Message {
    /// Absent from what tells of messages that were missed.
    pub id: Option<u64>,
    pub event: String,
    pub data: Value,
}

impl Follower {
    /// Follows what happens from now on, or after the event of this id.
    pub async fn of(client: &Client, after: Option<u64>) -> Self {
        let mut request = client.request(Method::GET, "//ops/events");
        if let Some(id) = after {
            request = request.header("last-event-id", id.to_string());
        }
        let response = request.send().await.expect("the server answers");
        assert_eq!(response.status(), 200);
        assert!(is_stream(response.headers()), "{:?}", response.headers());
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(!response.headers().contains_key("content-encoding"), "messages are not held back");
        Self { response, received: String::new() }
    }

    /// The next message; `None`: the stream has ended as it should.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((message, rest)) = self.received.split_once("\n\n") {
                let message = parse(message);
                self.received = rest.to_owned();
                match message {
                    Some(message) => return Some(message),
                    None => continue,
                }
            }
            let piece = timeout(SOON, self.response.chunk()).await.expect("something happens");
            let piece = piece.expect("the stream does not break off")?;
            self.received.push_str(std::str::from_utf8(&piece).expect("messages are sent whole"));
        }
    }

    /// Reads until a message is as `wanted`, and gives that.
    pub async fn until(&mut self, wanted: impl Fn(&Message) -> bool) -> Message {
        loop {
            let message = self.next().await.expect("the stream goes on");
            if wanted(&message) {
                return message;
            }
        }
    }
}

/// `None`: it is a comment, or says when to come back.
fn parse(message: &str) -> Option<Message> {
    let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).expect("data is JSON");
    let id = field("id").map(|id| id.parse().expect("a number"));
    Some(Message { id, event: field("event").expect("every message has a kind").to_owned(), data })
}
