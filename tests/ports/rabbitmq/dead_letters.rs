//! What cannot be worked on is set aside, can be looked at, and goes back without being lost.

use std::sync::Arc;
use std::time::Duration;

use clientele::broker::rabbitmq::{RabbitBroker, RabbitOptions, Replayed, Which};
use clientele::broker::{Broker, Consumer, Delivery, Message};
use clientele::model::id::ObjectId;
use clientele::model::time::Time;

use crate::harness::servers;

fn broker(delivery_limit: u32) -> Arc<RabbitBroker> {
    let options = RabbitOptions::new(servers::rabbitmq().url(), servers::unique("dead"));
    Arc::new(RabbitBroker::new(RabbitOptions { delivery_limit, ..options }).unwrap())
}

fn message(body: &str) -> Message {
    Message { id: ObjectId::new(Time::from_millis(0)), body: body.into(), traceparent: None }
}

async fn set_aside(broker: &RabbitBroker, consumer: &mut Box<dyn Consumer>, bodies: &[&str]) -> Vec<Message> {
    let sent: Vec<_> = bodies.iter().map(|body| message(body)).collect();
    broker.publish(sent.clone()).await.unwrap();
    let mut rejected = 0;
    while rejected < sent.len() {
        let batch = consumer.next_batch(100).await.unwrap();
        rejected += batch.len();
        batch.into_iter().for_each(Delivery::reject);
    }
    wait_for_dead_letters(broker, sent.len()).await;
    sent
}

/// They are set aside by the server in its own time.
async fn wait_for_dead_letters(broker: &RabbitBroker, count: usize) {
    let arrive = async {
        while broker.dead_letters(100).await.unwrap().len() != count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrive).await.expect("they are set aside");
}

#[tokio::test]
async fn what_was_rejected_is_told_with_its_reason() {
    let broker = broker(100);
    let mut consumer = broker.consume().await.unwrap();
    let sent = set_aside(&broker, &mut consumer, &["one", "two"]).await;
    let letters = broker.dead_letters(100).await.unwrap();
    let told: Vec<_> = letters.iter().map(|letter| (letter.id.clone(), letter.body.as_str(), letter.count)).collect();
    assert_eq!(told, [(sent[0].id.to_string(), "one", 1), (sent[1].id.to_string(), "two", 1)]);
    assert!(letters.iter().all(|letter| letter.reason == "rejected" && letter.since.is_some()), "{letters:?}");
    assert_eq!(broker.dead_letters(1).await.unwrap().len(), 1, "no more than asked for");
}

#[tokio::test]
async fn what_came_back_too_often_is_set_aside() {
    let broker = broker(3);
    let mut consumer = broker.consume().await.unwrap();
    broker.publish(vec![message("poison")]).await.unwrap();
    for _ in 0..4 {
        let batch = consumer.next_batch(1).await.unwrap();
        assert_eq!(batch.len(), 1);
        drop(batch);
    }
    wait_for_dead_letters(&broker, 1).await;
    let letters = broker.dead_letters(1).await.unwrap();
    assert_eq!((letters[0].body.as_str(), letters[0].reason.as_str()), ("poison", "delivery_limit"));
}

#[tokio::test]
async fn a_replayed_message_arrives_as_it_was() {
    let broker = broker(100);
    let mut consumer = broker.consume().await.unwrap();
    let sent = set_aside(&broker, &mut consumer, &["one", "two", "three"]).await;
    let one = Which::One(sent[1].id.to_string());
    assert_eq!(broker.replay(&one).await.unwrap(), Replayed { replayed: 1, left: 2 });
    let again = consumer.next_batch(10).await.unwrap().remove(0);
    assert_eq!(again.message, sent[1]);
    again.ack();
    wait_for_dead_letters(&broker, 2).await;

    assert_eq!(broker.replay(&Which::All).await.unwrap(), Replayed { replayed: 2, left: 0 });
    let mut bodies = Vec::new();
    while bodies.len() < 2 {
        for delivery in consumer.next_batch(10).await.unwrap() {
            bodies.push(delivery.message.body.to_string());
            delivery.ack();
        }
    }
    assert_eq!(bodies, ["one", "three"]);
    wait_for_dead_letters(&broker, 0).await;
    assert_eq!(broker.replay(&Which::All).await.unwrap(), Replayed::default());
}
