//! AuditActor itself: when it relays, what it consumes, how it reads.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};

use crate::actors::error::OperationError;
use crate::actors::listing::{Page, read_page_by};
use crate::actors::records::{Records, handlers};
use crate::broker::Broker;
use crate::model::audit::{AuditEvent, OUTBOX, TRAIL};
use crate::store::{Filter, Sort, Value};

use tokio::time::Instant;

use super::bell::Bell;
use super::lease::{RelayLease, last_relayed};
use super::messages::{GetEvent, ListEvents, RecordEvent, RelayOutbox};
use super::receiving::receive;
use super::relay::relay;

/// How long reading the trail waits for what is still on its way there, and how often it looks.
const SETTLING_TIME: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How often it looks into the outbox without being told: so long, at the most, waits an event of a node that relays
/// nothing itself.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Relays the outbox to the broker, writes what the broker delivers to the trail, and reads the trail.
#[derive(Debug)]
pub struct AuditActor(Rc<Audit>, Relaying);

/// Whether a relay is under way: there is one at a time, so that events keep their order.
#[derive(Debug, Default)]
struct Relaying {
    now: bool,
    again: bool,
    /// The last one failed: that the next ones do, too, need not be told.
    failing: bool,
}

impl AuditActor {
    /// An actor that has a consumer of its own on the broker's queue as soon as the broker gives it one; it keeps and reads
    /// events meanwhile. `lease` is its node's.
    pub fn new(records: Records, broker: Arc<dyn Broker>, bell: Bell, lease: RelayLease) -> Self {
        Self(Rc::new(Audit { records, broker, bell, lease }), Relaying::default())
    }
}

impl Actor for AuditActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let audit = Rc::clone(&self.0);
        let receiving = async move { receive(audit.records.store(), &*audit.broker).await };
        // Begin anew with another consumer, under the supervisor's backoff.
        context.spawn(receiving.into_actor(self).map(|outcome, _, context| {
            if let Err(error) = outcome {
                tracing::warn!(%error, "the audit trail could not be written");
            }
            context.stop();
        }));
        context.notify(RelayOutbox);
        context.run_interval(LOOK_INTERVAL, |_, context| context.notify(RelayOutbox));
    }
}

impl Handler<RelayOutbox> for AuditActor {
    type Result = ();

    fn handle(&mut self, _: RelayOutbox, context: &mut Self::Context) {
        self.0.bell.heard();
        if self.1.now {
            self.1.again = true;
            return;
        }
        self.1.now = true;
        let audit = Rc::clone(&self.0);
        let relaying = async move { relay(&audit.records, &*audit.broker, &audit.lease).await };
        context.spawn(relaying.into_actor(self).map(|outcome, actor, context| {
            let relaying = &mut actor.1;
            relaying.now = false;
            let failed_before = std::mem::replace(&mut relaying.failing, outcome.is_err());
            match outcome {
                Ok(()) if failed_before => tracing::info!("the outbox is relayed again"),
                Ok(()) => {}
                // The next look tries again.
                Err(error) if !failed_before => tracing::warn!(%error, "the outbox could not be relayed yet"),
                Err(_) => {}
            }
            if !relaying.failing && std::mem::take(&mut relaying.again) {
                context.notify(RelayOutbox);
            }
        }));
    }
}

handlers! {
    AuditActor:
    RecordEvent => record;
    ListEvents => list;
    GetEvent => get;
}

/// What AuditActor does.
struct Audit {
    records: Records,
    broker: Arc<dyn Broker>,
    bell: Bell,
    lease: RelayLease,
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("records", &self.records).field("broker", &self.broker).finish_non_exhaustive()
    }
}

impl Audit {
    async fn record(&self, RecordEvent { event }: RecordEvent) -> Result<(), OperationError> {
        self.records.tell(event).await
    }

    async fn list(&self, ListEvents { page }: ListEvents) -> Result<Page<Arc<AuditEvent>>, OperationError> {
        self.settle().await?;
        const NEWEST_FIRST: Sort = Sort { field: "sequence", descending: true };
        let number = |event: &AuditEvent| i64::try_from(event.sequence.unwrap_or_default()).unwrap_or(i64::MAX).into();
        read_page_by(self.records.store(), vec![], NEWEST_FIRST, page, number).await
    }

    /// Waits for what was told before now to reach the trail, so that who reads it finds what they have just done. Not for
    /// long: if it cannot be relayed, what is there is shown.
    async fn settle(&self) -> Result<(), OperationError> {
        let until = Instant::now() + SETTLING_TIME;
        let told = Some(Value::from(self.records.now() + Duration::from_millis(1)));
        let waiting = [Filter::Range("time", None, told)];
        let store = self.records.store();
        while (store.count(&OUTBOX, waiting.to_vec()).await? > 0 || !self.last_has_arrived().await?)
            && Instant::now() < until
        {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Whether the event that was relayed last is in the trail: then all before it are, as the broker keeps their order.
    async fn last_has_arrived(&self) -> Result<bool, OperationError> {
        let store = self.records.store();
        let Some(last) = last_relayed(store).await? else { return Ok(true) };
        Ok(store.get(&TRAIL, last).await?.is_some())
    }

    async fn get(&self, GetEvent { id }: GetEvent) -> Result<Arc<AuditEvent>, OperationError> {
        let event: Option<Arc<AuditEvent>> = self.records.read_fresh(id.object_id()).await?;
        event.ok_or(OperationError::NotFound("event"))
    }
}
