//! The lines of the table: a row each, and below those that are unfolded their replicas and types of messages.

use std::collections::BTreeSet;

use super::node::Replica;
use super::rows::{MessageRow, Row};

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line<'a> {
    /// An actor or a pool; whether what belongs to it is shown.
    Actor(&'a Row, bool),
    /// One of its replicas.
    Replica(&'a Row, &'a Replica),
    /// One of its types of messages.
    Message(&'a Row, &'a MessageRow),
}

/// The lines of these rows, of which some are unfolded.
pub(super) fn lines<'a>(rows: &'a [Row], unfolded: &BTreeSet<String>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for row in rows {
        let open = unfolded.contains(&row.name);
        lines.push(Line::Actor(row, open));
        if open {
            lines.extend(row.replicas.iter().map(|replica| Line::Replica(row, replica)));
            lines.extend(row.messages.iter().map(|message| Line::Message(row, message)));
        }
    }
    lines
}

impl<'a> Line<'a> {
    /// The row that it is or belongs to.
    pub(super) fn row(&self) -> &'a Row {
        match self {
            Self::Actor(row, _) | Self::Replica(row, _) | Self::Message(row, _) => row,
        }
    }

    /// What tells it from all others, wherever it stands.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Actor(row, _) => row.name.clone(),
            Self::Replica(row, replica) => format!("{}/{}", row.name, replica.replica),
            Self::Message(row, message) => format!("{} {}", row.name, message.name),
        }
    }

    /// The last failure of what it shows.
    pub(super) fn last_failure(&self) -> Option<&'a super::node::Failure> {
        match self {
            Self::Actor(row, _) | Self::Message(row, _) => row.last_failure.as_ref(),
            Self::Replica(_, replica) => replica.last_failure.as_ref(),
        }
    }
}
