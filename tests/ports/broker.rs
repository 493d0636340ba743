//! What every broker owes, and what one owes besides that keeps nothing itself, or that keeps messages.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use clientele::broker::embedded::{EmbeddedBroker, EmbeddedBrokerOptions};
use clientele::broker::rabbitmq::{RabbitBroker, RabbitOptions};
use clientele::broker::{Broker, BrokerError, Consumer, Delivery, Message};
use clientele::model::id::ObjectId;
use clientele::model::time::Time;
use futures_util::FutureExt;
use futures_util::future::{join, join_all};

use crate::harness::servers;

const PATIENCE: Duration = Duration::from_secs(10);
const CAPACITY: usize = 8;
/// No test takes that long, in the time that it is in.
const HANG: Duration = Duration::from_secs(60);

type Bench = Arc<dyn Broker>;

fn message(body: impl Into<Arc<str>>) -> Message {
    Message { id: ObjectId::new(Time::from_millis(0)), body: body.into(), traceparent: None }
}

fn messages(count: usize) -> Vec<Message> {
    (0..count).map(|number| message(number.to_string())).collect()
}

async fn consumer(broker: &Bench) -> Box<dyn Consumer> {
    broker.consume().await.expect("the broker is there")
}

async fn batch(consumer: &mut Box<dyn Consumer>, max: usize) -> Vec<Delivery> {
    consumer.next_batch(max).await.expect("nobody has taken over")
}

/// Receives and acknowledges so many messages.
async fn receive(consumer: &mut Box<dyn Consumer>, count: usize) -> Vec<Message> {
    let mut received = Vec::new();
    while received.len() < count {
        for delivery in batch(consumer, 3).await {
            received.push(delivery.message.clone());
            delivery.ack();
        }
    }
    received
}

async fn messages_arrive_in_order_and_unchanged(broker: Bench) {
    let mut consumer = consumer(&broker).await;
    let traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    let sent: Vec<_> = messages(5).into_iter().map(|m| Message { traceparent: traceparent.clone(), ..m }).collect();
    let (published, received) = join(broker.publish(sent.clone()), receive(&mut consumer, 5)).await;
    published.expect("all were acknowledged");
    assert_eq!(received, sent);
}

async fn a_batch_is_no_larger_than_asked_for(broker: Bench) {
    let mut consumer = consumer(&broker).await;
    let consume = async {
        let mut sizes = Vec::new();
        while sizes.iter().sum::<usize>() < 5 {
            let deliveries = batch(&mut consumer, 2).await;
            sizes.push(deliveries.len());
            deliveries.into_iter().for_each(Delivery::ack);
        }
        sizes
    };
    let (published, sizes) = join(broker.publish(messages(5)), consume).await;
    published.expect("all were acknowledged");
    assert!(sizes.iter().all(|size| (1..=2).contains(size)), "{sizes:?}");
}

async fn publishing_nothing_succeeds_at_once(broker: Bench) {
    broker.publish(vec![]).await.expect("there is nothing to lose");
}

async fn more_messages_than_there_are_places_get_through(broker: Bench) {
    let mut consumer = consumer(&broker).await;
    let count = 10 * CAPACITY;
    let (published, received) = join(broker.publish(messages(count)), receive(&mut consumer, count)).await;
    published.expect("all were acknowledged");
    assert_eq!(received.len(), count);
}

async fn many_publishers_lose_nothing(broker: Bench) {
    let mut consumer = consumer(&broker).await;
    let publishers = join_all((0..50).map(|_| broker.publish(messages(4))));
    let (published, received) = join(publishers, receive(&mut consumer, 200)).await;
    assert!(published.iter().all(Result::is_ok), "{published:?}");
    let ids: HashSet<ObjectId> = received.iter().map(|message| message.id).collect();
    assert_eq!(ids.len(), 200);
}

async fn a_new_consumer_takes_over(broker: Bench) {
    let mut old = consumer(&broker).await;
    let waiting = old.next_batch(1);
    let (waited, mut new) = join(waiting, consumer(&broker)).await;
    assert!(matches!(waited, Err(BrokerError::TakenOver)), "{waited:?}");
    let (published, received) = join(broker.publish(messages(1)), receive(&mut new, 1)).await;
    published.expect("it was acknowledged");
    assert_eq!(received.len(), 1);
    assert!(matches!(old.next_batch(1).await, Err(BrokerError::TakenOver)));
}

