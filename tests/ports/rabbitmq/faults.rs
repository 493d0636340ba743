//! Cut, held, killed and refused: what was confirmed arrives, what was not is told so in time, and all goes on afterwards.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clientele::broker::rabbitmq::{RabbitBroker, RabbitOptions};
use clientele::broker::{Broker, BrokerError, Consumer, Delivery, Message};
use clientele::model::id::ObjectId;
use clientele::model::time::Time;
use tokio::time::{Instant, timeout};

use crate::harness::poll_until;
use crate::harness::servers::{self, Proxy, RabbitMq};

/// What a test waits for at the most.
const SOON: Duration = Duration::from_secs(30);

fn broker(url: String, prefix: &str) -> Arc<RabbitBroker> {
    Arc::new(RabbitBroker::new(RabbitOptions::new(url, prefix)).unwrap())
}

/// A broker behind a proxy.
fn behind_a_proxy() -> (Proxy, Arc<RabbitBroker>) {
    let server = servers::rabbitmq();
    let proxy = Proxy::to(server.address());
    let broker = broker(server.url_at(proxy.address()), &servers::unique("faults"));
    (proxy, broker)
}

fn messages(count: usize) -> Vec<Message> {
    let message = |number: usize| Message {
        id: ObjectId::new(Time::from_millis(0)),
        body: number.to_string().into(),
        traceparent: None,
    };
    (0..count).map(message).collect()
}

fn ids(messages: &[Message]) -> HashSet<ObjectId> {
    messages.iter().map(|message| message.id).collect()
}

/// Publishes until it is confirmed, as the relay does.
async fn publish_in_the_end(broker: &RabbitBroker, messages: &[Message]) {
    let mut last = None;
    let publish = async {
        while let Err(error) = broker.publish(messages.to_vec()).await {
            last = Some(error);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let published = timeout(SOON, publish).await;
    published.unwrap_or_else(|_| panic!("it is confirmed in the end, but {last:?}"));
}

/// Consumes, with a new consumer after each fault, until all these have come.
async fn receive_in_the_end(broker: &RabbitBroker, mut wanted: HashSet<ObjectId>) {
    let receive = async {
        while !wanted.is_empty() {
            let Ok(mut consumer) = broker.consume().await else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            while !wanted.is_empty()
                && let Ok(batch) = consumer.next_batch(256).await
            {
                for delivery in batch {
                    wanted.remove(&delivery.message.id);
                    delivery.ack();
                }
            }
        }
    };
    let received = timeout(SOON, receive).await;
    received.expect("all that was confirmed comes");
}

/// A consumer that has received one message, so that it is the one that receives.
async fn settled_consumer(broker: &RabbitBroker) -> Box<dyn Consumer> {
    let mut consumer = broker.consume().await.unwrap();
    broker.publish(messages(1)).await.unwrap();
    consumer.next_batch(1).await.unwrap().into_iter().for_each(Delivery::ack);
    consumer
}

#[tokio::test]
async fn what_is_cut_off_while_it_is_published_is_confirmed_and_comes_in_the_end() {
    let (proxy, broker) = behind_a_proxy();
    let cuts = async {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(37)).await;
            proxy.cut();
        }
    };
    let publishing = async {
        let mut all = HashSet::new();
        for _ in 0..6 {
            let batch = messages(50);
            publish_in_the_end(&broker, &batch).await;
            all.extend(ids(&batch));
        }
        all
    };
    let ((), all) = tokio::join!(cuts, publishing);
    receive_in_the_end(&broker, all).await;
}

