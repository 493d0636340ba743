use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;
use serde_json::json;

use super::super::sample;
use super::*;

fn buffer(screen: &Screen, width: u16, height: u16, colours: bool) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, screen, Palette { colours })).unwrap();
    terminal.backend().buffer().clone()
}

/// What stands on the screen, blanks at the ends of lines left out.
fn drawn(screen: &Screen, width: u16, height: u16) -> String {
    let buffer = buffer(screen, width, height, false);
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| format!("{}\n", line(y).trim_end())).collect()
}

fn press(screen: &mut Screen, code: KeyCode) {
    screen.press(KeyEvent::new(code, KeyModifiers::NONE));
}

fn busy() -> Screen {
    let mut screen = sample::screen();
    press(&mut screen, KeyCode::Enter);
    for sequence in [17, 18] {
        let event = json!({
            "sequence": sequence, "time": "2026-03-23T09:59:07.123Z", "actor": "customers/1", "kind": "restarted", "incarnation": sequence
        });
        screen.note(serde_json::from_value(event).unwrap());
    }
    screen
}

#[test]
fn a_common_terminal_has_everything_but_the_rare_columns() {
    assert_drawn(&busy(), (80, 24), COMMON);
}

#[test]
fn a_large_terminal_has_every_column() {
    assert_drawn(&busy(), (120, 40), LARGE);
}

#[test]
fn a_small_terminal_has_what_matters_most() {
    assert_drawn(&busy(), (40, 10), SMALL);
}

#[test]
fn a_tiny_terminal_says_what_it_needs() {
    assert_drawn(&busy(), (30, 4), "too small: 30x4,\nneeds 36x6\nq quits\n\n");
}

#[test]
fn a_restart_is_asked_for_in_the_middle() {
    let mut screen = sample::screen();
    press(&mut screen, KeyCode::Char('r'));
    assert_drawn(&screen, (44, 12), CONFIRMATION);
}

#[test]
fn the_help_covers_the_table() {
    let mut screen = sample::screen();
    press(&mut screen, KeyCode::Char('?'));
    assert_drawn(&screen, (80, 18), HELP);
}

#[test]
fn the_head_tells_of_a_lost_connection_a_pause_and_a_filter() {
    let mut screen = sample::screen();
    for letter in "p/auth".chars() {
        press(&mut screen, KeyCode::Char(letter));
    }
    screen.lose("CONNECTION LOST", "no answer".to_owned());
    let drawn = drawn(&screen, 100, 8);
    let lines: Vec<_> = drawn.lines().collect();
    assert_eq!(lines[1], "CONNECTION LOST 0s ago, retrying: no answer  PAUSED  by state  with \"auth\"");
    assert!(lines[3].starts_with("▸ auth") && lines[4].is_empty(), "{drawn}");
    assert_eq!(lines[7], "/auth▏  Enter keeps, Esc clears");
    press(&mut screen, KeyCode::Char('x'));
    assert!(super::tests::drawn(&screen, 100, 8).contains("nothing passes the filter"));
}

#[test]
fn without_colours_there_are_none() {
    let screen = busy();
    let coloured = |colours| {
        let buffer = buffer(&screen, 80, 24, colours);
        buffer.content.iter().filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset).count()
    };
    assert_eq!(coloured(false), 0);
    assert!(coloured(true) > 20, "states and readiness have one");
}

#[test]
fn a_long_table_scrolls_with_the_selection() {
    let mut screen = busy();
    assert!(!drawn(&screen, 60, 6).contains("▸ auth"));
    press(&mut screen, KeyCode::End);
    let drawn = drawn(&screen, 60, 6);
    assert!(drawn.contains("▸ auth"), "{drawn}");
}

#[track_caller]
fn assert_drawn(screen: &Screen, (width, height): (u16, u16), expected: &str) {
    let drawn = drawn(screen, width, height);
    assert_eq!(drawn, expected, "\n{drawn}");
}

