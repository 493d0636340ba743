//! Broker
use crate::model::id::ObjectId;
use async_trait::async_trait;
use std::sync::Arc;
/// m
#[derive(Clone, Debug)]
pub struct Message {
    pub id: ObjectId,
    pub body: Arc<str>,
    pub traceparent: Option<String>,
}
#[derive(Clone, Debug, thiserror::Error)]
#[error("x")]
pub struct BrokerError;
#[async_trait]
pub trait Broker: Send + Sync + std::fmt::Debug {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BrokerError>;
    async fn consume(&self) -> Result<Box<dyn Consumer>, BrokerError>;
}
#[async_trait]
pub trait Consumer: Send {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BrokerError>;
}
pub struct Delivery {
    pub message: Message,
    t: tokio::sync::oneshot::Sender<()>,
}
impl Delivery {
    pub fn ack(self) {
        let _ = self.t.send(());
    }
    pub fn reject(self) {}
}
pub mod embedded;
