//! What stands around the table: the head, the line about the selection, events, the keys, and what covers it all.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line as Text, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

use super::palette::Palette;
use crate::cli::top::figures::{clock, elapsed, plain};
use crate::cli::top::input::KEYS;
use crate::cli::top::screen::{Mode, Screen};

/// The node, and how it is.
pub(super) fn head(frame: &mut Frame<'_>, area: Rect, screen: &Screen, palette: Palette) {
    let health = &screen.snapshot().health;
    let node = format!("clientele {}", plain(&health.version));
    let about = format!(
        "  {}  {}  up {}  {} MB",
        screen.url,
        plain(&health.environment),
        elapsed(health.uptime),
        health.memory_usage.rss
    );
    let first = Text::from(vec![Span::styled(node, palette.title()), Span::raw(about)]);
    let mut second = vec![condition(screen, palette)];
    if screen.paused {
        second.push(Span::styled("  PAUSED", palette.passing()));
    }
    let reversed = if screen.reversed { " reversed" } else { "" };
    second.push(Span::styled(format!("  by {}{reversed}", screen.sort.as_str()), palette.quiet()));
    if !screen.filter.is_empty() {
        second.push(Span::styled(format!("  with \"{}\"", screen.filter), palette.passing()));
    }
    frame.render_widget(Paragraph::new(vec![first, Text::from(second)]), area);
}

fn condition<'a>(screen: &Screen, palette: Palette) -> Span<'a> {
    if let Some(lost) = &screen.lost {
        let ago = elapsed(lost.since.elapsed().as_secs());
        let words = format!("{} {ago} ago, retrying: {}", lost.what, plain(&lost.why));
        return Span::styled(words, palette.bad());
    }
    let unready = &screen.snapshot().unready;
    if unready.is_empty() {
        return Span::styled("ready", palette.good());
    }
    Span::styled(format!("NOT READY: {}", plain(&unready.join(", "))), palette.bad())
}

/// The last failure of what is selected.
pub(super) fn selection(frame: &mut Frame<'_>, area: Rect, screen: &Screen, palette: Palette) {
    let lines = screen.lines();
    let Some(line) = lines.get(screen.selected(&lines)) else { return };
    let now = &screen.snapshot().health.timestamp;
    let words = match line.last_failure() {
        Some(failure) => format!("{} failed {}", plain(&line.key()), failure.told(now)),
        None => format!("{} has not failed", plain(&line.key())),
    };
    frame.render_widget(Paragraph::new(words).style(palette.quiet()), area);
}

/// What happened, the newest at the bottom.
pub(super) fn events(frame: &mut Frame<'_>, area: Rect, screen: &Screen, palette: Palette) {
    let block = Block::new().borders(Borders::TOP).title("events").border_style(palette.quiet());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    if screen.events.is_empty() {
        let why = screen.no_events.as_deref().unwrap_or("none yet");
        frame.render_widget(Paragraph::new(plain(why)).style(palette.quiet()), inside);
        return;
    }
    let now = &screen.snapshot().health.timestamp;
    let newest = screen.events.iter().rev().take(inside.height.into());
    let mut lines: Vec<_> =
        newest.map(|event| Text::from(format!("{} {}", plain(clock(&event.time, now)), event.describe()))).collect();
    lines.reverse();
    frame.render_widget(Paragraph::new(lines), inside);
}

/// What an order came to, the filter that is being written, or else the keys.
pub(super) fn foot(frame: &mut Frame<'_>, area: Rect, screen: &Screen, palette: Palette) {
    let line = match (&screen.mode, &screen.notice) {
        (Mode::Filtering, _) => Text::styled(format!("/{}▏  Enter keeps, Esc clears", screen.filter), palette.title()),
        (_, Some(notice)) => Text::styled(plain(notice), palette.title()),
        _ => Text::styled("q quit  ? help  s order  / filter  ⏎ unfold  r restart  p pause", palette.quiet()),
    };
    frame.render_widget(Paragraph::new(line), area);
}

/// What covers the middle of the screen until it is answered.
pub(super) fn cover(frame: &mut Frame<'_>, screen: &Screen, palette: Palette) {
    match &screen.mode {
        Mode::Watching | Mode::Filtering => {}
        Mode::Helping => {
            let lines = KEYS.map(|(keys, meaning)| {
                Text::from(vec![Span::styled(format!("{keys:<10}"), palette.title()), Span::raw(meaning)])
            });
            boxed(frame, "keys", &lines);
        }
        Mode::Confirming(name) => {
            let lines = [
                Text::styled(format!("Restart {}?", plain(name)), palette.title()),
                Text::from("What waits is kept."),
                Text::from("y restart   any other key: no"),
            ];
            boxed(frame, "restart", &lines);
        }
    }
}

fn boxed(frame: &mut Frame<'_>, title: &str, lines: &[Text<'_>]) {
    let width = lines.iter().map(Text::width).max().unwrap_or_default();
    let side = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).saturating_add(2);
    let area = frame.area().centered(Constraint::Length(side(width)), Constraint::Length(side(lines.len())));
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines.to_vec()).block(Block::bordered().title(title.to_owned())), area);
}