const COMMON: &str = "\
clientele 0.1.0  http://localhost:4000  production  up 3h12m  34 MB
NOT READY: customers/1, passwords  by state
ACTOR                 STATE        RATE/S ERR/S    P50    P99   WAITING BUSY RST
▾ customers           FAILED         1.2k   2.0   16µs  2.4ms 1024/4096    3   5
    /0                STALLED                                    0/2048    3   0
    /1                FAILED                                     0/2048    0   5
    GetCustomer                      1.2k   2.0   16µs  2.4ms
▸ passwords           DEGRADED 1/2      0     0   14ms  340ms     16/16    1   1
▸ auth                running           0     0                  0/2048    0   0







customers failed 09:59:07 src/actors/customers/actor.rs:88: index out of bounds
events──────────────────────────────────────────────────────────────────────────
09:59:07 customers/1 restarted incarnation=17
09:59:07 customers/1 restarted incarnation=18



q quit  ? help  s order  / filter  ⏎ unfold  r restart  p pause
";

const LARGE: &str = "\
clientele 0.1.0  http://localhost:4000  production  up 3h12m  34 MB
NOT READY: customers/1, passwords  by state
ACTOR                  STATE        RATE/S ERR/S    P50    P99   WAITING          OLDEST BUSY RST LAST FAILURE
▾ customers            FAILED         1.2k   2.0   16µs  2.4ms 1024/4096 ██░░░░░░   1.2s    3   5 09:59:07 src/actors/cu
    /0                 STALLED                                    0/2048 ░░░░░░░░      0    3   0
    /1                 FAILED                                     0/2048 ░░░░░░░░      0    0   5 09:59:07 src/actors/cu
    GetCustomer                       1.2k   2.0   16µs  2.4ms
▸ passwords            DEGRADED 1/2      0     0   14ms  340ms     16/16 ████████  310ms    1   1
▸ auth                 running           0     0                  0/2048 ░░░░░░░░      0    0   0



















customers failed 09:59:07 src/actors/customers/actor.rs:88: index out of bounds
events──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
09:59:07 customers/1 restarted incarnation=17
09:59:07 customers/1 restarted incarnation=18







q quit  ? help  s order  / filter  ⏎ unfold  r restart  p pause
";

const SMALL: &str = "\
clientele 0.1.0  http://localhost:4000
NOT READY: customers/1, passwords  by st
ACTOR      STATE        RATE/S   WAITING
▾ customer FAILED         1.2k 1024/4096
    /0     STALLED                0/2048
    /1     FAILED                 0/2048
    GetCus                1.2k
▸ password DEGRADED 1/2      0     16/16
▸ auth     running           0    0/2048
q quit  ? help  s order  / filter  ⏎ unf
";

const CONFIRMATION: &str = "\
clientele 0.1.0  http://localhost:4000  prod
NOT READY: customers/1, passwords  by state
ACTOR          STATE        RATE/S   WAITING
▸ customers    FAILED         1.2k 1024/4096
▸ passw┌restart──────────────────────┐ 16/16
▸ auth │Restart customers?           │0/2048
       │What waits is kept.          │
       │y restart   any other key: no│
       └─────────────────────────────┘


q quit  ? help  s order  / filter  ⏎ unfold
";

const HELP: &str = "\
clientele 0.1.0  http://localhost:4000  production  up 3h12m  34 MB
NOT READY: customers/1, passwords  by state
ACTOR     ┌keys──────────────────────────────────────────────────────┐G BUSY RST
▸ customer│↑ ↓ k j   select a line; PgUp, PgDn, Home, End            │6    3   5
▸ password│Enter → l unfold replicas and messages; ← h fold          │6    1   1
▸ auth    │s S       next order; the other way round                 │8    0   0
          │1 … 6     order by state, name, depth, rate, p99, restarts│
          │/         filter by name, state or message; Esc ends it   │
          │r         restart the selected actor; asks first          │
          │p         pause: what is shown stays                      │
          │?         this help                                       │
          │q Ctrl-C  quit                                            │
customers │                                                          │of bounds
events────│p50 p99   median of the commonest, 99th percentile of the │──────────
none yet  │          slowest type of message, since the node started │
          └──────────────────────────────────────────────────────────┘

q quit  ? help  s order  / filter  ⏎ unfold  r restart  p pause
";
