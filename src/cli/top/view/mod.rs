//! Draws the screen.

mod palette;
mod panels;
mod table;
#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::widgets::Paragraph;

pub(super) use palette::Palette;

use super::screen::Screen;

/// Below this nothing sensible can be shown, in columns and lines.
const LEAST: (u16, u16) = (36, 6);

/// From how many lines on there is one about the selection.
const WITH_SELECTION: u16 = 14;

/// From how many lines on there are events.
const WITH_EVENTS: u16 = 18;

/// Draws everything, or as much as there is room for.
pub(super) fn draw(frame: &mut Frame<'_>, screen: &Screen, palette: Palette) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let words = format!("too small: {}x{},\nneeds {}x{}\nq quits", area.width, area.height, LEAST.0, LEAST.1);
        frame.render_widget(Paragraph::new(words), area);
        return;
    }
    let if_high = |least: u16, lines: u16| Constraint::Length(if area.height >= least { lines } else { 0 });
    let [head, table, selection, events, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Fill(1),
        if_high(WITH_SELECTION, 1),
        if_high(WITH_EVENTS, area.height / 4),
        Constraint::Length(1),
    ])
    .areas(area);
    panels::head(frame, head, screen, palette);
    table::draw(frame, table, screen, palette);
    if selection.height > 0 {
        panels::selection(frame, selection, screen, palette);
    }
    if events.height > 0 {
        panels::events(frame, events, screen, palette);
    }
    panels::foot(frame, foot, screen, palette);
    panels::cover(frame, screen, palette);
}
