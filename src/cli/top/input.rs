//! What the operator presses, and what it does.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::rows::Sort;
use super::screen::{Mode, Screen};

/// The keys, for the help.
pub(super) const KEYS: [(&str, &str); 12] = [
    ("↑ ↓ k j", "select a line; PgUp, PgDn, Home, End"),
    ("Enter → l", "unfold replicas and messages; ← h fold"),
    ("s S", "next order; the other way round"),
    ("1 … 6", "order by state, name, depth, rate, p99, restarts"),
    ("/", "filter by name, state or message; Esc ends it"),
    ("r", "restart the selected actor; asks first"),
    ("p", "pause: what is shown stays"),
    ("?", "this help"),
    ("q Ctrl-C", "quit"),
    ("", ""),
    ("p50 p99", "median of the commonest, 99th percentile of the"),
    ("", "slowest type of message, since the node started"),
];

/// Lines that PgUp and PgDn move by.
const PAGE: isize = 10;

/// What is to be done outside of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// The end.
    Quit,
    /// This actor is to be restarted.
    Restart(String),
}

impl Screen {
    /// Does what a key means.
    pub(super) fn press(&mut self, key: KeyEvent) -> Effect {
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
            return Effect::Quit;
        }
        match self.mode.clone() {
            Mode::Watching => return self.command(key.code),
            Mode::Filtering => self.write_filter(key.code),
            Mode::Helping => self.mode = Mode::Watching,
            Mode::Confirming(name) => {
                self.mode = Mode::Watching;
                if key.code == KeyCode::Char('y') {
                    self.notice = Some(format!("restarting {name} …"));
                    return Effect::Restart(name);
                }
            }
        }
        Effect::None
    }

    fn command(&mut self, code: KeyCode) -> Effect {
        self.notice = None;
        match code {
            KeyCode::Char('q') => return Effect::Quit,
            KeyCode::Char('p') => self.paused = !self.paused,
            KeyCode::Char('?') => self.mode = Mode::Helping,
            KeyCode::Char('/') => self.mode = Mode::Filtering,
            KeyCode::Char('r') => self.mode = self.selected_actor().map_or(Mode::Watching, Mode::Confirming),
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Char('s' | 'S' | '1'..='6') => self.order(code),
            code => self.moved(code),
        }
        Effect::None
    }

    fn moved(&mut self, code: KeyCode) {
        match code {
            KeyCode::Up | KeyCode::Char('k') => self.select(-1),
            KeyCode::Down | KeyCode::Char('j') => self.select(1),
            KeyCode::PageUp => self.select(-PAGE),
            KeyCode::PageDown => self.select(PAGE),
            KeyCode::Home => self.select(isize::MIN),
            KeyCode::End => self.select(isize::MAX),
            KeyCode::Right | KeyCode::Char('l') => self.unfold(true),
            KeyCode::Left | KeyCode::Char('h') => self.unfold(false),
            KeyCode::Enter => {
                let open = self.selected_actor().is_some_and(|name| self.unfolded.contains(&name));
                self.unfold(!open);
            }
            _ => {}
        }
    }

    fn order(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char('S') => self.reversed = !self.reversed,
            KeyCode::Char(digit @ '1'..='6') => self.sort = Sort::ALL[usize::from(digit as u8 - b'1')],
            _ => {
                let at = Sort::ALL.iter().position(|sort| *sort == self.sort).unwrap_or_default();
                self.sort = Sort::ALL[(at + 1) % Sort::ALL.len()];
            }
        }
        self.arrange();
    }

    fn write_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(letter) => self.filter.push(letter),
            KeyCode::Backspace => {
                self.filter.pop();
            }
            KeyCode::Enter => self.mode = Mode::Watching,
            KeyCode::Esc => {
                self.filter.clear();
                self.mode = Mode::Watching;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn press(screen: &mut Screen, keys: &str) -> Effect {
        let mut effect = Effect::None;
        for letter in keys.chars() {
            let code = match letter {
                '↓' => KeyCode::Down,
                '↑' => KeyCode::Up,
                '⏎' => KeyCode::Enter,
                '⎋' => KeyCode::Esc,
                '⌫' => KeyCode::Backspace,
                '⤓' => KeyCode::End,
                letter => KeyCode::Char(letter),
            };
            effect = screen.press(KeyEvent::new(code, KeyModifiers::NONE));
        }
        effect
    }

    fn names(screen: &Screen) -> Vec<String> {
        screen.lines().iter().map(|line| line.key()).collect()
    }

    #[test]
    fn lines_are_selected_and_unfolded() {
        let mut screen = sample::screen();
        assert_eq!(names(&screen), ["customers", "passwords", "auth"]);
        press(&mut screen, "⏎↓↓");
        let unfolded = ["customers", "customers/0", "customers/1", "customers GetCustomer", "passwords", "auth"];
        assert_eq!(names(&screen), unfolded);
        assert_eq!(screen.selected(&screen.lines()), 2);
        press(&mut screen, "h");
        assert_eq!((names(&screen).len(), screen.selected_actor().as_deref()), (3, Some("customers")));
        press(&mut screen, "⤓↓");
        assert_eq!(screen.selected_actor().as_deref(), Some("auth"), "there is nothing below");
        press(&mut screen, "k↑↑↑");
        assert_eq!(screen.selected_actor().as_deref(), Some("customers"));
    }

    #[test]
    fn the_selection_stays_with_its_actor_whatever_the_order() {
        let mut screen = sample::screen();
        press(&mut screen, "↓2");
        assert_eq!(names(&screen), ["auth", "customers", "passwords"]);
        assert_eq!(screen.selected_actor().as_deref(), Some("passwords"));
        press(&mut screen, "S");
        assert_eq!(names(&screen), ["passwords", "customers", "auth"]);
        press(&mut screen, "s");
        assert_eq!(screen.sort, Sort::Depth);
    }

    #[test]
    fn a_filter_is_written_and_cleared() {
        let mut screen = sample::screen();
        press(&mut screen, "/GETq⌫");
        assert_eq!((names(&screen), screen.mode.clone()), (vec!["customers".to_owned()], Mode::Filtering));
        press(&mut screen, "⏎⎋");
        assert_eq!((names(&screen).len(), screen.mode.clone()), (3, Mode::Watching));
        press(&mut screen, "/nothing⏎r");
        assert_eq!((names(&screen).len(), screen.mode.clone()), (0, Mode::Watching), "there is nobody to restart");
    }

    #[test]
    fn a_restart_is_asked_for_first() {
        let mut screen = sample::screen();
        assert_eq!(press(&mut screen, "r"), Effect::None);
        assert_eq!(screen.mode, Mode::Confirming("customers".to_owned()));
        assert_eq!(press(&mut screen, "n"), Effect::None);
        assert_eq!(screen.mode, Mode::Watching);
        assert_eq!(press(&mut screen, "ry"), Effect::Restart("customers".to_owned()));
    }

    #[test]
    fn what_is_paused_stays() {
        let mut screen = sample::screen();
        press(&mut screen, "p");
        screen.take(sample::snapshot(9, 1_000));
        assert_eq!(screen.snapshot().health.uptime, sample::screen().snapshot().health.uptime);
        press(&mut screen, "p");
        screen.take(sample::snapshot(9, 1_000));
        assert_eq!(screen.snapshot().health.uptime, 1_000);
    }

    #[test]
    fn q_and_ctrl_c_quit_but_not_while_a_filter_is_written() {
        let mut screen = sample::screen();
        assert_eq!(press(&mut screen, "q"), Effect::Quit);
        assert_eq!(press(&mut screen, "?"), Effect::None);
        assert_eq!(press(&mut screen, "q"), Effect::None, "closes the help");
        assert_eq!(press(&mut screen, "/q"), Effect::None);
        assert_eq!(screen.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Effect::Quit);
    }
}
