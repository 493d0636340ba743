//! Sends bytes as they are, for what a decent HTTP client would not send, and reads what comes back.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::harness::client::Answer;
use crate::harness::{SOON, TestServer};

/// Sends these bytes on a connection of their own and reads one answer.
/// `None` where the server closes the connection without one.
pub fn exchange(server: &TestServer, bytes: impl AsRef<[u8]>) -> Option<Answer> {
    let mut connection = connect(server);
    // A server that has seen enough may close before all is sent.
    let _ = connection.write_all(bytes.as_ref());
    read(&mut connection)
}

/// Sends these bytes and reads all that comes back until the server closes, which it is asked to do by a last, plain request.
pub fn converse(server: &TestServer, bytes: &str) -> String {
    let mut connection = connect(server);
    let farewell = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let _ = connection.write_all(format!("{bytes}{farewell}").as_bytes());
    let mut received = Vec::new();
    match connection.read_to_end(&mut received) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => String::from_utf8_lossy(&received).into_owned(),
    }
}

/// A connection to the server, with a bound on how long a read may wait.
pub fn connect(server: &TestServer) -> TcpStream {
    let address = server.url().strip_prefix("http://").expect("the address of a test server");
    let connection = TcpStream::connect(address).expect("the server listens");
    connection.set_read_timeout(Some(SOON)).expect("a timeout can be set");
    connection.set_write_timeout(Some(SOON)).expect("a timeout can be set");
    connection
}

/// Reads one answer. `None` where the connection ends before its first byte.
pub fn read(connection: &mut TcpStream) -> Option<Answer> {
    let mut received = Vec::new();
    loop {
        if let Some(answer) = parse(&received, false) {
            return Some(answer);
        }
        let mut piece = [0; 4096];
        match connection.read(&mut piece) {
            Ok(0) => return parse(&received, true),
            Ok(count) => received.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return parse(&received, true),
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&received)),
        }
    }
}

/// The answer in these bytes, once it is complete, or the connection has `ended`.
fn parse(received: &[u8], ended: bool) -> Option<Answer> {
    let text = String::from_utf8_lossy(received);
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut answer = Answer { status, headers: Default::default(), body: Default::default(), text: rest.to_owned() };
    for line in lines {
        let (name, value) = line.split_once(':').expect("a header has a colon");
        let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
        answer.headers.append(name, value.trim().parse().expect("a header's value"));
    }
    let length = answer.header("content-length").parse().unwrap_or(0);
    answer.body = serde_json::from_str(rest).unwrap_or_default();
    (ended || status == 204 || rest.len() >= length).then_some(answer)
}
