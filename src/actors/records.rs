//! How actors read and change what the store keeps: reads through the cache, changes with their audit events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use futures_util::FutureExt;

use crate::cache::{Cache, LoadError};
use crate::model::audit::{AuditEvent, Outgoing};
use crate::model::document::{Collection, Document, Record};
use crate::model::id::ObjectId;
use crate::model::time::{Clock, Time};
use crate::model::{customer, session, user};
use crate::store::{CommitError, Conflict, Store, StoreError, Write};

use super::audit::Bell;
use super::completion::to_the_end;
use super::error::OperationError;
use super::supervision::AskError;

/// Collections whose documents are read often enough to be cached.
const CACHED: &[&Collection] = &[&customer::CUSTOMERS, &session::SESSIONS, &user::USERS];

/// How often a change is worked out anew when another one came first.
const MAX_ATTEMPTS: u32 = 48;

/// The longest that a change gives way to others before it is worked out anew.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The ports that actors share, and the clock.
#[derive(Clone, Debug)]
pub struct Records {
    store: Arc<dyn Store>,
    cache: Arc<dyn Cache>,
    bell: Bell,
    clock: Clock,
}

impl Records {
    /// Reads and writes `store` through `cache`, and rings `bell` when there is something to relay.
    pub fn new(store: Arc<dyn Store>, cache: Arc<dyn Cache>, bell: Bell, clock: Clock) -> Self {
        Self { store, cache, bell, clock }
    }

    /// The time.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The store, for queries.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The record, if it is at hand without waiting. Never older than the last change that was answered.
    pub fn peek<R: Record>(&self, id: ObjectId) -> Option<Arc<R>> {
        self.cache.peek((R::COLLECTION.name, id))?.parse().ok()
    }

    /// The record as it was when this node last heard of changes, if it is at hand. Good for a first guess alone.
    pub fn glance<R: Record>(&self, id: ObjectId) -> Option<Arc<R>> {
        self.cache.glance((R::COLLECTION.name, id))?.parse().ok()
    }

    /// The record, out of the cache or the store. Never older than the last change that was answered.
    ///
    /// # Errors
    /// As the store has it.
    pub async fn read<R: Record>(&self, id: ObjectId) -> Result<Option<Arc<R>>, StoreError> {
        match self.load(R::COLLECTION, id).await {
            // It was the end of somebody else's time, whose load was joined: there may be some left of ours.
            (Err(StoreError::TimedOut), Load::Joined) => parse(self.load(R::COLLECTION, id).await.0?),
            (document, _) => parse(document?),
        }
    }

    /// The document, and who loaded it if it was not in the cache.
    async fn load(
        &self,
        collection: &'static Collection,
        id: ObjectId,
    ) -> (Result<Option<Document>, StoreError>, Load) {
        let begun = AtomicBool::new(false);
        let load = || {
            begun.store(true, Relaxed);
            let store = Arc::clone(&self.store);
            async move { store.get(collection, id).await.map_err(|error| Arc::new(error) as LoadError) }.boxed()
        };
        let document = self.cache.get_or_load((collection.name, id), &load).await.map_err(store_error);
        (document, if begun.into_inner() { Load::Own } else { Load::Joined })
    }

    /// The record as the store has it now: what a change begins with.
    ///
    /// # Errors
    /// As the store has it.
    pub async fn read_fresh<R: Record>(&self, id: ObjectId) -> Result<Option<Arc<R>>, StoreError> {
        parse(self.store.get(R::COLLECTION, id).await?)
    }

    /// Makes a change durable, together with its events; what is cached of it is forgotten before this returns.
    ///
    /// # Errors
    /// As the store has it; nothing was changed.
    pub async fn commit(&self, change: Change) -> Result<(), CommitError> {
        let stale: Vec<_> = change
            .writes
            .iter()
            .map(Write::target)
            .filter(|(collection, _)| CACHED.iter().any(|cached| cached.name == collection.name))
            .map(|(collection, id)| (collection.name, id))
            .collect();
        let Self { store, cache, bell, .. } = self.clone();
        // A commit may take place although whoever asked for it is gone: what is cached must not outlive it.
        let committing = async move {
            let outcome = store.commit(change.writes).await;
            // One whose outcome is not known may have taken place.
            cache.forget(&stale).await;
            if change.tells {
                bell.ring();
            }
            outcome
        };
        to_the_end(committing.boxed()).await
    }

    /// Makes an event durable that tells of something which changes no record.
    ///
    /// # Errors
    /// As the store has it.
    pub async fn tell(&self, event: AuditEvent) -> Result<(), OperationError> {
        self.commit(Change::telling(event)).await.map_err(|error| match error {
            CommitError::Conflict { .. } => busy(),
            CommitError::Store(error) => error.into(),
        })
    }

    /// Changes one record: reads it, lets `alter` make its next version and the events, commits, and begins again if another
    /// change came first. Answers the record as it is afterwards; if `alter` makes nothing, that is as it was.
    ///
    /// # Errors
    /// What `alter` says; [`OperationError::VersionMismatch`] if the record has not the version expected;
    /// [`OperationError::Taken`] if a unique field clashes.
    pub async fn change<R: Record>(
        &self,
        id: ObjectId,
        expected: Option<u64>,
        alter: impl Fn(Option<&Arc<R>>, Time) -> Result<Option<(R, AuditEvent)>, OperationError>,
        kind: Kind,
    ) -> Result<Arc<R>, OperationError> {
        retry(async || self.try_change(id, expected, &alter, kind).await).await
    }

