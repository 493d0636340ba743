//! `clientele healthcheck`: what a container asks itself.

use std::time::Duration;

use clap::Args;

use crate::config::Settings;

use super::Outcome;
use super::client::{client, reachable};

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
    let patience = Duration::max(settings.health_check_timeout, Duration::from_secs(1));
    let answer = client(&url, patience)?.get(&url).send()?;
    let status = answer.status();
    println!("{}", answer.text()?);
    if status.is_success() { Ok(()) } else { Err(format!("{url} answered {status}").into()) }
}
