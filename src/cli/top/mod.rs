//! `clientele top`: the actors of a running node, in the terminal or for a pipe.
//!
//! [`client`] asks the node ([`node`]: what it answers), [`rows`] makes of two answers what has happened between them.
//! [`text`] writes that to a pipe; in a terminal, [`watch`] feeds it to the [`screen`], which [`input`] changes and
//! [`view`] draws.

mod arguments;
mod client;
mod credentials;
mod events;
mod figures;
mod input;
mod listing;
mod node;
mod rows;
#[cfg(test)]
mod sample;
mod screen;
mod terminal;
mod text;
mod view;
mod watch;

use std::io::{self, IsTerminal, Write as _};

use crate::config::{Settings, SettingsError};
use crate::model::time::Clock;

pub(super) use arguments::TopArgs;

use super::Outcome;
use client::NodeClient;
use node::Snapshot;
use rows::{rows, sort};

/// Shows the actors of a node. The settings are asked for where no URL was given.
pub(super) fn run(args: TopArgs, settings: impl FnOnce() -> Result<Settings, SettingsError>) -> Outcome {
    let (url, api_version) = args.node(settings)?;
    let credentials = args.credentials(&url, &api_version)?;
    let node = NodeClient::new(url, credentials)?;
    let outcome = if args.json || args.once || !io::stdout().is_terminal() {
        write(&node, &args)
    } else {
        return watch::watch(node, &args);
    };
    node.sign_out();
    outcome
}

/// Writes to standard output: one table, one document, or a document each interval until nobody reads any more.
fn write(node: &NodeClient, args: &TopArgs) -> Outcome {
    let mut before = node.snapshot()?;
    loop {
        pause(args);
        let now = node.snapshot()?;
        let written = describe(node.url(), &now, &before, args);
        match writeln!(io::stdout().lock(), "{written}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        if args.once || !args.json {
            return Ok(());
        }
        before = now;
    }
}

#[expect(clippy::disallowed_methods, reason = "the interval is what was asked for; there is nothing to wait for")]
fn pause(args: &TopArgs) {
    std::thread::sleep(args.interval);
}

fn describe(url: &str, now: &Snapshot, before: &Snapshot, args: &TopArgs) -> String {
    let filter = args.filter.to_lowercase();
    let mut rows = rows(now, Some(before));
    rows.retain(|row| row.matches(&filter));
    sort(&mut rows, args.sort, false);
    if args.json { text::json(url, now, &rows, Clock::system().now()) } else { text::table(url, now, &rows) }
}
