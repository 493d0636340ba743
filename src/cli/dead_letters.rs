//! `clientele audit dead-letters`.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::app::dead_letters::{DeadLetter, Which, dead_letters};
use crate::config::Settings;

use super::{Outcome, print};

/// What is done with dead letters.
#[derive(Debug, Subcommand)]
pub(super) enum DeadLettersCommand {
    /// Tell of each dead letter, the oldest first: its id, since when it is one, how often it was set aside and why, and
    /// what it was to tell. While somebody else looks or replays, the letters in their hands are not told.
    List(ListArgs),
    /// Put dead letters back on the audit queue, from where they reach the trail. None is lost: each leaves its place when
    /// the queue has confirmed it. Safe to repeat: the trail takes each event once.
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Tell of so many at the most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Write JSON: one object a line, with the whole message.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct ReplayArgs {
    /// The one with this id.
    #[arg(long)]
    id: Option<String>,
    /// All that are there now.
    #[arg(long)]
    all: bool,
}

pub(super) fn run(command: DeadLettersCommand, settings: &Settings) -> Outcome {
    let broker = dead_letters(settings)?;
    actix::System::new().block_on(async {
        match command {
            DeadLettersCommand::List(args) => {
                let letters = broker.dead_letters(args.limit as usize).await?;
                print(&if args.json { lines(&letters) } else { table(&letters) })
            }
            DeadLettersCommand::Replay(ReplayArgs { id, .. }) => {
                let which = id.map_or(Which::All, Which::One);
                let done = broker.replay(&which).await?;
                match which {
                    Which::One(id) if done.replayed == 0 => Err(format!("no dead letter has the id {id}").into()),
                    _ => print(&format!("Replayed {}, left {}.", done.replayed, done.left)),
                }
            }
        }
    })
}

fn table(letters: &[DeadLetter]) -> String {
    if letters.is_empty() {
        return "There are no dead letters.".to_owned();
    }
    let mut table = format!("{:24}  {:24}  {:>5}  {:14}  ACTION", "ID", "SINCE", "TIMES", "WHY");
    for letter in letters {
        let since = letter.since.map(|since| since.to_string()).unwrap_or_default();
        let action = read(letter)["action"].as_str().unwrap_or("not an event").to_owned();
        let (id, count, reason) = (visible(&letter.id), letter.count, visible(&letter.reason));
        let _ = write!(table, "\n{id:24}  {since:24}  {count:>5}  {reason:14}  {}", visible(&action));
    }
    table
}

fn lines(letters: &[DeadLetter]) -> String {
    let line = |letter: &DeadLetter| {
        json!({
            "id": letter.id,
            "since": letter.since.map(|since| since.to_string()),
            "count": letter.count,
            "reason": letter.reason,
            "message": read(letter),
        })
        .to_string()
    };
    letters.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What the letter says: JSON or, where it is none, a text.
fn read(letter: &DeadLetter) -> Value {
    serde_json::from_str(&letter.body).unwrap_or_else(|_| Value::String(letter.body.clone()))
}

/// Without what would steer a terminal: anybody who may publish may have written it.
fn visible(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}