    /// One attempt; `None` if another change came first.
    async fn try_change<R: Record>(
        &self,
        id: ObjectId,
        expected: Option<u64>,
        alter: &impl Fn(Option<&Arc<R>>, Time) -> Result<Option<(R, AuditEvent)>, OperationError>,
        kind: Kind,
    ) -> Result<Option<Arc<R>>, OperationError> {
        let before = self.read_fresh::<R>(id).await?;
        let altered = alter(before.as_ref(), self.now());
        let Some(before) = before else {
            return Err(altered.err().unwrap_or(OperationError::NotFound(kind.resource)));
        };
        // Absent and deleted come before a version that does not match (§10).
        let altered = match altered {
            Err(error @ (OperationError::NotFound(_) | OperationError::Deleted(_))) => return Err(error),
            other => other,
        };
        if expected.is_some_and(|expected| expected != before.version()) {
            return Err(OperationError::VersionMismatch);
        }
        let Some((after, event)) = altered? else { return Ok(Some(before)) };
        match self.commit(Change::replace(&after, before.version()).tell(event)).await {
            Ok(()) => Ok(Some(Arc::new(after))),
            Err(CommitError::Conflict { conflict: Conflict::Version | Conflict::Missing, .. }) => Ok(None),
            Err(error) => Err(kind.error(error)),
        }
    }
}

/// Who began a load. It ends with that one's deadline.
enum Load {
    Own,
    Joined,
}

/// How conflicts over a kind of record are told.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The kind of resource.
    pub resource: &'static str,
    /// Its unique field, as clients know it.
    pub unique: &'static str,
}

impl Kind {
    /// What a failed commit means to the one who asked.
    pub fn error(self, error: CommitError) -> OperationError {
        match error {
            CommitError::Conflict { conflict: Conflict::Duplicate(_), .. } => {
                OperationError::Taken { resource: self.resource, field: self.unique }
            }
            CommitError::Conflict { .. } => busy(),
            CommitError::Store(error) => error.into(),
        }
    }
}

/// Works a change out until it is made: an attempt answers `None` if another change came first. Between attempts it gives
/// way for a random time that grows, so that many who change one record come to their turns.
///
/// # Errors
/// What an attempt says; [`busy`] if others came first again and again.
pub(super) async fn retry<T>(
    attempt: impl AsyncFn() -> Result<Option<T>, OperationError>,
) -> Result<T, OperationError> {
    for attempts in 0..MAX_ATTEMPTS {
        if let Some(made) = attempt().await? {
            return Ok(made);
        }
        let bound = Duration::from_millis(1 << attempts.min(10)).min(LONGEST_PAUSE);
        tokio::time::sleep(bound.mul_f64(fastrand::f64())).await;
    }
    Err(busy())
}

/// Others changed it again and again: a matter of load, not of what was asked.
pub(super) fn busy() -> OperationError {
    OperationError::Unavailable(AskError::Overloaded { retry_after: Duration::from_secs(1) })
}

fn parse<R: Record>(document: Option<Document>) -> Result<Option<Arc<R>>, StoreError> {
    Ok(document.map(|document| document.parse()).transpose()?)
}

/// The cache knows no stores: it hands back whatever error the load ended with.
fn store_error(error: LoadError) -> StoreError {
    error.downcast_ref::<StoreError>().cloned().unwrap_or(StoreError::Query(error))
}

/// Writes that belong together, and the events that tell of them.
#[derive(Debug, Default)]
pub struct Change {
    writes: Vec<Write>,
    tells: bool,
}

impl Change {
    /// Adds a record.
    pub fn insert<R: Record>(record: &R) -> Self {
        Self::default().and(Write::insert(record))
    }

    /// Puts a record in the place of its version `expected`.
    pub fn replace<R: Record>(record: &R, expected: u64) -> Self {
        Self::default().and(Write::replace(record, expected))
    }

    /// Only tells of something that changes no record.
    pub fn telling(event: AuditEvent) -> Self {
        Self::default().tell(event)
    }

    /// The same, and this write behind the others.
    pub fn and(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    /// The same, and this event goes to the outbox.
    pub fn tell(mut self, event: AuditEvent) -> Self {
        self.tells = true;
        self.and(Write::insert(&Outgoing(event)))
    }
}

/// Says which method answers which message of an actor, each as a future of its own whose panic fails it alone.
/// With `at hand: quick`, nothing is waited for where `quick` has the answer.
macro_rules! handlers {
    ($actor:ident: $($message:ident => $method:ident $(, at hand: $quick:ident)?;)+) => {$(
        impl actix::Handler<$message> for $actor {
            type Result = $crate::actors::supervision::Isolated<Self, <$message as actix::Message>::Result>;

            fn handle(&mut self, message: $message, _: &mut Self::Context) -> Self::Result {
                $(
                    if let Some(answer) = self.0.$quick(&message) {
                        return $crate::actors::supervision::at_hand(answer);
                    }
                )?
                let rules = std::rc::Rc::clone(&self.0);
                $crate::actors::supervision::isolated_future(async move { rules.$method(message).await })
            }
        }
    )+};
}

pub(super) use handlers;
