//! The way to the queue: published all at once, confirmed each.

use futures_util::future::{MaybeDone, maybe_done};
use futures_util::poll;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Error};

use crate::broker::{BrokerError, Message};

use super::connecting::unreachable;
use super::topology::Topology;

/// The name of the header that carries the trace.
pub(super) const TRACEPARENT: &str = "traceparent";

const PERSISTENT: u8 = 2;

/// A connection to publish by. Dropped after the first fault.
pub(super) struct Publisher {
    /// Closed with this.
    _connection: Connection,
    channel: Channel,
}

/// What is published.
pub(super) struct Letter<'a> {
    pub(super) body: &'a [u8],
    pub(super) properties: BasicProperties,
}

impl Publisher {
    /// Opens a channel with confirms, and makes sure of the queues.
    pub(super) async fn open(connection: Connection, topology: &Topology) -> Result<Self, Error> {
        let channel = connection.create_channel().await?;
        topology.declare(&channel).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { _connection: connection, channel })
    }

    /// Returns when the server has confirmed each letter.
    ///
    /// # Errors
    /// [`BrokerError::Refused`] if it has taken over some for nobody, [`BrokerError::Unreachable`] if it was lost.
    pub(super) async fn publish(&self, queue: &ShortString, letters: Vec<Letter<'_>>) -> Result<(), BrokerError> {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let mut sending = Vec::with_capacity(letters.len());
        for Letter { body, properties } in letters {
            let publish = self.channel.basic_publish("".into(), queue.clone(), options, body, properties);
            let mut publish = Box::pin(maybe_done(publish));
            // Puts it in line, in this order; it is written while the others are put there.
            let _ = poll!(&mut publish);
            sending.push(publish);
        }
        let mut confirms = Vec::with_capacity(sending.len());
        for mut publish in sending {
            publish.as_mut().await;
            confirms.push(MaybeDone::take_output(publish.as_mut()).expect("it has ended").map_err(unreachable)?);
        }
        let mut refused = 0;
        for confirm in confirms {
            let taken = matches!(confirm.await.map_err(unreachable)?, Confirmation::Ack(None));
            refused += usize::from(!taken);
        }
        if refused == 0 { Ok(()) } else { Err(BrokerError::Refused { count: refused }) }
    }
}

impl<'a> Letter<'a> {
    pub(super) fn of(message: &'a Message) -> Self {
        let mut properties = BasicProperties::default()
            .with_message_id(message.id.to_string().into())
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT);
        if let Some(traceparent) = &message.traceparent {
            let mut headers = FieldTable::default();
            headers.insert(TRACEPARENT.into(), AMQPValue::LongString(traceparent.as_str().into()));
            properties = properties.with_headers(headers);
        }
        Self { body: message.body.as_bytes(), properties }
    }
}
