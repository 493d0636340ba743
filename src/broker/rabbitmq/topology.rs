//! The queues, declared anew with each connection: what is there already is left as it is.

use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Error};

/// How many messages a queue holds. One more is refused, and stays where it came from.
const CAPACITY: i64 = 1_000_000;

/// The bound on deliveries of what is set aside: none, written so that every version of the server understands it.
const ANY_NUMBER: i64 = 1_000_000_000;

/// Names and bounds of the queues.
#[derive(Clone, Debug)]
pub(super) struct Topology {
    /// Where events wait for the trail.
    pub(super) audit: ShortString,
    /// Where those wait that could not be worked on.
    pub(super) dead_letters: ShortString,
    delivery_limit: i64,
}

/// How many messages wait in each queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Depths {
    pub(super) audit: u64,
    pub(super) dead_letters: u64,
}

impl Topology {
    /// The queues whose names begin with `prefix`. What was handed out more often than `delivery_limit` is a dead letter.
    pub(super) fn new(prefix: &str, delivery_limit: u32) -> Self {
        Self {
            audit: format!("{prefix}.audit").into(),
            dead_letters: format!("{prefix}.audit.dead-letters").into(),
            delivery_limit: delivery_limit.into(),
        }
    }

    /// Declares both queues.
    pub(super) async fn declare(&self, channel: &Channel) -> Result<Depths, Error> {
        // First the place that the other one sets aside to.
        let dead_letters = durable(channel, &self.dead_letters, quorum(ANY_NUMBER)).await?;
        let mut arguments = quorum(self.delivery_limit);
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
        arguments.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString(self.dead_letters.as_str().into()));
        arguments.insert("x-dead-letter-strategy".into(), AMQPValue::LongString("at-least-once".into()));
        let audit = durable(channel, &self.audit, arguments).await?;
        Ok(Depths { audit, dead_letters })
    }

    /// Looks how many messages wait.
    pub(super) async fn depths(&self, channel: &Channel) -> Result<Depths, Error> {
        let look = QueueDeclareOptions::durable().passive();
        let audit = channel.queue_declare(self.audit.clone(), look, FieldTable::default()).await?;
        let dead_letters = channel.queue_declare(self.dead_letters.clone(), look, FieldTable::default()).await?;
        Ok(Depths { audit: audit.message_count().into(), dead_letters: dead_letters.message_count().into() })
    }
}

async fn durable(channel: &Channel, name: &ShortString, arguments: FieldTable) -> Result<u64, Error> {
    let queue = channel.queue_declare(name.clone(), QueueDeclareOptions::durable(), arguments).await?;
    Ok(queue.message_count().into())
}

/// A queue that is kept by a majority of the servers, and refuses what it has no place for.
fn quorum(delivery_limit: i64) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(CAPACITY));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(delivery_limit));
    arguments
}