#[tokio::test]
async fn a_consumer_that_is_cut_off_is_told_and_what_it_held_comes_again() {
    let (proxy, broker) = behind_a_proxy();
    let mut consumer = broker.consume().await.unwrap();
    let sent = messages(10);
    broker.publish(sent.clone()).await.unwrap();
    let held = consumer.next_batch(4).await.unwrap();
    assert!(!held.is_empty());
    proxy.cut();
    let lost = async {
        loop {
            if let Err(error) = consumer.next_batch(1).await {
                return error;
            }
        }
    };
    let error = timeout(SOON, lost).await.expect("it is told");
    assert!(matches!(error, BrokerError::Unreachable(_)), "{error:?}");
    assert!(!broker.is_up());
    held.into_iter().for_each(Delivery::ack);
    receive_in_the_end(&broker, ids(&sent)).await;
    assert!(broker.is_up());
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_in_time() {
    let (proxy, broker) = behind_a_proxy();
    broker.publish(messages(1)).await.unwrap();
    proxy.stall();
    for _ in 0..3 {
        let begun = Instant::now();
        let error = broker.publish(messages(10)).await.expect_err("nobody confirms");
        assert!(matches!(error, BrokerError::TimedOut), "{error:?}");
        assert!(begun.elapsed() < Duration::from_millis(2_500), "{:?}", begun.elapsed());
        assert!(!broker.is_up());
    }
    proxy.pass();
    let begun = Instant::now();
    publish_in_the_end(&broker, &messages(10)).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_that_refuses_is_told_at_once() {
    let (proxy, broker) = behind_a_proxy();
    proxy.refuse();
    let begun = Instant::now();
    let error = broker.publish(messages(1)).await.expect_err("nobody is there");
    assert!(matches!(error, BrokerError::Unreachable(_)), "{error:?}");
    assert!(broker.consume().await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    proxy.pass();
    publish_in_the_end(&broker, &messages(1)).await;
}

#[tokio::test]
async fn of_two_nodes_one_receives_and_the_other_takes_over() {
    let (server, prefix) = (servers::rabbitmq(), servers::unique("nodes"));
    let (here, there) = (broker(server.url(), &prefix), broker(server.url(), &prefix));
    let mut first = settled_consumer(&here).await;
    let mut second = there.consume().await.unwrap();
    there.publish(messages(20)).await.unwrap();
    let mut received = 0;
    while received < 20 {
        let batch = first.next_batch(256).await.unwrap();
        received += batch.len();
        batch.into_iter().for_each(Delivery::ack);
    }
    assert_eq!(there.stats().delivered, 0, "the second one waits");

    there.publish(messages(5)).await.unwrap();
    let held = first.next_batch(1).await.unwrap();
    drop((held, first));
    let begun = Instant::now();
    let mut taken_over = 0;
    while taken_over < 5 {
        let batch = timeout(SOON, second.next_batch(256)).await.expect("the second one takes over").unwrap();
        taken_over += batch.len();
        batch.into_iter().for_each(Delivery::ack);
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

/// Waits until the server has the queue in its list on disk. It writes that some seconds later than all else: killed before,
/// it has a queue afterwards that nobody can use.
fn wait_until_listed(server: &RabbitMq, queues: [&str; 2]) {
    let lists = || {
        let files = walkdir::WalkDir::new(server.folder().join("mnesia")).into_iter().flatten();
        let paths = files.map(walkdir::DirEntry::into_path);
        let lists = paths.filter(|path| path.ends_with("names.dets") || path.ends_with("meta.dets"));
        lists.filter(|path| path.components().any(|part| part.as_os_str() == "quorum")).collect::<Vec<_>>()
    };
    let names = |list: &Path, queue: &str| {
        let list = fs::read(list).unwrap();
        // The name of one is the beginning of the other's.
        list.windows(queue.len() + 1).any(|text| text.starts_with(queue.as_bytes()) && !text.ends_with(b"."))
    };
    let listed = || lists().len() == 2 && lists().iter().all(|list| queues.iter().all(|queue| names(list, queue)));
    poll_until(listed, "the queues are listed");
}

#[tokio::test]
async fn what_was_confirmed_outlives_the_servers_death() {
    let server = RabbitMq::start();
    let broker = broker(server.url(), "killed");
    let mut consumer = settled_consumer(&broker).await;
    let sent = messages(1_000);
    broker.publish(sent.clone()).await.unwrap();
    let held = consumer.next_batch(10).await.unwrap();
    wait_until_listed(&server, ["killed.audit", "killed.audit.dead-letters"]);
    server.kill();
    assert!(broker.publish(messages(1)).await.is_err());
    drop((held, consumer));
    server.restart();
    let more = messages(10);
    publish_in_the_end(&broker, &more).await;
    receive_in_the_end(&broker, ids(&sent).union(&ids(&more)).copied().collect()).await;
}

#[tokio::test]
async fn a_server_that_was_held_goes_on_where_it_was() {
    let server = RabbitMq::start();
    let broker = broker(server.url(), "held");
    let mut consumer = settled_consumer(&broker).await;
    server.pause();
    let sent = messages(10);
    let begun = Instant::now();
    assert!(broker.publish(sent.clone()).await.is_err());
    assert!(broker.publish(sent.clone()).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    server.resume();
    publish_in_the_end(&broker, &sent).await;
    // The connection has outlived it: its heartbeats are due less often.
    let mut wanted = ids(&sent);
    while !wanted.is_empty() {
        for delivery in timeout(SOON, consumer.next_batch(256)).await.expect("they come").unwrap() {
            wanted.remove(&delivery.message.id);
            delivery.ack();
        }
    }
}

#[test]
fn tls_is_refused_where_it_would_not_be_spoken() {
    let made = RabbitBroker::new(RabbitOptions::new("amqps://guest:guest@localhost/%2f", "tls"));
    assert!(made.is_err(), "{made:?}");
}
