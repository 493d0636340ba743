//! e
use super::*;
use tokio::sync::{Mutex, mpsc, oneshot};
#[derive(Debug)]
pub struct EmbeddedBroker(
    mpsc::Sender<(Message, oneshot::Sender<()>)>,
    Arc<Mutex<mpsc::Receiver<(Message, oneshot::Sender<()>)>>>,
);
impl Default for EmbeddedBroker {
    fn default() -> Self {
        let (a, b) = mpsc::channel(1024);
        Self(a, Arc::new(Mutex::new(b)))
    }
}
#[async_trait]
impl Broker for EmbeddedBroker {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BrokerError> {
        let mut w = vec![];
        for m in messages {
            let (t, r) = oneshot::channel();
            self.0.send((m, t)).await.map_err(|_| BrokerError)?;
            w.push(r);
        }
        for r in w {
            r.await.map_err(|_| BrokerError)?;
        }
        Ok(())
    }
    async fn consume(&self) -> Result<Box<dyn Consumer>, BrokerError> {
        Ok(Box::new(C(self.1.clone())))
    }
}
struct C(Arc<Mutex<mpsc::Receiver<(Message, oneshot::Sender<()>)>>>);
#[async_trait]
impl Consumer for C {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BrokerError> {
        let mut v = vec![];
        let mut g = self.0.lock().await;
        g.recv_many(&mut v, max).await;
        Ok(v.into_iter().map(|(message, t)| Delivery { message, t }).collect())
    }
}
