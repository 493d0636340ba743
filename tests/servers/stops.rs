//! Servers that are killed, restarted, paused and resumed, seen by their own drivers.

use std::future::IntoFuture;
use std::time::Duration;

use bson::doc;
use lapin::options::{BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use redis::AsyncCommands as _;

use crate::harness::SOON;
use crate::harness::servers::{self, MongoDb, Nginx, RabbitMq, Redis};

async fn soon<T>(what: impl IntoFuture<Output = T>) -> T {
    tokio::time::timeout(SOON, what.into_future()).await.expect("it is there soon")
}

async fn connected(redis: &Redis) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(redis.url()).expect("a URL");
    soon(client.get_multiplexed_async_connection()).await.expect("it answers")
}

#[tokio::test]
async fn a_killed_redis_comes_back_with_what_it_had() {
    let redis = Redis::start();
    let (address, id) = (redis.address(), redis.id());
    let () = connected(&redis).await.set("name", "Ada").await.expect("it answers");
    redis.kill();
    assert!(std::net::TcpStream::connect(address).is_err());
    redis.restart();
    assert_eq!(redis.address(), address);
    assert_ne!(redis.id(), id);
    let name: String = connected(&redis).await.get("name").await.expect("it answers");
    assert_eq!(name, "Ada");
}

#[tokio::test]
async fn a_paused_redis_answers_nothing_until_it_is_resumed() {
    let redis = Redis::start();
    let mut connection = connected(&redis).await;
    redis.pause();
    let asked = tokio::spawn(async move { connection.ping::<String>().await });
    let client = redis::Client::open(redis.url()).expect("a URL");
    let hasty = tokio::time::timeout(Duration::from_millis(100), client.get_multiplexed_async_connection());
    assert!(hasty.await.is_err() && !asked.is_finished());
    redis.resume();
    assert_eq!(soon(asked).await.expect("it does not panic").expect("it answers"), "PONG");
}

#[tokio::test]
async fn a_paused_server_can_be_killed_and_restarted() {
    let redis = Redis::start();
    redis.pause();
    redis.kill();
    redis.restart();
    assert_eq!(connected(&redis).await.ping::<String>().await.expect("it answers"), "PONG");
}

#[tokio::test]
async fn the_url_of_a_redis_has_its_password() {
    let redis = Redis::start_with(&["--requirepass", "secret"]);
    assert_eq!(connected(&redis).await.ping::<String>().await.expect("it answers"), "PONG");
    let stranger = redis::Client::open(format!("redis://{}", redis.address())).expect("a URL");
    let refused = async { stranger.get_multiplexed_async_connection().await?.ping::<String>().await };
    assert!(soon(refused).await.is_err());
}

#[tokio::test]
async fn a_killed_mongodb_comes_back_with_what_it_had() {
    let mongodb = MongoDb::start();
    let client = mongodb::Client::with_uri_str(mongodb.uri("tests")).await.expect("a URI");
    let people = client.default_database().expect("the URI has it").collection::<bson::Document>("people");
    soon(people.insert_one(doc! {"name": "Ada"})).await.expect("it answers");
    mongodb.kill();
    mongodb.restart();
    let client = mongodb::Client::with_uri_str(mongodb.uri("tests")).await.expect("a URI");
    let people = client.default_database().expect("the URI has it").collection::<bson::Document>("people");
    assert_eq!(soon(people.count_documents(doc! {"name": "Ada"})).await.expect("it answers"), 1);
    mongodb.pause();
    assert!(
        tokio::time::timeout(Duration::from_millis(100), people.count_documents(doc! {}).into_future()).await.is_err()
    );
    mongodb.resume();
    assert_eq!(soon(people.count_documents(doc! {})).await.expect("it answers"), 1);
}

#[tokio::test]
async fn a_killed_rabbitmq_comes_back_with_what_it_had() {
    let rabbitmq = RabbitMq::start();
    let (url, queue) = (rabbitmq.url(), servers::unique("tests"));
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    let connection = Connection::connect(&url, ConnectionProperties::default());
    let connection = soon(connection).await.expect("it answers");
    let channel = connection.create_channel().await.expect("it answers");
    channel.confirm_select(ConfirmSelectOptions::default()).await.expect("it answers");
    channel.queue_declare(queue.as_str().into(), durable, FieldTable::default()).await.expect("it answers");
    let lasting = BasicProperties::default().with_delivery_mode(2);
    let sent = channel.basic_publish("".into(), queue.as_str().into(), BasicPublishOptions::default(), b"Ada", lasting);
    assert!(soon(sent.await.expect("it is sent")).await.expect("it answers").is_ack());

    rabbitmq.pause();
    let hasty = Connection::connect(&url, ConnectionProperties::default());
    assert!(tokio::time::timeout(Duration::from_millis(100), hasty).await.is_err());
    rabbitmq.resume();

    rabbitmq.kill();
    assert!(std::net::TcpStream::connect(rabbitmq.address()).is_err());
    rabbitmq.restart();
    let connection = Connection::connect(&url, ConnectionProperties::default());
    let channel = soon(connection).await.expect("it answers").create_channel().await.expect("it answers");
    let kept = soon(channel.basic_get(queue.as_str().into(), BasicGetOptions::default())).await.expect("it answers");
    assert_eq!(kept.expect("it kept the message").data, b"Ada");
}

#[test]
fn shared_servers_are_started_once() {
    assert_eq!(servers::redis().address(), servers::redis().address());
    assert_ne!(servers::unique("a"), servers::unique("a"));
    let nginx = Nginx::start("events {} http { server { listen 127.0.0.1:@PORT@; } }");
    assert_ne!(nginx.address(), nginx.tls_address());
}
