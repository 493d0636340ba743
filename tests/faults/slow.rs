//! Clients that take their time: they are cut off, and nobody else waits for them.

use std::thread;
use std::time::{Duration, Instant};

use crate::harness::TestServer;
use crate::latency::{BEARABLE, ninety_ninth};
use crate::wire::{UnderWay, Wire};

/// One byte in this time.
const PACE: Duration = Duration::from_millis(100);

/// What the machine may add to a bound of the server's.
const SLACK: Duration = Duration::from_secs(3);

/// How long headers may take, and how long a connection may idle.
const HEADERS: Duration = Duration::from_secs(5);

/// How long a body may take.
const BODY: Duration = Duration::from_secs(10);

/// More than can be sent at this pace.
fn long_header() -> Vec<u8> {
    format!("GET /health/live HTTP/1.1\r\nHost: test\r\nX-Filler: {}\r\n\r\n", "a".repeat(1_000)).into_bytes()
}

#[actix_web::test]
async fn slow_clients_are_cut_off_while_others_are_served() {
    let server = TestServer::start();
    let admin = server.admin().await;
    let (url, token) = (server.url(), admin.access_token().expect("signed in"));
    let made = admin.post("/customers", crate::harness::client::customer(1)).await.expect(201);
    let path = format!("/customers/{}", made["id"].as_str().expect("an id"));

    let slow = [
        thread::spawn({
            let wire = Wire::to(url);
            move || headers(wire)
        }),
        thread::spawn({
            let mut wire = Wire::to(url);
            wire.send(b"GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n");
            assert_eq!(wire.answer().status, 200);
            move || headers(wire)
        }),
        thread::spawn({
            let wire = Wire::to(url);
            move || silence(wire)
        }),
        thread::spawn({
            let request = UnderWay::long_creation(url, token);
            move || body(request)
        }),
    ];
    let mut waited = Vec::new();
    while !slow.iter().all(thread::JoinHandle::is_finished) {
        let asked = Instant::now();
        admin.get(&path).await.expect(200);
        waited.push(asked.elapsed());
    }
    for client in slow {
        client.join().expect("a slow client was treated as it should be");
    }
    assert!(waited.len() > 100, "others were served {} times", waited.len());
    let waited = ninety_ninth(waited);
    assert!(waited < BEARABLE, "99 % of the others within {waited:?}");
    let page = admin.get("/customers?include=total").await.expect(200);
    assert_eq!(page["page"]["total"], 1, "half a body makes nothing");
}

/// Headers that never end.
fn headers(mut wire: Wire) {
    let begun = Instant::now();
    assert!(wire.drip(&long_header(), PACE), "the server took {:?} of it", begun.elapsed());
    let told = wire.rest();
    let elapsed = begun.elapsed();
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 408 "), "{told}");
    assert!(elapsed < HEADERS + SLACK, "cut off after {elapsed:?}");
}

/// Nothing at all.
fn silence(wire: Wire) {
    let begun = Instant::now();
    let told = wire.rest();
    let elapsed = begun.elapsed();
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 408 "), "{told}");
    assert!(elapsed < HEADERS + SLACK, "cut off after {elapsed:?}");
}

/// A body that never ends.
fn body(UnderWay { mut wire, second_half }: UnderWay) {
    let begun = Instant::now();
    assert!(wire.drip(second_half.as_bytes(), PACE), "the server took {:?} of it", begun.elapsed());
    let answer = wire.answer();
    let elapsed = begun.elapsed();
    assert_eq!((answer.status, &answer.body["code"]), (408, &5003.into()), "{answer:?}");
    assert!(answer.head.contains("connection: close"), "{answer:?}");
    assert!(elapsed < BODY + SLACK, "cut off after {elapsed:?}");
    assert_eq!(wire.rest(), "", "and then it closes");
}
