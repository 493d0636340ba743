//! A server that others run, known by its URL.

use std::net::{SocketAddr, ToSocketAddrs as _};

/// A URL of one server, taken apart: `scheme://user@host:port/rest`.
pub struct Foreign<'a> {
    scheme: &'a str,
    /// With the `@` behind it; empty if it is absent.
    user: &'a str,
    host: &'a str,
    port: u16,
    /// Path and query, with what separates them from the host.
    pub rest: &'a str,
}

impl<'a> Foreign<'a> {
    pub fn parse(url: &'a str, usual_port: u16) -> Self {
        let (scheme, behind) = url.split_once("://").expect("a URL has a scheme");
        let (authority, rest) = behind.split_at(behind.find(['/', '?']).unwrap_or(behind.len()));
        let (user, place) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().expect("a port is a number")),
            None => (place, usual_port),
        };
        Self { scheme, user, host, port, rest }
    }

    pub fn address(&self) -> SocketAddr {
        let found = (self.host, self.port).to_socket_addrs();
        found.expect("the host has an address").next().expect("the host has an address")
    }

    /// The same URL with another address.
    pub fn at(&self, address: SocketAddr) -> String {
        format!("{}://{}{address}{}", self.scheme, self.user, self.rest)
    }

    /// What stands before the path.
    pub fn base(&self) -> String {
        format!("{}://{}{}:{}", self.scheme, self.user, self.host, self.port)
    }
}
