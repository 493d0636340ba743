//! The consumer of the audit queue: had, lost, and had again.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::broker::{Broker, BrokerError, Consumer};
use crate::store::Store;

use super::trail::{TrailError, consume};

/// How long it rests between attempts to have one.
const REST: Duration = Duration::from_millis(250);

/// A consumer that is lost after this time is a reason to begin anew with everything. One that is lost sooner is not, so
/// that a broker that comes and goes cannot have the actor restarted until its supervisor gives up.
const STEADY: Duration = Duration::from_secs(10);

/// Brings what the broker delivers to the trail, for as long as there is nothing to begin anew for.
///
/// # Errors
/// Another consumer has taken over, a steady one was lost, or what was delivered cannot be written. It is delivered again.
pub(super) async fn receive(store: &dyn Store, broker: &dyn Broker) -> Result<(), TrailError> {
    loop {
        let mut consumer = next(broker).await;
        let begun = Instant::now();
        match consume(store, &mut *consumer).await {
            Err(TrailError::Broker(error)) if !is_final(&error) && begun.elapsed() < STEADY => {
                tracing::warn!(%error, "the broker was lost");
            }
            ended => return ended,
        }
        drop(consumer);
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
                if told {
                    tracing::info!("events are received from the broker again");
                }
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
