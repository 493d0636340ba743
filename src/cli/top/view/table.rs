//! The table of actors, as many columns of it as there is room for.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::{Line as Text, Span};
use ratatui::widgets::{Cell, Paragraph, Row as TableRow, Table, TableState};

use super::palette::Palette;
use crate::cli::top::figures::{bar, latency, plain, quantile, rate, whole};
use crate::cli::top::listing::Line;
use crate::cli::top::node::{Failure, Mailbox};
use crate::cli::top::rows::condition;
use crate::cli::top::screen::Screen;

/// Places of the bar that shows how full a mailbox is.
const BAR: u16 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    State,
    Rate,
    Errors,
    P50,
    P99,
    Depth,
    Bar,
    Oldest,
    InFlight,
    Restarts,
    Failure,
}

/// The columns, each with its heading, its width, and how wide the terminal must be for it.
const COLUMNS: [(Column, &str, Constraint, u16); 12] = [
    (Column::Name, "ACTOR", Constraint::Fill(1), 0),
    (Column::State, "STATE", Constraint::Length(12), 0),
    (Column::Rate, "RATE/S", Constraint::Length(6), 0),
    (Column::Errors, "ERR/S", Constraint::Length(5), 68),
    (Column::P50, "P50", Constraint::Length(6), 78),
    (Column::P99, "P99", Constraint::Length(6), 60),
    (Column::Depth, "WAITING", Constraint::Length(9), 0),
    (Column::Bar, "", Constraint::Length(BAR), 100),
    (Column::Oldest, "OLDEST", Constraint::Length(6), 100),
    (Column::InFlight, "BUSY", Constraint::Length(4), 60),
    (Column::Restarts, "RST", Constraint::Length(3), 78),
    (Column::Failure, "LAST FAILURE", Constraint::Fill(1), 120),
];

/// Draws the table.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, screen: &Screen, palette: Palette) {
    let lines = screen.lines();
    if lines.is_empty() {
        let words = if screen.filter.is_empty() { "no actors" } else { "nothing passes the filter; Esc clears it" };
        frame.render_widget(Paragraph::new(words).style(palette.quiet()).alignment(Alignment::Center), area);
        return;
    }
    let columns = COLUMNS.into_iter().filter(|(.., least)| area.width >= *least);
    let columns: Vec<_> = columns.collect();
    let now = &screen.snapshot().health.timestamp;
    let rows = lines.iter().map(|line| {
        let figures = Figures::of(line);
        TableRow::new(columns.iter().map(|(column, ..)| cell(*column, &figures, now, palette)))
    });
    let headings = columns.iter().map(|(column, heading, ..)| Cell::new(aligned(*column, (*heading).to_owned())));
    let table = Table::new(rows, columns.iter().map(|(_, _, width, _)| *width))
        .header(TableRow::new(headings).style(palette.title()))
        .row_highlight_style(palette.selection());
    let mut state = TableState::new().with_selected(screen.selected(&lines));
    frame.render_stateful_widget(table, area, &mut state);
}

/// What there is to tell of a line. What a type of message has not is left out.
struct Figures<'a> {
    name: String,
    state: Option<(String, String)>,
    rate: Option<Option<f64>>,
    errors: Option<Option<f64>>,
    p50: Option<f64>,
    p99: Option<f64>,
    mailbox: Option<Mailbox>,
    in_flight: Option<u64>,
    restarts: Option<u64>,
    failure: Option<&'a Failure>,
}

impl<'a> Figures<'a> {
    fn of(line: &Line<'a>) -> Self {
        match *line {
            Line::Actor(row, open) => Self {
                name: format!("{} {}", if open { '▾' } else { '▸' }, plain(&row.name)),
                state: Some((
                    row.state.clone(),
                    row.threads.map_or_else(String::new, |threads| format!(" {}/{}", threads.live, threads.expected)),
                )),
                rate: Some(row.rate_per_second),
                errors: Some(row.errors_per_second),
                p50: row.p50_ms,
                p99: row.p99_ms,
                mailbox: Some(row.mailbox),
                in_flight: Some(row.in_flight),
                restarts: Some(row.restarts),
                failure: row.last_failure.as_ref(),
            },
            Line::Replica(_, replica) => Self {
                name: format!("    /{}", replica.replica),
                state: Some((condition(&replica.state, replica.stalled_ms), String::new())),
                rate: None,
                errors: None,
                p50: None,
                p99: None,
                mailbox: Some(replica.mailbox),
                in_flight: Some(replica.in_flight),
                restarts: Some(replica.restarts),
                failure: replica.last_failure.as_ref(),
            },
            Line::Message(_, message) => Self {
                name: format!("    {}", plain(&message.name)),
                state: None,
                rate: Some(message.rate_per_second),
                errors: Some(message.errors_per_second),
                p50: Some(message.p50_ms),
                p99: Some(message.p99_ms),
                mailbox: None,
                in_flight: None,
                restarts: None,
                failure: None,
            },
        }
    }
}

fn cell<'a>(column: Column, figures: &Figures<'_>, now: &str, palette: Palette) -> Cell<'a> {
    let number = |number: Option<u64>| number.map_or_else(String::new, whole);
    let waiting = |tell: fn(Mailbox) -> String| figures.mailbox.map_or_else(String::new, tell);
    let words = match column {
        Column::Name => figures.name.clone(),
        Column::State => return Cell::new(state(figures.state.as_ref(), palette)),
        Column::Rate => figures.rate.map_or_else(String::new, rate),
        Column::Errors => {
            let some = figures.errors.flatten().is_some_and(|errors| errors > 0.0);
            let style = if some { palette.bad() } else { Style::new() };
            return Cell::new(aligned(column, figures.errors.map_or_else(String::new, rate)).style(style));
        }
        Column::P50 => figures.p50.map_or_else(String::new, |p50| quantile(Some(p50))),
        Column::P99 => figures.p99.map_or_else(String::new, |p99| quantile(Some(p99))),
        Column::Depth => waiting(|mailbox| format!("{}/{}", mailbox.depth, mailbox.bound)),
        Column::Bar => waiting(|mailbox| bar(mailbox.depth, mailbox.bound, BAR.into())),
        Column::Oldest => waiting(|mailbox| latency(mailbox.oldest_ms)),
        Column::InFlight => number(figures.in_flight),
        Column::Restarts => number(figures.restarts),
        Column::Failure => figures.failure.map_or_else(String::new, |failure| failure.told(now)),
    };
    Cell::new(aligned(column, words))
}

/// Whatever is wrong is in capitals, so that it is seen without colours.
fn state<'a>(state: Option<&(String, String)>, palette: Palette) -> Text<'a> {
    let Some((state, threads)) = state else { return Text::default() };
    let style = palette.state(state);
    let words = if style == palette.bad() { state.to_uppercase() } else { state.clone() };
    Text::from(vec![Span::styled(plain(&words), style), Span::raw(threads.clone())])
}

/// Numbers end where their column ends.
fn aligned<'a>(column: Column, words: String) -> Text<'a> {
    match column {
        Column::Name | Column::State | Column::Bar | Column::Failure => Text::from(words),
        _ => Text::from(words).right_aligned(),
    }
}
