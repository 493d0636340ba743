//! The HTTP client of the commands that ask a running server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};

/// A client for this URL. `patience` bounds the time to connect, to the head of an answer, and between two parts of a body.
///
/// A server on this machine is asked past any proxy. The machine's certificates are read for `https` alone: containers
/// need not have any.
///
/// # Errors
/// The machine has no certificates, and `https` needs them.
pub(super) fn client(url: &str, patience: Duration) -> reqwest::Result<Client> {
    let builder = Client::builder().connect_timeout(patience).timeout(patience);
    past_proxies(url, without_certificates(url, builder)).build()
}

fn without_certificates(url: &str, builder: ClientBuilder) -> ClientBuilder {
    if url.starts_with("https:") { builder } else { builder.tls_certs_only([]) }
}

fn past_proxies(url: &str, builder: ClientBuilder) -> ClientBuilder {
    let url = reqwest::Url::parse(url).ok();
    let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let local = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    if local { builder.no_proxy() } else { builder }
}

/// The address at which a server that listens on this one is reached from its own machine: one that listens on every
/// address is reached by the loopback one.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
