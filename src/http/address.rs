//! Whose address a request comes from, behind proxies or not (§8).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName};

use crate::config::Network;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[Network]>);

impl TrustedProxies {
    /// Trusts these.
    pub fn new(networks: impl IntoIterator<Item = Network>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// The client's address: the peer's, or what trusted proxies say of it: the right-most address
    /// of `X-Forwarded-For` that is not itself a trusted proxy's. What stands further left anybody could have written.
    pub(super) fn client_address(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer?.ip().to_canonical();
        if !self.trusts(client) {
            return Some(client);
        }
        let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).collect();
        let hops = lines.iter().rev().filter_map(|line| line.to_str().ok()).flat_map(|line| line.rsplit(','));
        for hop in hops {
            let Some(address) = address_of(hop.trim()) else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        Some(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// An address as proxies write it: alone, with a port, in brackets.
fn address_of(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip())).ok();
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn client(trusted: &[&str], peer: &str, lines: &[&'static str]) -> String {
        let proxies = TrustedProxies::new(trusted.iter().map(|text| text.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_static(line));
        }
        proxies.client_address(Some(peer.parse().unwrap()), &headers).unwrap().to_string()
    }

    #[test]
    fn without_trusted_proxies_the_header_is_not_believed() {
        assert_eq!(client(&[], "203.0.113.9:1", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client(&["10.0.0.0/8"], "203.0.113.9:1", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn the_right_most_address_that_is_no_proxys_is_the_clients() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(client(&trusted, "10.0.0.1:1", &["1.1.1.1, 198.51.100.1, 10.2.3.4"]), "198.51.100.1");
        assert_eq!(client(&trusted, "10.0.0.1:1", &["1.1.1.1", "198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client(&trusted, "[fd00::1]:1", &["[2001:db8::7]:80"]), "2001:db8::7");
        assert_eq!(client(&trusted, "[fd00::1]:1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(client(&trusted, "[::ffff:10.0.0.1]:1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn behind_a_malformed_hop_nothing_is_believed() {
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1:1", &["198.51.100.1, unknown, 10.2.3.4"]), "10.2.3.4");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1:1", &[]), "10.0.0.1");
    }
}
