//! AuditActor itself: when it relays, what it consumes, how it reads.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};

use crate::actors::error::OperationError;
use crate::actors::listing::{Page, read_page_by};
use crate::actors::records::{Records, handlers};
use crate::actors::supervision::StartError;
use crate::broker::{Broker, Consumer};
use crate::model::audit::{AuditEvent, OUTBOX};
use crate::store::{Filter, Sort, Value};

use tokio::time::Instant;

use super::bell::Bell;
use super::messages::{GetEvent, ListEvents, RecordEvent, RelayOutbox};
use super::relay::relay;
use super::trail::consume;

/// How long reading the trail waits for what is still on its way there, and how often it looks.
const SETTLING_TIME: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How often it looks into the outbox without being told.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Relays the outbox to the broker, writes what the broker delivers to the trail, and reads the trail.
#[derive(Debug)]
pub struct AuditActor(Rc<Audit>, Relaying);

/// Whether a relay is under way: there is one at a time, so that events keep their order.
#[derive(Debug, Default)]
struct Relaying {
    now: bool,
    again: bool,
}

impl AuditActor {
    /// An actor that has a consumer of its own on the broker's queue.
    ///
    /// # Errors
    /// The broker does not let it consume.
    pub async fn connect(records: Records, broker: Arc<dyn Broker>, bell: Bell) -> Result<Self, StartError> {
        let consumer = broker.consume().await.map_err(StartError::new)?;
        let consumer = std::cell::Cell::new(Some(consumer));
        Ok(Self(Rc::new(Audit { records, broker, bell, consumer }), Relaying::default()))
    }
}

impl Actor for AuditActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let audit = Rc::clone(&self.0);
        let consuming = async move {
            let mut consumer = audit.consumer.take().expect("an incarnation starts once");
            consume(audit.records.store(), &mut *consumer).await
        };
        // Without a consumer no event arrives: begin anew with another one, under the supervisor's backoff.
        context.spawn(consuming.into_actor(self).map(|outcome, _, context| {
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
        let relaying = async move { relay(audit.records.store(), &*audit.broker).await };
        context.spawn(relaying.into_actor(self).map(|outcome, actor, context| {
            actor.1.now = false;
            match outcome {
                Ok(()) if std::mem::take(&mut actor.1.again) => context.notify(RelayOutbox),
                Ok(()) => {}
                // The next look tries again.
                Err(error) => tracing::warn!(%error, "the outbox could not be relayed yet"),
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
    consumer: std::cell::Cell<Option<Box<dyn Consumer>>>,
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
        while self.records.store().count(&OUTBOX, waiting.to_vec()).await? > 0 && Instant::now() < until {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    async fn get(&self, GetEvent { id }: GetEvent) -> Result<Arc<AuditEvent>, OperationError> {
        let event: Option<Arc<AuditEvent>> = self.records.read_fresh(id.object_id()).await?;
        event.ok_or(OperationError::NotFound("event"))
    }
}
