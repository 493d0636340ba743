//! What the terminal shows, and how it changes: by what the node tells and by what the operator presses.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use super::events::Happening;
use super::listing::{Line, lines};
use super::node::Snapshot;
use super::rows::{self, Row, Sort};

/// Events that are kept to be shown.
const EVENTS: usize = 100;

/// What the terminal shows.
#[derive(Debug)]
pub(super) struct Screen {
    /// Where the node is.
    pub url: String,
    pub sort: Sort,
    pub reversed: bool,
    /// What rows must have in them to be shown.
    pub filter: String,
    pub mode: Mode,
    /// Whether what is shown stays as it is.
    pub paused: bool,
    /// That there is nothing new to show.
    pub lost: Option<Lost>,
    /// What an order came to.
    pub notice: Option<String>,
    /// The newest last.
    pub events: VecDeque<Happening>,
    /// Why there are no events.
    pub no_events: Option<String>,
    /// Names of the rows that are unfolded.
    pub unfolded: BTreeSet<String>,
    snapshot: Snapshot,
    rows: Vec<Row>,
    /// The key of the line that is selected.
    selected: Option<String>,
}

/// That there is nothing new to show.
#[derive(Debug)]
pub(super) struct Lost {
    pub since: Instant,
    /// What is lost, in capitals.
    pub what: &'static str,
    pub why: String,
}

/// What keys mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// They move about and give orders.
    Watching,
    /// They write the filter.
    Filtering,
    /// They answer whether this actor is to be restarted.
    Confirming(String),
    /// They close the help.
    Helping,
}

impl Screen {
    /// Shows a node that was looked at once.
    pub(super) fn new(url: String, first: Snapshot, sort: Sort, filter: String) -> Self {
        let rows = rows::rows(&first, None);
        let mut screen = Self {
            url,
            sort,
            reversed: false,
            filter,
            mode: Mode::Watching,
            paused: false,
            lost: None,
            notice: None,
            events: VecDeque::new(),
            no_events: None,
            unfolded: BTreeSet::new(),
            snapshot: first,
            rows,
            selected: None,
        };
        screen.arrange();
        screen
    }

    /// Takes in another look at the node.
    pub(super) fn take(&mut self, snapshot: Snapshot) {
        self.lost = None;
        if !self.paused {
            self.rows = rows::rows(&snapshot, Some(&self.snapshot));
            self.snapshot = snapshot;
            self.arrange();
        }
    }

    /// There is nothing new to show.
    pub(super) fn lose(&mut self, what: &'static str, why: String) {
        let since = self.lost.take().map_or_else(Instant::now, |lost| lost.since);
        self.lost = Some(Lost { since, what, why });
    }

    /// Takes in an event.
    pub(super) fn note(&mut self, happening: Happening) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(happening);
    }

    /// Orders the rows anew.
    pub(super) fn arrange(&mut self) {
        rows::sort(&mut self.rows, self.sort, self.reversed);
    }

    /// The latest look at the node.
    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The lines that pass the filter.
    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        let filter = self.filter.to_lowercase();
        let shown = |line: &Line<'_>| line.row().matches(&filter);
        lines(&self.rows, &self.unfolded).into_iter().filter(shown).collect()
    }

    /// The place of the selected line among the [lines](Self::lines); the first one's if it is not among them.
    pub(super) fn selected(&self, lines: &[Line<'_>]) -> usize {
        let key = self.selected.as_deref();
        lines.iter().position(|line| Some(&*line.key()) == key).unwrap_or_default()
    }

    /// The name of the selected actor.
    pub(super) fn selected_actor(&self) -> Option<String> {
        let lines = self.lines();
        lines.get(self.selected(&lines)).map(|line| line.row().name.clone())
    }

    /// Selects the line that is so many below the selected one, or the one nearest to it.
    pub(super) fn select(&mut self, below: isize) {
        let lines = self.lines();
        let at = self.selected(&lines).saturating_add_signed(below).min(lines.len().saturating_sub(1));
        self.selected = lines.get(at).map(Line::key);
    }

    /// Shows what belongs to the selected actor, or no longer.
    pub(super) fn unfold(&mut self, open: bool) {
        let Some(name) = self.selected_actor() else { return };
        if open {
            self.unfolded.insert(name);
        } else {
            self.unfolded.remove(&name);
            self.selected = Some(name);
        }
    }
}
