//! The terminal view: threads that ask the node, follow its events and read the keys, and the loop that draws.

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};

use crate::cli::Outcome;

use super::TopArgs;
use super::client::{NodeClient, NodeError};
use super::events::{self, Happening};
use super::input::Effect;
use super::node::Snapshot;
use super::screen::Screen;
use super::terminal::{Taken, on_signal};
use super::view::{self, Palette};

/// How often the screen is drawn though nothing has come: how long ago something was changes by itself.
const REDRAW: Duration = Duration::from_millis(500);

/// How long to wait before the stream of events is asked for again.
const RETRY: Duration = Duration::from_secs(2);

/// What the threads tell the loop.
enum News {
    Looked(Box<Snapshot>),
    Lost(NodeError),
    Happened(Happening),
    NoEvents(String),
    Done(String),
    Pressed(KeyEvent),
    Resized,
    Stop,
}

/// Watches a node until the operator quits.
///
/// # Errors
/// The node cannot be reached or refuses at the first look, or there is no terminal. What fails later is shown.
pub(super) fn watch(node: NodeClient, args: &TopArgs) -> Outcome {
    let first = node.snapshot()?;
    let mut screen = Screen::new(node.url().to_owned(), first, args.sort, args.filter.clone());
    let palette = Palette { colours: env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) };
    let node = Arc::new(node);
    let (tell, news) = channel();
    let (order, orders) = channel();
    let stop = tell.clone();
    on_signal(move || drop(stop.send(News::Stop)))?;
    let mut taken = Taken::take()?;
    spawn({
        let (node, tell, interval) = (node.clone(), tell.clone(), args.interval);
        move || look(&node, interval, &orders, &tell)
    });
    spawn({
        let (node, tell) = (node.clone(), tell.clone());
        move || follow(&node, &tell)
    });
    spawn(move || read_keys(&tell));
    let outcome = run(&mut taken, &mut screen, palette, &news, &order);
    drop(taken);
    node.sign_out();
    outcome
}

/// The threads end with the process: each may wait for something that never comes.
fn spawn(work: impl FnOnce() + Send + 'static) {
    thread::spawn(work);
}

fn run(
    taken: &mut Taken,
    screen: &mut Screen,
    palette: Palette,
    news: &Receiver<News>,
    order: &Sender<String>,
) -> Outcome {
    loop {
        taken.terminal().draw(|frame| view::draw(frame, screen, palette))?;
        let mut next = match news.recv_timeout(REDRAW) {
            Ok(next) => Some(next),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        while let Some(one) = next {
            match take_in(screen, one) {
                Effect::None => {}
                Effect::Quit => return Ok(()),
                // The thread that takes orders lives as long as this one.
                Effect::Restart(name) => drop(order.send(name)),
            }
            next = news.try_recv().ok();
        }
    }
}

fn take_in(screen: &mut Screen, news: News) -> Effect {
    match news {
        News::Pressed(key) => return screen.press(key),
        News::Stop => return Effect::Quit,
        News::Looked(snapshot) => screen.take(*snapshot),
        News::Lost(error) => screen.lose(lost(&error), in_full(&error)),
        News::Happened(happening) => screen.note(happening),
        News::NoEvents(why) => screen.no_events = Some(why),
        News::Done(what) => screen.notice = Some(what),
        News::Resized => {}
    }
    Effect::None
}

/// Looks at the node each interval, and does what is ordered in between.
fn look(node: &NodeClient, interval: Duration, orders: &Receiver<String>, tell: &Sender<News>) {
    loop {
        match orders.recv_timeout(interval) {
            Ok(name) => {
                let done = match node.restart(&name) {
                    Ok(restarted) => format!("{name}: {restarted} restarted"),
                    Err(error) => format!("{name}: {}", in_full(&error)),
                };
                let _ = tell.send(News::Done(done));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let seen = match node.snapshot() {
            Ok(snapshot) => News::Looked(Box::new(snapshot)),
            Err(error) => News::Lost(error),
        };
        if tell.send(seen).is_err() {
            return;
        }
    }
}

/// Follows the events over all breaks of the stream, unless they are refused.
fn follow(node: &NodeClient, tell: &Sender<News>) {
    let mut last = None;
    loop {
        let followed = events::follow(node, last, |happening| {
            let _ = tell.send(News::Happened(happening));
        });
        match followed {
            Ok(sequence) => last = sequence,
            Err(error) if error.is_final() => {
                let _ = tell.send(News::NoEvents(in_full(&error)));
                return;
            }
            // Whether the node answers at all is told by whoever looks at it. If it was started anew, it counts anew.
            Err(_) => last = None,
        }
        thread::park_timeout(RETRY);
    }
}

fn read_keys(tell: &Sender<News>) {
    loop {
        let news = match event::read() {
            Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => News::Pressed(key),
            Ok(Event::Resize(..)) => News::Resized,
            Ok(_) => continue,
            // Nobody can press anything any more.
            Err(_) => News::Stop,
        };
        if tell.send(news).is_err() {
            return;
        }
    }
}

/// What an error has cost, in capitals.
fn lost(error: &NodeError) -> &'static str {
    if matches!(error, NodeError::Unreachable { .. }) { "CONNECTION LOST" } else { "REFUSED" }
}

/// An error and its causes on one line.
fn in_full(error: &NodeError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
