//! `clientele healthcheck`: what a container asks itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;

use crate::config::Settings;

use super::Outcome;

#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// Ask this URL instead of the server that the settings describe.
    #[arg(long)]
    url: Option<String>,
    /// Only ask whether it is alive, not whether it is ready for requests.
    #[arg(long)]
    live: bool,
}

pub(super) fn check(args: &HealthcheckArgs, settings: &Settings) -> Outcome {
    let path = if args.live { "/health/live" } else { "/health/ready" };
    let url = args.url.clone().unwrap_or_else(|| format!("http://{}{path}", reachable(settings.address())));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::max(settings.health_check_timeout, Duration::from_secs(1))))
        .http_status_as_error(false)
        .build()
        .into();
    let mut answer = agent.get(&url).call()?;
    println!("{}", answer.body_mut().read_to_string()?);
    if answer.status().is_success() { Ok(()) } else { Err(format!("{url} answered {}", answer.status()).into()) }
}

/// A server that listens on every address is reached by the loopback one.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