async fn what_an_old_consumer_still_holds_it_can_settle(broker: Bench) {
    let mut old = consumer(&broker).await;
    let work = async {
        let deliveries = batch(&mut old, 1).await;
        let _new = consumer(&broker).await;
        deliveries.into_iter().for_each(Delivery::ack);
    };
    let (published, ()) = join(broker.publish(messages(1)), work).await;
    published.expect("it was acknowledged");
}

async fn publishing_waits_for_the_acknowledgement(broker: Bench) {
    let mut consumer = consumer(&broker).await;
    let mut publishing = broker.publish(messages(1));
    assert!(publishing.as_mut().now_or_never().is_none());
    let deliveries = batch(&mut consumer, 9).await;
    assert!(publishing.as_mut().now_or_never().is_none(), "it is not acknowledged yet");
    deliveries.into_iter().for_each(Delivery::ack);
    publishing.await.expect("it was acknowledged");
}

async fn publishing_waits_for_a_consumer_to_come(broker: Bench) {
    let late = async {
        tokio::time::advance(PATIENCE / 2).await;
        receive(&mut consumer(&broker).await, 2).await
    };
    let (published, received) = join(broker.publish(messages(2)), late).await;
    published.expect("all were acknowledged");
    assert_eq!(received.len(), 2);
}

async fn without_a_consumer_publishing_fails_after_a_bounded_time(broker: Bench) {
    let begun = tokio::time::Instant::now();
    let error = broker.publish(messages(2 * CAPACITY)).await.expect_err("nobody takes them");
    assert!(matches!(error, BrokerError::TimedOut), "{error:?}");
    assert!(begun.elapsed() >= PATIENCE && begun.elapsed() < PATIENCE * 2, "{:?}", begun.elapsed());
}

async fn what_a_publisher_gave_up_is_not_handed_out_later(broker: Bench) {
    broker.publish(messages(CAPACITY)).await.expect_err("nobody takes them");
    let sent = messages(2);
    let mut consumer = consumer(&broker).await;
    let (published, received) = join(broker.publish(sent.clone()), receive(&mut consumer, 2)).await;
    published.expect("all were acknowledged");
    assert_eq!(received, sent);
}

async fn a_dropped_delivery_is_told_and_published_again_it_arrives(broker: Bench) {
    let mut consumer = consumer(&broker).await;
    let sent = messages(3);
    let drop_one = async {
        let mut deliveries = batch(&mut consumer, 1).await;
        drop(deliveries.pop());
    };
    let (published, ()) = join(broker.publish(sent.clone()), drop_one).await;
    assert!(matches!(published, Err(BrokerError::Abandoned)), "{published:?}");
    let (published, received) = join(broker.publish(sent.clone()), receive(&mut consumer, 3)).await;
    published.expect("all were acknowledged");
    assert_eq!(received, sent);
}

async fn rejected_messages_are_named_and_the_others_are_safe(broker: Bench) {
    let mut consumer = consumer(&broker).await;
    let sent = messages(3);
    let consume = async {
        let mut settled = 0;
        while settled < 3 {
            for delivery in batch(&mut consumer, 3).await {
                settled += 1;
                if &*delivery.message.body == "1" { delivery.reject() } else { delivery.ack() }
            }
        }
    };
    let (published, ()) = join(broker.publish(sent.clone()), consume).await;
    assert!(matches!(&published, Err(BrokerError::Rejected { ids }) if *ids == [sent[1].id]), "{published:?}");
}

async fn a_consumer_that_stops_waiting_takes_nothing_along(broker: Bench) {
    let mut consumer = consumer(&broker).await;
    assert!(consumer.next_batch(1).now_or_never().is_none(), "there is nothing yet");
    let (published, received) = join(broker.publish(messages(1)), receive(&mut consumer, 1)).await;
    published.expect("it was acknowledged");
    assert_eq!(received.len(), 1);
}

async fn what_is_published_waits_for_a_consumer(broker: Bench) {
    let sent = messages(5);
    broker.publish(sent.clone()).await.expect("the broker keeps them");
    assert_eq!(receive(&mut consumer(&broker).await, 5).await, sent);
}

