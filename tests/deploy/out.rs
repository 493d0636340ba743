//! Nodes that are out, and what becomes of the requests that were meant for them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::front::{Front, free_port};
use crate::nodes::Node;

/// Something that listens, reads what comes, and does this with it.
fn impostor(answer: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    let address = listener.local_addr().expect("it is bound").to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok_and(|length| length > 0) {
                count.fetch_add(1, Relaxed);
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    (address, asked)
}

/// The statuses of so many logouts without a token (401 is a node's word) and reads, in turn.
async fn told(front: &Front, times: usize) -> (Vec<u16>, Vec<u16>) {
    let (http, logout, live) =
        (front.client(), format!("{}/api/v1/customers", front.url()), format!("{}/health/live", front.url()));
    let (mut written, mut read) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let answer = http.post(&logout).json(&serde_json::json!({})).send().await.expect("nginx answers");
        written.push(answer.status().as_u16());
        read.push(http.get(&live).send().await.expect("nginx answers").status().as_u16());
    }
    (written, read)
}

#[actix_web::test]
async fn without_a_node_nothing_is_begun_and_the_client_is_told_when_to_come_back() {
    let address = format!("127.0.0.1:{}", free_port());
    let front = Front::start(&[&address], &[]);
    for method in [reqwest::Method::GET, reqwest::Method::POST] {
        let answer = front.client().request(method, format!("{}/api/v1/customers", front.url())).send().await;
        let answer = answer.expect("nginx answers");
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()), (503, &b"1"[..]));
        let body = answer.text().await.expect("a body");
        assert!(body.contains(r#""code":5001"#), "{body}");
    }
}

#[actix_web::test]
async fn what_was_never_sent_goes_to_another_node() {
    let node = Node::start(&[]);
    let nobody = format!("127.0.0.1:{}", free_port());
    let front = Front::start(&[&nobody, &node.address()], &[]);
    let (written, read) = told(&front, 10).await;
    assert_eq!((written, read), (vec![401; 10], vec![200; 10]));
}

#[actix_web::test]
async fn a_write_whose_connection_was_lost_is_not_repeated_and_a_read_is() {
    let node = Node::start(&[]);
    let (lossy, asked) = impostor("");
    let front = Front::start(&[&lossy, &node.address()], &[]);
    let (written, read) = told(&front, 10).await;
    let lost = written.iter().filter(|status| **status == 502).count();
    assert!(written.iter().all(|status| matches!(status, 401 | 502)), "{written:?}");
    assert_eq!(read, [200; 10]);
    assert!(asked.load(Relaxed) >= lost && asked.load(Relaxed) > 0, "it was asked");
    let log = front.log();
    for line in log.iter().filter(|line| line["status"] == "502") {
        assert_eq!(line["node"], *lossy, "one node alone was asked: {line}");
    }
}

#[actix_web::test]
async fn what_a_node_has_not_begun_goes_to_another_whatever_it_is() {
    let node = Node::start(&[]);
    let (stopping, asked) = impostor("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let front = Front::start(&[&stopping, &node.address()], &[]);
    let (written, read) = told(&front, 10).await;
    assert_eq!((written, read), (vec![401; 10], vec![200; 10]));
    assert!(asked.load(Relaxed) > 0, "it was asked");
}

#[actix_web::test]
async fn an_overloaded_node_is_believed() {
    let answer =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nRetry-After: 7\r\nConnection: close\r\n\r\n{}";
    let (full, _) = impostor(answer);
    let front = Front::start(&[&full], &[]);
    let answer = front.client().get(format!("{}/health/live", front.url())).send().await.expect("nginx answers");
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()), (503, &b"7"[..]));
    assert_eq!(answer.text().await.expect("a body"), "{}", "its own word");
}
