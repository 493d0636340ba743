//! How things look, with colours or without. Colours say nothing that the words do not.

use ratatui::style::{Color, Modifier, Style};

/// Whether there are colours (<https://no-color.org>).
#[derive(Clone, Copy, Debug)]
pub(in crate::cli::top) struct Palette {
    pub colours: bool,
}

impl Palette {
    pub(super) fn good(self) -> Style {
        self.coloured(Color::Green, Modifier::empty())
    }

    pub(super) fn passing(self) -> Style {
        self.coloured(Color::Yellow, Modifier::empty())
    }

    pub(super) fn bad(self) -> Style {
        self.coloured(Color::Red, Modifier::BOLD)
    }

    /// What belongs to something else, and what explains.
    pub(super) fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn selection(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn state(self, state: &str) -> Style {
        match state {
            "running" => self.good(),
            "starting" | "suspended" | "draining" => self.passing(),
            _ => self.bad(),
        }
    }

    fn coloured(self, colour: Color, modifier: Modifier) -> Style {
        let style = Style::new().add_modifier(modifier);
        if self.colours { style.fg(colour) } else { style }
    }
}