async fn a_dropped_delivery_comes_again(broker: Bench) {
    let sent = messages(3);
    broker.publish(sent.clone()).await.expect("the broker keeps them");
    let mut consumer = consumer(&broker).await;
    let mut received = Vec::new();
    let mut dropped = false;
    while received.len() < 3 {
        for delivery in batch(&mut consumer, 3).await {
            if delivery.message.id == sent[1].id && !std::mem::replace(&mut dropped, true) {
                continue;
            }
            received.push(delivery.message.clone());
            delivery.ack();
        }
    }
    assert!(sent.iter().all(|message| received.contains(message)), "{received:?}");
    assert_eq!(broker.stats().abandoned, 1);
}

async fn what_a_consumer_that_went_away_held_comes_again(broker: Bench) {
    let sent = messages(3);
    broker.publish(sent.clone()).await.expect("the broker keeps them");
    let mut old = consumer(&broker).await;
    batch(&mut old, 1).await.pop().expect("one is handed out").ack();
    drop(batch(&mut old, 1).await);
    drop(old);
    assert_eq!(receive(&mut consumer(&broker).await, 2).await, sent[1..]);
}

async fn rejected_messages_are_set_aside_and_the_others_are_not(broker: Bench) {
    let mut consumer = consumer(&broker).await;
    broker.publish(messages(3)).await.expect("the broker keeps them");
    let mut settled = 0;
    while settled < 3 {
        for delivery in batch(&mut consumer, 3).await {
            settled += 1;
            if &*delivery.message.body == "1" { delivery.reject() } else { delivery.ack() }
        }
    }
    assert!(consumer.next_batch(3).now_or_never().is_none(), "none comes again");
    let stats = broker.stats();
    assert_eq!((stats.acknowledged, stats.rejected), (2, 1));
}

/// Runs the suite on one backend.
macro_rules! suite {
    ($backend:ident, #$as_test:tt $make:expr, [$($test:ident),+ $(,)?]) => {
        mod $backend {
            $(#$as_test
            async fn $test() {
                tokio::time::timeout(super::HANG, super::$test($make)).await.expect("the test ends");
            })+
        }
    };
}

fn in_process() -> Bench {
    Arc::new(EmbeddedBroker::new(EmbeddedBrokerOptions { capacity: CAPACITY, patience: PATIENCE }))
}

fn on_a_server() -> Bench {
    let options = RabbitOptions::new(servers::rabbitmq().url(), servers::unique("broker"));
    Arc::new(RabbitBroker::new(options).expect("the URL reads"))
}

suite!(
    embedded,
    // Time stands still while anything can be done, and jumps when all wait.
    #[tokio::test(start_paused = true)]
    super::in_process(),
    [
        messages_arrive_in_order_and_unchanged,
        a_batch_is_no_larger_than_asked_for,
        publishing_nothing_succeeds_at_once,
        more_messages_than_there_are_places_get_through,
        many_publishers_lose_nothing,
        a_new_consumer_takes_over,
        what_an_old_consumer_still_holds_it_can_settle,
        a_consumer_that_stops_waiting_takes_nothing_along,
    ]
);

suite!(
    rabbitmq,
    #[tokio::test]
    super::on_a_server(),
    [
        messages_arrive_in_order_and_unchanged,
        a_batch_is_no_larger_than_asked_for,
        publishing_nothing_succeeds_at_once,
        more_messages_than_there_are_places_get_through,
        many_publishers_lose_nothing,
        a_new_consumer_takes_over,
        what_an_old_consumer_still_holds_it_can_settle,
        a_consumer_that_stops_waiting_takes_nothing_along,
    ]
);

suite!(
    rabbitmq_keeps_messages,
    #[tokio::test]
    super::on_a_server(),
    [
        what_is_published_waits_for_a_consumer,
        a_dropped_delivery_comes_again,
        what_a_consumer_that_went_away_held_comes_again,
        rejected_messages_are_set_aside_and_the_others_are_not,
    ]
);

suite!(
    embedded_keeps_nothing,
    #[tokio::test(start_paused = true)]
    super::in_process(),
    [
        publishing_waits_for_the_acknowledgement,
        publishing_waits_for_a_consumer_to_come,
        without_a_consumer_publishing_fails_after_a_bounded_time,
        what_a_publisher_gave_up_is_not_handed_out_later,
        a_dropped_delivery_is_told_and_published_again_it_arrives,
        rejected_messages_are_named_and_the_others_are_safe,
    ]
);
