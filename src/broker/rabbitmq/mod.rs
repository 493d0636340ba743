//! RabbitMQ: messages are kept by quorum queues, and are safe when the server has confirmed them.
//!
//! Nothing is mended: after any fault, or when the server does not answer in time, the connection is dropped, and the next
//! call makes another, declares the queues anew and begins again. What was not confirmed is published again by its
//! publisher, what was not settled is handed out again by the server.

mod connecting;
mod dead_letters;
mod publishing;
mod receiving;
mod settling;
mod topology;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use lapin::uri::{AMQPScheme, AMQPUri};
use parking_lot::Mutex as Lock;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use super::figures::Figures;
use super::{Broker, BrokerError, BrokerStats, Consumer, Message};

pub use dead_letters::{DeadLetter, Replayed, Which};

use connecting::{Connector, within};
use publishing::{Letter, Publisher};
use receiving::{RabbitConsumer, Subscription};
use topology::{Depths, Topology};

/// Where RabbitMQ is, and how long it is waited for.
#[derive(Clone, PartialEq, Eq)]
pub struct RabbitOptions {
    /// Where it is: `amqp://`, with name and password. Not `amqps://`: TLS is not spoken.
    pub url: String,
    /// What the names of the queues begin with.
    pub queue_prefix: String,
    /// How long a connection may take, and how long a batch may take to be confirmed.
    pub patience: Duration,
    /// How often a message may be handed out and come back before it is a dead letter.
    pub delivery_limit: u32,
}

impl RabbitOptions {
    /// 2 s of patience, 100 deliveries.
    ///
    /// All that is out when a consumer fails counts as handed out once more, what is innocent too: the limit is high
    /// enough for an outage of the store, in which consumers come and go.
    pub fn new(url: impl Into<String>, queue_prefix: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            queue_prefix: queue_prefix.into(),
            patience: Duration::from_secs(2),
            delivery_limit: 100,
        }
    }
}

impl fmt::Debug for RabbitOptions {
    /// Without the URL, which has a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, queue_prefix, patience, delivery_limit } = self;
        f.debug_struct("RabbitOptions")
            .field("queue_prefix", queue_prefix)
            .field("patience", patience)
            .field("delivery_limit", delivery_limit)
            .finish_non_exhaustive()
    }
}

/// The URL is none of RabbitMQ's. It is not repeated, since it may have a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL of RabbitMQ is not of the form amqp://name:password@host:port/vhost")]
pub struct InvalidUrl;

/// Hands messages over through RabbitMQ. Connects when it is first needed, on the runtime of who needs it.
pub struct RabbitBroker {
    state: Arc<State>,
    patience: Duration,
    publishing: Connector,
    consuming: Connector,
    publisher: Mutex<Option<Arc<Publisher>>>,
    /// The one that receives now.
    subscription: Mutex<Weak<Subscription>>,
    consumers: watch::Sender<u64>,
}

/// What is known of the server.
struct State {
    topology: Topology,
    figures: Figures,
    depths: Lock<Depths>,
    up: AtomicBool,
}

impl RabbitBroker {
    /// A broker that has not connected yet.
    ///
    /// # Errors
    /// The URL does not read.
    pub fn new(options: RabbitOptions) -> Result<Self, InvalidUrl> {
        let uri: AMQPUri = options.url.parse().map_err(|_| InvalidUrl)?;
        // As it is built here the driver would take it, and speak in plain.
        if uri.scheme == AMQPScheme::AMQPS {
            return Err(InvalidUrl);
        }
        let patience = options.patience;
        let state = State {
            topology: Topology::new(&options.queue_prefix, options.delivery_limit),
            figures: Figures::default(),
            depths: Lock::default(),
            up: AtomicBool::new(true),
        };
        Ok(Self {
            state: Arc::new(state),
            patience,
            publishing: Connector::new(uri.clone(), "clientele publisher", patience),
            consuming: Connector::new(uri, "clientele consumer", patience),
            publisher: Mutex::default(),
            subscription: Mutex::default(),
            consumers: watch::Sender::new(0),
        })
    }

