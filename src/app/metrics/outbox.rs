//! How many events wait in the outbox, and for how long.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::model::audit::{OUTBOX, Outgoing};
use crate::model::time::{Clock, Time};
use crate::store::{Query, Sort, Store, StoreError};

/// How long a look is good for: however often metrics are read, the store is asked once in this time.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a scrape waits for the store.
const PATIENCE: Duration = Duration::from_secs(1);

/// What waits in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// How many events.
    pub(super) events: u64,
    /// The age of the oldest one.
    pub(super) age: Duration,
}

/// Looks into the outbox now and then.
#[derive(Debug)]
pub(super) struct Outbox {
    clock: Clock,
    seen: Mutex<Option<Seen>>,
}

/// What the last look has seen; `None`: the store did not tell.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Instant,
    found: Option<(u64, Option<Time>)>,
}

impl Outbox {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, seen: Mutex::default() }
    }

    /// What waits, as of the last few seconds; `None`: the store did not tell in time.
    pub(super) async fn look(&self, store: &dyn Store) -> Option<Waiting> {
        // Held while looking: of scrapes at the same time one looks, and the others hear of it.
        let mut seen = self.seen.lock().await;
        let fresh = seen.filter(|seen| seen.at.elapsed() < LOOK_EVERY);
        let found = match fresh {
            Some(seen) => seen.found,
            None => {
                let found = timeout(PATIENCE, find(store)).await.ok().and_then(Result::ok);
                *seen = Some(Seen { at: Instant::now(), found });
                found
            }
        };
        let (events, oldest) = found?;
        let age = oldest.map(|oldest| self.clock.now().since(oldest)).unwrap_or_default();
        Some(Waiting { events, age })
    }
}

/// How many events there are, and when the oldest happened.
async fn find(store: &dyn Store) -> Result<(u64, Option<Time>), StoreError> {
    let sort = Sort { field: "time", descending: false };
    let oldest = store.find(Query { collection: &OUTBOX, filters: vec![], sort, after: None, limit: 1 }).await?;
    let Some(oldest) = oldest.first() else { return Ok((0, None)) };
    let oldest: Arc<Outgoing> = oldest.parse()?;
    let events = store.count(&OUTBOX, vec![]).await?;
    Ok((events.max(1), Some(oldest.0.time)))
}
