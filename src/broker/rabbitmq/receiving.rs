//! The way from the queue: one consumer in this process, and by the queue's own rule one over all nodes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt};
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ChannelState, Connection, Error, ErrorKind, message};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::broker::{BrokerError, Consumer, Delivery, Message, Settlement};
use crate::model::id::ObjectId;

use super::State;
use super::connecting::{unreachable, within};
use super::publishing::TRACEPARENT;
use super::settling::{Settled, tell_settlements};

/// How many messages may be out: two batches of the trail, so that one is on its way while the other is written.
const PREFETCH: u16 = 512;

/// How often a consumer looks at how much waits.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// The server's promise to hand out messages on this channel. Closed with the last who holds it.
pub(super) struct Subscription {
    /// Closed with this.
    _connection: Connection,
    channel: Channel,
    deliveries: lapin::Consumer,
}

/// Receives messages from the audit queue.
pub(super) struct RabbitConsumer {
    subscription: Arc<Subscription>,
    deliveries: lapin::Consumer,
    settled: UnboundedSender<Settled>,
    state: Arc<State>,
    /// The number of the consumer that may receive; when it is no longer `number`, another has taken over.
    current: watch::Receiver<u64>,
    number: u64,
    looks: Interval,
    patience: Duration,
}

impl Subscription {
    /// Makes sure of the queues and begins to consume.
    pub(super) async fn open(connection: Connection, state: &State) -> Result<Self, Error> {
        let channel = connection.create_channel().await?;
        state.set_depths(state.topology.declare(&channel).await?);
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let (queue, options) = (state.topology.audit.clone(), BasicConsumeOptions::default());
        let deliveries = channel.basic_consume(queue, "".into(), options, FieldTable::default()).await?;
        Ok(Self { _connection: connection, channel, deliveries })
    }

    /// Gives the place of the one consumer free, and what was handed out and not looked at back. What is worked on can
    /// still be settled.
    pub(super) async fn end(&self) -> Result<(), Error> {
        self.channel.basic_cancel(self.deliveries.tag(), BasicCancelOptions::default()).await?;
        let mut unseen = self.deliveries.clone();
        while let Some(Some(Ok(delivery))) = unseen.next().now_or_never() {
            delivery.acker.nack(BasicNackOptions { multiple: false, requeue: true }).await?;
        }
        Ok(())
    }
}

impl RabbitConsumer {
    pub(super) fn new(
        subscription: Arc<Subscription>,
        state: Arc<State>,
        current: watch::Receiver<u64>,
        patience: Duration,
    ) -> Self {
        let number = *current.borrow();
        let mut looks = interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.reset();
        Self {
            deliveries: subscription.deliveries.clone(),
            settled: tell_settlements(subscription.channel.clone()),
            subscription,
            state,
            current,
            number,
            looks,
            patience,
        }
    }

    /// Waits for a message. One that arrives while the wait is given up stays where it is.
    async fn wait(&mut self) -> Result<message::Delivery, BrokerError> {
        loop {
            tokio::select! {
                biased;
                () = another(&mut self.current, self.number) => return Err(BrokerError::TakenOver),
                arrived = self.deliveries.next() => {
                    let ended = || Error::from(ErrorKind::InvalidChannelState(ChannelState::Closed, "basic.deliver"));
                    return arrived.unwrap_or_else(|| Err(ended())).map_err(unreachable);
                }
                _ = self.looks.tick() => {
                    let depths = self.state.topology.depths(&self.subscription.channel);
                    self.state.set_depths(within(self.patience, depths).await?);
                }
            }
        }
    }

    /// Hands it out; what is no message of ours will never be one, and is set aside.
    fn hand_out(&self, delivery: message::Delivery) -> Option<Delivery> {
        let tag = delivery.delivery_tag;
        let (settled, state) = (self.settled.clone(), Arc::clone(&self.state));
        state.figures.delivered();
        let settle = move |settlement| {
            state.figures.settled(settlement);
            // Nobody listens any more when the connection is gone; then it is handed out again.
            let _ = settled.send((tag, settlement));
        };
        let Some(message) = read(delivery) else {
            tracing::error!(tag, "a message on the audit queue has no id, or is no text");
            settle(Settlement::Rejected);
            return None;
        };
        Some(Delivery::new(message, settle))
    }

    async fn receive(&mut self, max: usize) -> Result<Vec<Delivery>, BrokerError> {
        loop {
            let first = self.wait().await?;
            let mut batch: Vec<Delivery> = self.hand_out(first).into_iter().collect();
            while batch.len() < max
                && let Some(Some(next)) = self.deliveries.next().now_or_never()
            {
                batch.extend(self.hand_out(next.map_err(unreachable)?));
            }
            if !batch.is_empty() {
                return Ok(batch);
            }
        }
    }
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BrokerError> {
        let received = self.receive(max.max(1)).await;
        if let Err(error) = &received
            && !matches!(error, BrokerError::TakenOver)
        {
            self.state.set_up(false);
        }
        received
    }
}

impl fmt::Debug for RabbitConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitConsumer").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Waits until another consumer than this one has begun.
async fn another(current: &mut watch::Receiver<u64>, number: u64) {
    // There is none to come when the broker itself is gone, and nothing to receive either.
    let _ = current.wait_for(|current| *current != number).await;
}

fn read(delivery: message::Delivery) -> Option<Message> {
    let id: ObjectId = delivery.properties.message_id().as_ref()?.as_str().parse().ok()?;
    let body = String::from_utf8(delivery.data).ok()?.into();
    let traceparent = delivery.properties.headers().as_ref().and_then(|headers| {
        let AMQPValue::LongString(text) = headers.inner().get(TRACEPARENT)? else { return None };
        Some(String::from_utf8_lossy(text.as_bytes()).into_owned())
    });
    Some(Message { id, body, traceparent })
}
