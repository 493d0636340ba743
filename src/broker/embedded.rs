//! The embedded broker: a bounded hand-over within this process. It keeps nothing, so publishing waits for the consumer.

use std::collections::VecDeque;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use super::figures::Figures;
use super::{Broker, BrokerError, BrokerStats, Consumer, Delivery, Message, Settlement};
use crate::model::id::ObjectId;

/// The bounds of an [`EmbeddedBroker`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmbeddedBrokerOptions {
    /// How many messages may wait for the consumer; publishing more waits. At least 1.
    pub capacity: usize,
    /// How long publishing waits for the consumer to acknowledge, there being one or not.
    pub patience: Duration,
}

impl Default for EmbeddedBrokerOptions {
    /// 1,024 messages, 10 s.
    fn default() -> Self {
        Self { capacity: 1_024, patience: Duration::from_secs(10) }
    }
}

/// Hands messages over within this process.
#[derive(Debug)]
pub struct EmbeddedBroker {
    counter: Arc<Counter>,
    patience: Duration,
}

/// Where messages wait to be taken.
struct Counter {
    queue: Mutex<Queue>,
    arrivals: Notify,
    places: Arc<Semaphore>,
    figures: Arc<Figures>,
}

#[derive(Default)]
struct Queue {
    parcels: VecDeque<Parcel>,
    /// The number of the consumer that may take from it.
    consumer: u64,
}

/// A message that waits, and the publisher that waits with it.
struct Parcel {
    message: Message,
    receipt: oneshot::Sender<Settlement>,
    _place: OwnedSemaphorePermit,
}

/// What a publisher waits for.
struct Receipt {
    id: ObjectId,
    settlement: oneshot::Receiver<Settlement>,
}

impl EmbeddedBroker {
    /// A broker with nothing in it.
    pub fn new(options: EmbeddedBrokerOptions) -> Self {
        let counter = Counter {
            queue: Mutex::default(),
            arrivals: Notify::new(),
            places: Arc::new(Semaphore::new(options.capacity.max(1))),
            figures: Arc::default(),
        };
        Self { counter: Arc::new(counter), patience: options.patience }
    }
}

#[async_trait]
impl Broker for EmbeddedBroker {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BrokerError> {
        let count = messages.len();
        let hand_over = async {
            let mut receipts = Vec::with_capacity(messages.len());
            for message in messages {
                receipts.push(self.counter.lay_down(message).await);
            }
            settled(receipts).await
        };
        let outcome = timeout(self.patience, hand_over).await.unwrap_or(Err(BrokerError::TimedOut));
        let confirmed = match &outcome {
            Ok(()) => count,
            Err(BrokerError::Rejected { ids }) => count - ids.len(),
            Err(_) => 0,
        };
        self.counter.figures.confirmed(confirmed);
        outcome
    }

    async fn consume(&self) -> Result<Box<dyn Consumer>, BrokerError> {
        let number = {
            let mut queue = self.counter.queue.lock();
            queue.consumer += 1;
            queue.consumer
        };
        // The one before may be waiting; it is told now.
        self.counter.arrivals.notify_waiters();
        Ok(Box::new(EmbeddedConsumer { counter: Arc::clone(&self.counter), number }))
    }

    fn stats(&self) -> BrokerStats {
        self.counter.figures.stats(self.counter.queue.lock().parcels.len() as u64, None)
    }

    fn is_up(&self) -> bool {
        true
    }

    fn name(&self) -> &'static str {
        "embedded"
    }
}

/// Waits until the consumer has settled everything, or has gone away with some of it.
async fn settled(receipts: Vec<Receipt>) -> Result<(), BrokerError> {
    let mut rejected = Vec::new();
    for Receipt { id, settlement } in receipts {
        match settlement.await.unwrap_or(Settlement::Abandoned) {
            Settlement::Acknowledged => {}
            Settlement::Rejected => rejected.push(id),
            Settlement::Abandoned => return Err(BrokerError::Abandoned),
        }
    }
    if rejected.is_empty() { Ok(()) } else { Err(BrokerError::Rejected { ids: rejected }) }
}

impl Counter {
    /// Waits for a free place, and puts the message there.
    async fn lay_down(&self, message: Message) -> Receipt {
        let place = Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed");
        let (receipt, settlement) = oneshot::channel();
        let id = message.id;
        self.queue.lock().parcels.push_back(Parcel { message, receipt, _place: place });
        self.figures.published(1);
        self.arrivals.notify_waiters();
        Receipt { id, settlement }
    }

    /// Takes what is there, if this consumer is still the one who may. What no publisher waits for any more is left
    /// out: it will be published again.
    fn take(&self, consumer: u64, max: usize) -> Result<Vec<Delivery>, BrokerError> {
        let mut queue = self.queue.lock();
        if queue.consumer != consumer {
            return Err(BrokerError::TakenOver);
        }
        let mut deliveries = Vec::new();
        while deliveries.len() < max.max(1)
            && let Some(parcel) = queue.parcels.pop_front()
        {
            if !parcel.receipt.is_closed() {
                self.figures.delivered();
                deliveries.push(parcel.into_delivery(Arc::clone(&self.figures)));
            }
        }
        Ok(deliveries)
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waiting", self.queue.lock().parcels.len())
    }
}

impl Parcel {
    fn into_delivery(self, figures: Arc<Figures>) -> Delivery {
        let receipt = self.receipt;
        Delivery::new(self.message, move |settlement| {
            figures.settled(settlement);
            // A publisher that gave up meanwhile publishes again.
            let _ = receipt.send(settlement);
        })
    }
}

#[derive(Debug)]
struct EmbeddedConsumer {
    counter: Arc<Counter>,
    number: u64,
}

#[async_trait]
impl Consumer for EmbeddedConsumer {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BrokerError> {
        loop {
            let mut arrival = pin!(self.counter.arrivals.notified());
            // Before looking: what arrives after the look is noticed.
            arrival.as_mut().enable();
            let deliveries = self.counter.take(self.number, max)?;
            if !deliveries.is_empty() {
                return Ok(deliveries);
            }
            arrival.await;
        }
    }
}
