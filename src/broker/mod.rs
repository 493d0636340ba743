//! The broker port: hands messages from those who publish to the one who consumes, at least once each.
//!
//! One suite (`tests/ports/broker.rs`) says what a backend owes; one that passes it is done.

mod delivery;
pub mod embedded;
mod figures;
pub mod rabbitmq;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::model::id::ObjectId;
pub use delivery::{Delivery, Settlement};

/// Takes messages over and hands them out, in the order in which they came as long as nothing fails.
///
/// A message may be handed out more than once, after a failure: whoever consumes goes by [`Message::id`].
#[async_trait]
pub trait Broker: Send + Sync + fmt::Debug {
    /// Returns when every message is safe: the broker has taken it over durably or, where it keeps nothing itself, the
    /// consumer has acknowledged it.
    ///
    /// # Errors
    /// [`BrokerError`]: some message may not be safe, so all of them are to be published again, but for
    /// [`BrokerError::Rejected`], which names those that failed.
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BrokerError>;

    /// Begins to consume. There is one consumer at a time in this process: a new one takes over, and the one before is
    /// told so by its next call.
    ///
    /// # Errors
    /// [`BrokerError::Unreachable`] or [`BrokerError::TimedOut`].
    async fn consume(&self) -> Result<Box<dyn Consumer>, BrokerError>;

    /// What this process has published and consumed so far.
    fn stats(&self) -> BrokerStats;

    /// Whether it could be reached when it was last needed. Messages are kept by their publishers meanwhile.
    fn is_up(&self) -> bool;

    /// What it is, for people: `embedded` or `rabbitmq`.
    fn name(&self) -> &'static str;
}

/// What a process has done with its broker since the start, in messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerStats {
    /// Handed to the broker.
    pub published: u64,
    /// Known to be safe.
    pub confirmed: u64,
    /// Handed out to the consumer.
    pub delivered: u64,
    /// Settled by it: their work is done.
    pub acknowledged: u64,
    /// Settled by it: they can never be worked on, and are dead letters.
    pub rejected: u64,
    /// Lost by a consumer that failed; they come again.
    pub abandoned: u64,
    /// Waiting to be handed out, as of the last few seconds.
    pub depth: u64,
    /// Set aside because they could not be worked on, as of the last few seconds; `None`: the broker has no place for them.
    pub dead_letters: Option<u64>,
}

/// Receives messages.
#[async_trait]
pub trait Consumer: Send + fmt::Debug {
    /// Waits for at least one message and takes up to `max` (at least one) of those that are there.
    /// A call that is given up takes none.
    ///
    /// # Errors
    /// [`BrokerError::TakenOver`] if another consumer has begun since; otherwise the connection was lost. Either way this
    /// consumer receives nothing more.
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BrokerError>;
}

/// What is handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Tells a message from all others: one that comes twice has the same.
    pub id: ObjectId,
    /// What it says: JSON.
    pub body: Arc<str>,
    /// The trace that it belongs to (W3C Trace Context).
    pub traceparent: Option<String>,
}

/// A broker could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BrokerError {
    /// It cannot be reached.
    #[error("the broker is out of reach")]
    Unreachable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// It did not answer in time or, where it keeps nothing itself, the consumer did not.
    #[error("the messages were not taken over in time")]
    TimedOut,
    /// The consumer went away without settling a message, and the broker keeps nothing itself.
    #[error("the consumer went away with messages that it had not settled")]
    Abandoned,
    /// The consumer rejected messages, and the broker has no place for dead letters. All others are safe.
    #[error("the consumer rejected {} messages", ids.len())]
    Rejected {
        /// Which.
        ids: Vec<ObjectId>,
    },
    /// It took some messages over for nobody: its queue is full, or gone.
    #[error("the broker refused {count} messages")]
    Refused {
        /// How many.
        count: usize,
    },
    /// Another consumer has begun.
    #[error("another consumer has taken over")]
    TakenOver,
}