    /// The publisher that is there, else a new one. One is made at a time.
    async fn publisher(&self) -> Result<Arc<Publisher>, BrokerError> {
        let mut publisher = self.publisher.lock().await;
        if let Some(publisher) = &*publisher {
            return Ok(Arc::clone(publisher));
        }
        let connection = self.publishing.connect().await?;
        let made = Arc::new(within(self.patience, Publisher::open(connection, &self.state.topology)).await?);
        *publisher = Some(Arc::clone(&made));
        Ok(made)
    }

    /// Drops the publisher that failed, unless somebody has put another in its place.
    async fn forget(&self, failed: &Arc<Publisher>) {
        let mut publisher = self.publisher.lock().await;
        if publisher.as_ref().is_some_and(|publisher| Arc::ptr_eq(publisher, failed)) {
            *publisher = None;
        }
    }

    async fn publish_letters(&self, letters: Vec<Letter<'_>>) -> Result<(), BrokerError> {
        // Others may be making it: each of its steps is bounded, this bounds the line before it.
        let made = timeout(2 * self.patience, self.publisher()).await.unwrap_or(Err(BrokerError::TimedOut));
        let publisher = self.state.seen(made)?;
        let publish = publisher.publish(&self.state.topology.audit, letters);
        let published = timeout(self.patience, publish).await.unwrap_or(Err(BrokerError::TimedOut));
        if published.is_err() {
            self.forget(&publisher).await;
        }
        self.state.seen(published)
    }

    async fn subscribe(&self) -> Result<Box<dyn Consumer>, BrokerError> {
        let mut subscription = self.subscription.lock().await;
        self.consumers.send_modify(|current| *current += 1);
        if let Some(old) = subscription.upgrade()
            && let Err(error) = within(self.patience, old.end()).await
        {
            tracing::debug!(%error, "the consumer of before was gone already");
        }
        let connection = self.consuming.connect().await?;
        let opened = Arc::new(within(self.patience, Subscription::open(connection, &self.state)).await?);
        *subscription = Arc::downgrade(&opened);
        let current = self.consumers.subscribe();
        Ok(Box::new(RabbitConsumer::new(opened, Arc::clone(&self.state), current, self.patience)))
    }
}

#[async_trait]
impl Broker for RabbitBroker {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BrokerError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.state.figures.published(messages.len());
        self.publish_letters(messages.iter().map(Letter::of).collect()).await?;
        self.state.figures.confirmed(messages.len());
        Ok(())
    }

    async fn consume(&self) -> Result<Box<dyn Consumer>, BrokerError> {
        let subscribed = self.subscribe().await;
        self.state.seen(subscribed)
    }

    fn stats(&self) -> BrokerStats {
        let Depths { audit, dead_letters } = *self.state.depths.lock();
        self.state.figures.stats(audit, Some(dead_letters))
    }

    fn is_up(&self) -> bool {
        self.state.up.load(Relaxed)
    }

    fn name(&self) -> &'static str {
        "rabbitmq"
    }
}

impl State {
    fn set_depths(&self, depths: Depths) {
        *self.depths.lock() = depths;
    }

    fn set_up(&self, up: bool) {
        self.up.store(up, Relaxed);
    }

    /// Notes whether the server was there.
    fn seen<T>(&self, outcome: Result<T, BrokerError>) -> Result<T, BrokerError> {
        let away = matches!(outcome, Err(BrokerError::Unreachable(_) | BrokerError::TimedOut));
        self.set_up(!away);
        outcome
    }
}

impl fmt::Debug for RabbitBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitBroker")
            .field("topology", &self.state.topology)
            .field("patience", &self.patience)
            .field("up", &self.is_up())
            .finish_non_exhaustive()
    }
}
