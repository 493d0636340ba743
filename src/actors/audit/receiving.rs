//! The consumer of the audit queue: had, lost, and had again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::broker::{Broker, BrokerError, Consumer};
use crate::store::Store;

use super::trail::{TrailError, consume};

/// How long the actor's start waits for a consumer. Without one it starts as well: what it is asked needs no broker.
const START_PATIENCE: Duration = Duration::from_millis(500);

/// How long it rests between attempts to have one.
const REST: Duration = Duration::from_millis(250);

/// A consumer that is lost after this time is a reason to begin anew with everything. One that is lost sooner is not, so
/// that a broker that comes and goes cannot have the actor restarted until its supervisor gives up.
const STEADY: Duration = Duration::from_secs(10);

/// A consumer, if the broker gives one soon.
pub(super) async fn first(broker: &dyn Broker) -> Option<Box<dyn Consumer>> {
    timeout(START_PATIENCE, broker.consume()).await.ok()?.ok()
}

/// Brings what the broker delivers to the trail, with `consumer` first, until that is lost for good.
///
/// # Errors
/// Another consumer has taken over, a steady one was lost, or what was delivered cannot be written. It is delivered again.
pub(super) async fn receive(
    store: &dyn Store,
    broker: &Arc<dyn Broker>,
    mut consumer: Option<Box<dyn Consumer>>,
) -> Result<(), TrailError> {
    loop {
        let mut present = match consumer.take() {
            Some(consumer) => consumer,
            None => next(&**broker).await,
        };
        let begun = Instant::now();
        match consume(store, &mut *present).await {
            Err(TrailError::Broker(error)) if !is_final(&error) && begun.elapsed() < STEADY => {
                tracing::warn!(%error, "the broker was lost");
            }
            ended => return ended,
        }
        drop(present);
        sleep(REST).await;
    }
}

fn is_final(error: &BrokerError) -> bool {
    matches!(error, BrokerError::TakenOver)
}

/// Asks for a consumer until there is one.
async fn next(broker: &dyn Broker) -> Box<dyn Consumer> {
    let mut told = false;
    loop {
        match broker.consume().await {
            Ok(consumer) => {
                tracing::info!("events are received from the broker");
                return consumer;
            }
            Err(error) if !told => {
                tracing::warn!(%error, "no events are received from the broker yet");
                told = true;
            }
            Err(_) => {}
        }
        sleep(REST).await;
    }
}
