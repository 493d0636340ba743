//! The proxy between a client and a server.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::harness::SOON;
use crate::harness::servers::{Proxy, redis};

/// Short enough to wait for nothing.
const MOMENT: Duration = Duration::from_millis(50);

struct Client(TcpStream);

impl Client {
    fn of(proxy: &Proxy) -> Self {
        let stream = TcpStream::connect(proxy.address()).expect("the proxy accepts");
        stream.set_read_timeout(Some(SOON)).expect("a limit can be set");
        Self(stream)
    }

    fn send(&mut self) {
        self.0.write_all(b"PING\r\n").expect("the connection is there");
    }

    fn receive(&mut self) -> std::io::Result<()> {
        let mut answer = [0; 7];
        self.0.read_exact(&mut answer)?;
        assert_eq!(&answer, b"+PONG\r\n");
        Ok(())
    }

    fn ping(&mut self) -> std::io::Result<()> {
        self.send();
        self.receive()
    }

    fn hears_nothing(&mut self) -> bool {
        self.0.set_read_timeout(Some(MOMENT)).expect("a limit can be set");
        let heard = self.receive();
        self.0.set_read_timeout(Some(SOON)).expect("a limit can be set");
        heard.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    fn is_reset(&mut self) -> bool {
        self.0.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
    }
}

#[test]
fn the_proxy_passes_what_is_sent() {
    let proxy = Proxy::to(redis().address());
    let mut client = Client::of(&proxy);
    client.ping().expect("it passes");
    client.0.write_all(b"QUIT\r\n").expect("it passes");
    let mut rest = String::new();
    client.0.read_to_string(&mut rest).expect("the end of the server is an orderly one");
    assert_eq!(rest, "+OK\r\n");
}

#[test]
fn the_proxy_cuts_connections_and_takes_new_ones() {
    let proxy = Proxy::to(redis().address());
    let mut clients = [Client::of(&proxy), Client::of(&proxy)];
    clients.iter_mut().for_each(|client| client.ping().expect("it passes"));
    proxy.cut();
    assert!(clients.iter_mut().all(Client::is_reset));
    Client::of(&proxy).ping().expect("it passes");
}

#[test]
fn the_proxy_refuses_until_it_passes_again() {
    let proxy = Proxy::to(redis().address());
    let mut client = Client::of(&proxy);
    client.ping().expect("it passes");
    proxy.refuse();
    assert!(client.is_reset());
    let refused = TcpStream::connect(proxy.address()).expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.pass();
    Client::of(&proxy).ping().expect("it passes");
}

#[test]
fn the_proxy_comes_back_to_a_port_that_another_used_meanwhile() {
    let proxy = Proxy::to(redis().address());
    proxy.refuse();
    let other = TcpListener::bind(proxy.address()).expect("the proxy left it");
    std::thread::scope(|scope| {
        let passing = scope.spawn(|| proxy.pass());
        std::thread::park_timeout(MOMENT);
        assert!(!passing.is_finished(), "it waits for its port");
        drop(other);
    });
    Client::of(&proxy).ping().expect("it passes");
}

#[test]
fn the_proxy_stalls_until_it_passes_again() {
    let proxy = Proxy::to(redis().address());
    let mut old = Client::of(&proxy);
    old.ping().expect("it passes");
    proxy.stall();
    let mut new = Client::of(&proxy);
    old.send();
    new.send();
    assert!(old.hears_nothing() && new.hears_nothing());
    proxy.pass();
    old.receive().expect("what was held comes");
    new.receive().expect("what was held comes");
}

#[test]
fn a_stalled_connection_can_be_cut() {
    let proxy = Proxy::to(redis().address());
    let mut client = Client::of(&proxy);
    client.ping().expect("it passes");
    proxy.stall();
    client.send();
    proxy.cut();
    assert!(client.is_reset());
    assert!({
        let mut new = Client::of(&proxy);
        new.send();
        new.hears_nothing()
    });
}

#[test]
fn the_proxy_delays_in_both_directions() {
    let proxy = Proxy::to(redis().address());
    let mut client = Client::of(&proxy);
    proxy.delay(MOMENT);
    let began = Instant::now();
    client.ping().expect("it passes");
    assert!(began.elapsed() >= 2 * MOMENT);
    proxy.pass();
    let began = Instant::now();
    client.ping().expect("it passes");
    assert!(began.elapsed() < 2 * MOMENT);
}

#[test]
fn the_proxy_counts_round_trips() {
    let proxy = Proxy::to(redis().address());
    let mut client = Client::of(&proxy);
    client.ping().expect("it passes");
    assert_eq!(proxy.requests(), 1);
    client.0.write_all(b"PING\r\nPING\r\n").expect("it passes");
    client.receive().and_then(|()| client.receive()).expect("both are answered");
    assert_eq!(proxy.requests(), 2, "what is sent in one go is one");
    Client::of(&proxy).ping().expect("it passes");
    assert_eq!(proxy.requests(), 3);
}

#[test]
fn without_a_server_the_proxy_resets() {
    let nowhere: SocketAddr = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.local_addr().expect("it listens")
    };
    let proxy = Proxy::to(nowhere);
    assert!(Client::of(&proxy).is_reset());
}
