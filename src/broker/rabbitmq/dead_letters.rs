//! Dead letters: what was set aside for a person to look at, and how it gets back.

use lapin::message::BasicGetMessage;
use lapin::options::{BasicAckOptions, BasicGetOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection};

use crate::broker::BrokerError;
use crate::model::time::Time;

use super::RabbitBroker;
use super::connecting::within;
use super::publishing::{Letter, Publisher};

/// How many dead letters are published again at once.
const BATCH: usize = 256;

/// A message that could not be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its message id: that of its event.
    pub id: String,
    /// What it says.
    pub body: String,
    /// Why it is here: `rejected` (it cannot be read), or `delivery_limit` (it was handed out too often).
    pub reason: String,
    /// How often it was set aside so.
    pub count: u64,
    /// When it was first set aside; `None`: the server does not tell.
    pub since: Option<Time>,
}

/// Which dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that are there when it begins.
    All,
    /// The one with this message id.
    One(String),
}

/// What became of dead letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Those that are on the audit queue again.
    pub replayed: usize,
    /// Those that stay.
    pub left: usize,
}

impl RabbitBroker {
    /// The oldest dead letters, `limit` at the most. While somebody else looks, theirs are not seen.
    ///
    /// # Errors
    /// [`BrokerError::Unreachable`] or [`BrokerError::TimedOut`].
    pub async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, BrokerError> {
        let (_connection, channel) = self.open_channel().await?;
        let mut letters = Vec::new();
        while letters.len() < limit
            && let Some(message) = self.take(&channel).await?
        {
            letters.push(DeadLetter::read(&message));
        }
        // What was not acknowledged is put back when the channel closes.
        Ok(letters)
    }

    /// Puts dead letters back on the audit queue, as they were. One leaves its place only when the queue has confirmed it:
    /// if this is cut short it may be in both, which the trail, who knows each event's id, takes for one.
    ///
    /// # Errors
    /// [`BrokerError`]: those that were not confirmed are dead letters still.
    pub async fn replay(&self, which: &Which) -> Result<Replayed, BrokerError> {
        let (_connection, channel) = self.open_channel().await?;
        let there = within(self.patience, self.state.topology.depths(&channel)).await?.dead_letters;
        let there = usize::try_from(there).unwrap_or(usize::MAX);
        let publisher = self.publisher().await?;
        let mut done = Replayed::default();
        let mut seen = 0;
        while seen < there {
            let mut batch = Vec::new();
            while seen < there
                && batch.len() < BATCH
                && let Some(message) = self.take(&channel).await?
            {
                seen += 1;
                match which.names(&message) {
                    true => batch.push(message),
                    false => done.left += 1,
                }
            }
            if batch.is_empty() {
                break;
            }
            self.put_back(&publisher, &batch).await?;
            done.replayed += batch.len();
        }
        Ok(done)
    }

    async fn put_back(&self, publisher: &Publisher, batch: &[BasicGetMessage]) -> Result<(), BrokerError> {
        let letters = batch.iter().map(Letter::again).collect();
        let publish = publisher.publish(&self.state.topology.audit, letters);
        tokio::time::timeout(self.patience, publish).await.unwrap_or(Err(BrokerError::TimedOut))?;
        for message in batch {
            within(self.patience, message.acker.ack(BasicAckOptions::default())).await?;
        }
        Ok(())
    }

    async fn open_channel(&self) -> Result<(Connection, Channel), BrokerError> {
        let connection = self.consuming.connect().await?;
        let channel = within(self.patience, async {
            let channel = connection.create_channel().await?;
            self.state.topology.declare(&channel).await?;
            Ok(channel)
        });
        let channel = channel.await?;
        Ok((connection, channel))
    }

    async fn take(&self, channel: &Channel) -> Result<Option<BasicGetMessage>, BrokerError> {
        let queue = self.state.topology.dead_letters.clone();
        within(self.patience, channel.basic_get(queue, BasicGetOptions::default())).await
    }
}

impl Which {
    fn names(&self, message: &BasicGetMessage) -> bool {
        match self {
            Self::All => true,
            Self::One(id) => *id == message_id(&message.properties),
        }
    }
}

impl DeadLetter {
    fn read(message: &BasicGetMessage) -> Self {
        let death = message.properties.headers().as_ref().and_then(last_death);
        let field = |name: &str| death.and_then(|death| death.inner().get(name));
        Self {
            id: message_id(&message.properties),
            body: String::from_utf8_lossy(&message.data).into_owned(),
            reason: field("reason").map(text).unwrap_or_default(),
            count: field("count").and_then(number).unwrap_or_default(),
            since: field("time")
                .and_then(number)
                .map(|seconds| Time::from_millis(seconds.saturating_mul(1_000) as i64)),
        }
    }
}

impl<'a> Letter<'a> {
    /// The message as it was before it was set aside: what tells of that stays, and the server counts on.
    fn again(message: &'a BasicGetMessage) -> Self {
        Self { body: &message.data, properties: message.properties.clone() }
    }
}

fn message_id(properties: &BasicProperties) -> String {
    properties.message_id().as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default()
}

/// The latest entry of `x-death`, which tells why and how often.
fn last_death(headers: &FieldTable) -> Option<&FieldTable> {
    let AMQPValue::FieldArray(deaths) = headers.inner().get("x-death")? else { return None };
    match deaths.as_slice().first()? {
        AMQPValue::FieldTable(death) => Some(death),
        _ => None,
    }
}

fn text(value: &AMQPValue) -> String {
    match value {
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        AMQPValue::ShortString(text) => text.as_str().to_owned(),
        _ => String::new(),
    }
}

fn number(value: &AMQPValue) -> Option<u64> {
    match value {
        AMQPValue::LongLongInt(number) => u64::try_from(*number).ok(),
        AMQPValue::LongInt(number) => u64::try_from(*number).ok(),
        AMQPValue::LongUInt(number) => Some((*number).into()),
        AMQPValue::Timestamp(seconds) => Some(*seconds),
        _ => None,
    }
}
