//! A connection to the server, byte by byte.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::harness::SOON;
use crate::harness::client::customer;

/// A connection whose bytes the test sends itself.
pub struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What came over the wire, parsed.
#[derive(Debug)]
pub struct WireAnswer {
    pub status: u16,
    /// The header block, in lower case.
    pub head: String,
    /// The body as JSON; `null` if it is none.
    pub body: Value,
}

impl Wire {
    /// Connects to `http://ADDRESS`.
    pub fn to(url: &str) -> Self {
        let address = url.strip_prefix("http://").expect("a plain URL");
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("it is a TCP stream");
        Self { stream, received: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("the server takes it");
    }

    /// Sends, if the server has not closed.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Sends one byte after the other, one every `pace`, until the server has answered or closed. Whether it did before
    /// they were all sent.
    pub fn drip(&mut self, bytes: &[u8], pace: Duration) -> bool {
        self.stream.set_read_timeout(Some(pace)).expect("a time that is not 0");
        bytes.chunks(1).any(|byte| self.stream.write_all(byte).is_err() || self.has_heard())
    }

    /// Whether the server says something, or has closed, within the read timeout.
    fn has_heard(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.received.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    /// Waits for one answer that has a `Content-Length`.
    pub fn answer(&mut self) -> WireAnswer {
        let answer = self.try_answer();
        answer.unwrap_or_else(|| panic!("closed in the middle of {:?}", String::from_utf8_lossy(&self.received)))
    }

    /// The same; `None` if the server closes instead.
    pub fn try_answer(&mut self) -> Option<WireAnswer> {
        self.stream.set_read_timeout(Some(SOON)).expect("a time that is not 0");
        loop {
            if let Some((answer, length)) = parse(&self.received) {
                self.received.drain(..length);
                return Some(answer);
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error} while waiting for an answer"),
            }
        }
    }

    /// Waits until the server closes the connection, and says what came before that.
    pub fn rest(mut self) -> String {
        self.stream.set_read_timeout(Some(SOON)).expect("a time that is not 0");
        loop {
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("{error} while waiting for the server to close"),
            }
        }
        String::from_utf8(self.received).expect("the server speaks UTF-8")
    }
}

/// The first answer in what was received, if it is complete, and its length.
fn parse(received: &[u8]) -> Option<(WireAnswer, usize)> {
    let text = String::from_utf8_lossy(received);
    let (head, _) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().expect("a status");
    let head = head.to_ascii_lowercase();
    let length: usize = match head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        Some(length) => length.parse().expect("a length"),
        None => 0,
    };
    let begin = head.len() + 4;
    let body = received.get(begin..begin + length)?;
    Some((WireAnswer { status, head, body: serde_json::from_slice(body).unwrap_or_default() }, begin + length))
}

/// A request that the server is in the middle of: it waits for the second half of a body.
pub struct UnderWay {
    pub wire: Wire,
    pub second_half: String,
}

impl UnderWay {
    /// Begins to make a customer. When this returns, the server has begun it too.
    pub fn creation(url: &str, token: &str, number: usize) -> Self {
        Self::request(url, token, &customer(number).to_string())
    }

    /// The same, with a body of a kilobyte.
    pub fn long_creation(url: &str, token: &str) -> Self {
        Self::request(url, token, &(customer(0).to_string() + &" ".repeat(1_000)))
    }

    fn request(url: &str, token: &str, body: &str) -> Self {
        let mut wire = Wire::to(url);
        wire.send(format!(
            "POST /api/v1/customers HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            body.len()
        ));
        assert_eq!(wire.answer().status, 100);
        let (first_half, second_half) = body.split_at(body.len() / 2);
        wire.send(first_half);
        Self { wire, second_half: second_half.to_owned() }
    }

    /// Sends the rest.
    pub fn finish(mut self) -> WireAnswer {
        self.wire.send(self.second_half);
        self.wire.answer()
    }
}
