//! `audit dead-letters`: told, replayed, and refused where there are none.

use clientele::broker::rabbitmq::{RabbitBroker, RabbitOptions};
use clientele::broker::{Broker, Delivery, Message};
use clientele::model::id::ObjectId;
use clientele::model::time::Time;
use serde_json::Value;
use tempfile::tempdir;

use crate::harness::servers;
use crate::run::{run, run_with};

/// The queues of one test.
struct Queues {
    prefix: String,
    broker: RabbitBroker,
}

impl Queues {
    fn new() -> Self {
        let prefix = servers::unique("cli");
        let broker = RabbitBroker::new(RabbitOptions::new(servers::rabbitmq().url(), &prefix)).unwrap();
        Self { prefix, broker }
    }

    fn environment(&self) -> [(&str, String); 2] {
        [("RABBITMQ_URL", servers::rabbitmq().url()), ("RABBITMQ_QUEUE_PREFIX", self.prefix.clone())]
    }

    #[track_caller]
    fn well(&self, arguments: &[&str]) -> String {
        let folder = tempdir().expect("a temporary folder can be made");
        let environment = self.environment();
        let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
        run_with(folder.path(), arguments, &environment).well()
    }

    async fn set_aside(&self, bodies: &[&str]) -> Vec<ObjectId> {
        let mut consumer = self.broker.consume().await.unwrap();
        let message =
            |body: &&str| Message { id: ObjectId::new(Time::from_millis(0)), body: (*body).into(), traceparent: None };
        let sent: Vec<_> = bodies.iter().map(message).collect();
        let ids = sent.iter().map(|message| message.id).collect();
        self.broker.publish(sent).await.unwrap();
        let mut rejected = 0;
        while rejected < bodies.len() {
            let batch = consumer.next_batch(100).await.unwrap();
            rejected += batch.len();
            batch.into_iter().for_each(Delivery::reject);
        }
        while self.broker.dead_letters(100).await.unwrap().len() < bodies.len() {
            tokio::task::yield_now().await;
        }
        ids
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_told_and_replayed() {
    let queues = Queues::new();
    assert_eq!(queues.well(&["audit", "dead-letters", "list"]), "There are no dead letters.\n");

    let ids = queues.set_aside(&[r#"{"action":"customer.created"}"#, "no event"]).await;
    let told = queues.well(&["audit", "dead-letters", "list"]);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(
        lines[1].starts_with(&ids[0].to_string()) && lines[1].ends_with("rejected        customer.created"),
        "{told}"
    );
    assert!(lines[2].starts_with(&ids[1].to_string()) && lines[2].ends_with("not an event"), "{told}");

    let told = queues.well(&["audit", "dead-letters", "list", "--json", "--limit", "1"]);
    let letter: Value = serde_json::from_str(&told).expect("one line of JSON");
    assert_eq!(letter["id"], ids[0].to_string());
    assert_eq!(letter["message"]["action"], "customer.created");

    let id = ids[1].to_string();
    assert_eq!(queues.well(&["audit", "dead-letters", "replay", "--id", &id]), "Replayed 1, left 1.\n");
    assert_eq!(queues.well(&["audit", "dead-letters", "replay", "--all"]), "Replayed 1, left 0.\n");
    let mut consumer = queues.broker.consume().await.unwrap();
    let mut again = Vec::new();
    while again.len() < 2 {
        for delivery in consumer.next_batch(2).await.unwrap() {
            again.push(delivery.message.id);
            delivery.ack();
        }
    }
    assert_eq!(again, [ids[1], ids[0]]);
}

#[test]
fn a_dead_letter_that_is_not_there_is_not_replayed() {
    let queues = Queues::new();
    let folder = tempdir().expect("a temporary folder can be made");
    let environment = queues.environment();
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let refused =
        run_with(folder.path(), &["audit", "dead-letters", "replay", "--id", "nobody"], &environment).refused();
    assert!(refused.contains("no dead letter has the id nobody"), "{refused}");
}

#[test]
fn without_rabbitmq_there_are_no_dead_letters() {
    let folder = tempdir().expect("a temporary folder can be made");
    for arguments in [&["audit", "dead-letters", "list"][..], &["audit", "dead-letters", "replay", "--all"]] {
        let refused = run(folder.path(), arguments).refused();
        assert!(refused.contains("set RABBITMQ_URL"), "{refused}");
    }
    assert_eq!(run(folder.path(), &["audit", "dead-letters", "replay"]).code, Some(2), "which ones has to be said");
}
