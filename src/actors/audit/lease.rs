//! One relay at a time over all nodes, so that events keep their order and none is sent for nothing.
//!
//! The lease spares work, it guards nothing: when two nodes relay, because a clock is wrong or a holder was held up, events
//! reach the broker twice and the trail once.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::model::id::ObjectId;
use crate::model::lease::{LEASES, Lease};
use crate::model::time::Time;
use crate::store::{CommitError, Store, StoreError, Write};

/// For how long it is taken: as long as the others wait when its holder is gone.
const LENGTH: Duration = Duration::from_secs(5);

/// It is renewed when less than this is left of it.
const RENEWED_BEFORE: Duration = Duration::from_millis(2_500);

/// How long one who was refused does not ask again.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// The lease to relay the outbox, as one node has it or not. Cheap to clone; each node has one.
#[derive(Clone, Debug)]
pub struct RelayLease(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    holder: ObjectId,
    shared: bool,
    standing: Mutex<Standing>,
}

#[derive(Clone, Copy, Debug)]
enum Standing {
    Unknown,
    Held(Lease),
    /// Another has it; not to be asked for before then.
    Refused(Instant),
    /// This node stops.
    GivenBack,
}

impl RelayLease {
    /// For a node that shares its store with others.
    pub fn shared(now: Time) -> Self {
        Self::new(ObjectId::new(now), true)
    }

    /// For a node that has its store alone: it never waits for the end of a lease, since whoever held it is gone.
    pub fn sole() -> Self {
        Self::new(ObjectId::from_bytes([0; 12]), false)
    }

    fn new(holder: ObjectId, shared: bool) -> Self {
        Self(Arc::new(Inner { holder, shared, standing: Mutex::new(Standing::Unknown) }))
    }

    /// Whether it is this node's, for a good while yet.
    pub(super) fn is_held(&self, now: Time) -> bool {
        matches!(*self.0.standing.lock(), Standing::Held(lease) if lease.until.since(now) >= RENEWED_BEFORE)
    }

    /// Takes the lease, or renews it when half of it is over; costs nothing before that. `false`: another node has it.
    ///
    /// # Errors
    /// The store does not tell.
    pub(super) async fn hold(&self, store: &dyn Store, now: Time) -> Result<bool, StoreError> {
        let standing = *self.0.standing.lock();
        let old = match standing {
            Standing::GivenBack => return Ok(false),
            Standing::Refused(until) if Instant::now() < until => return Ok(false),
            Standing::Held(_) if self.is_held(now) => return Ok(true),
            Standing::Held(lease) => Some(lease),
            Standing::Unknown | Standing::Refused(_) => read(store).await?,
        };
        if old.is_some_and(|old| old.holder != self.0.holder && old.until > now) {
            self.settle(Standing::Refused(Instant::now() + ASK_AGAIN));
            return Ok(false);
        }
        self.take(store, old, now).await
    }

    async fn take(&self, store: &dyn Store, old: Option<Lease>, now: Time) -> Result<bool, StoreError> {
        let (version, last) = old.map_or((1, None), |old| (old.version + 1, old.last));
        let (id, holder, until) = (Lease::OUTBOX_RELAY, self.0.holder, now + LENGTH);
        let lease = Lease { id, holder, until, last, version };
        let write = old.map_or_else(|| Write::insert(&lease), |old| Write::replace(&lease, old.version));
        match store.commit(vec![write]).await {
            Ok(()) => {
                self.settle(Standing::Held(lease));
                Ok(true)
            }
            Err(CommitError::Conflict { .. }) => {
                self.settle(Standing::Refused(Instant::now() + ASK_AGAIN));
                Ok(false)
            }
            Err(CommitError::Store(error)) => {
                // Whether it was taken is not known.
                self.settle(Standing::Unknown);
                Err(error)
            }
        }
    }

    /// What renews it, for the commit that takes events out of the outbox: `last` is the last of them. `None`: it is not held.
    pub(super) fn renewal(&self, now: Time, last: ObjectId) -> Option<(Lease, Write)> {
        let Standing::Held(lease) = *self.0.standing.lock() else { return None };
        let renewed = Lease { until: now + LENGTH, last: Some(last), version: lease.version + 1, ..lease };
        Some((renewed, Write::replace(&renewed, lease.version)))
    }

    /// Notes how that commit ended; `None`: it was not written, as far as is known.
    pub(super) fn renewed(&self, renewed: Option<Lease>) {
        self.settle(renewed.map_or(Standing::Unknown, Standing::Held));
    }

    /// Gives it back and takes it no more, so that another node need not wait for its end. Whoever has the store alone
    /// keeps it: there is no other.
    pub async fn give_back(&self, store: &dyn Store) {
        if !self.0.shared {
            return;
        }
        let standing = std::mem::replace(&mut *self.0.standing.lock(), Standing::GivenBack);
        let Standing::Held(lease) = standing else { return };
        let ended = Lease { until: Time::from_millis(0), version: lease.version + 1, ..lease };
        if let Err(error) = store.commit(vec![Write::replace(&ended, lease.version)]).await {
            tracing::debug!(%error, "the lease to relay the outbox was not given back: it ends by itself");
        }
    }

    /// Notes where it stands; what was given back stays so.
    fn settle(&self, new: Standing) {
        let mut standing = self.0.standing.lock();
        if !matches!(*standing, Standing::GivenBack) {
            *standing = new;
        }
    }
}

/// The event that was relayed last, by whatever node.
///
/// # Errors
/// The store does not tell.
pub(super) async fn last_relayed(store: &dyn Store) -> Result<Option<ObjectId>, StoreError> {
    Ok(read(store).await?.and_then(|lease| lease.last))
}

async fn read(store: &dyn Store) -> Result<Option<Lease>, StoreError> {
    let document = store.get(&LEASES, Lease::OUTBOX_RELAY).await?;
    Ok(document.map(|document| document.parse::<Lease>()).transpose()?.map(|lease| *lease))
}
