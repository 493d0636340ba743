//! Failed sign-ins: counted by account name, whether there is such an account or not, and by client address.
//!
//! The counts are in the store, so that they survive a restart and are one over all nodes.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use crate::actors::error::OperationError;
use crate::actors::records::{Change, retry};
use crate::model::audit::{Action, AuditEvent, Origin, Outcome};
use crate::model::contact::Email;
use crate::model::document::Document;
use crate::model::error::ErrorCode;
use crate::model::id::{ObjectId, UserId};
use crate::model::session::{ATTEMPTS, Attempts};
use crate::model::time::Time;
use crate::store::{CommitError, Filter, Query, Sort, Value, Write};

use super::actor::Auth;

/// How many forgotten counts each failure clears away.
const SWEEP: usize = 2;

/// The failures that an attempt to sign in is measured by.
pub(super) struct Counts {
    account: Attempts,
    address: Attempts,
}

impl Counts {
    /// Refuses the attempt if the account or the address is locked.
    pub(super) fn refuse_locked(&self, now: Time) -> Result<(), OperationError> {
        if let Some(retry_after) = self.address.locked_for(now) {
            return Err(OperationError::AddressLocked { retry_after });
        }
        match self.account.locked_for(now) {
            Some(retry_after) => Err(OperationError::Locked { retry_after }),
            None => Ok(()),
        }
    }

    /// The write that forgets the account's failures after a success, those that were counted here and no later ones. The
    /// address's stay: one good account among many tried ones is what spraying looks like.
    pub(super) fn forgotten(&self) -> Option<Write> {
        (self.account.version > 0).then(|| Write::delete(&self.account))
    }
}

impl Auth {
    /// The failures so far.
    pub(super) async fn counts(&self, email: &Email, origin: &Origin) -> Result<Counts, OperationError> {
        let (account_id, address_id) = (account_id(email), address_id(origin.address));
        let documents = self.records.store().get_many(&ATTEMPTS, vec![account_id, address_id]).await?;
        let known: Vec<Arc<Attempts>> = documents.iter().map(Document::parse).collect::<Result<_, _>>()?;
        let of =
            |id| known.iter().find(|attempts| attempts.id == id).map_or(Attempts::none(id), |known| (**known).clone());
        Ok(Counts { account: of(account_id), address: of(address_id) })
    }

    /// Counts a failure and tells of it, in one commit. Answers what the client is told.
    pub(super) async fn count_failure(&self, email: &Email, user: Option<UserId>, origin: &Origin) -> OperationError {
        match retry(async || self.try_count_failure(email, user, origin).await).await {
            Ok(()) => OperationError::InvalidCredentials,
            Err(error) => error,
        }
    }

    /// One attempt; `None` if another failure came first.
    async fn try_count_failure(
        &self,
        email: &Email,
        user: Option<UserId>,
        origin: &Origin,
    ) -> Result<Option<()>, OperationError> {
        let now = self.records.now();
        let counts = self.counts(email, origin).await?;
        // Attempts are compared side by side. Those that end behind the one that locked are refused like all that come
        // after it: right or wrong, they are told the same, and they do not lengthen the lock.
        if let Err(refusal) = counts.refuse_locked(now) {
            self.tell_refused(email, origin, &refusal).await?;
            return Err(refusal);
        }
        let account = counts.account.failed_by_account(now);
        let address = counts.address.failed_by_address(self.address_max_failures, now);
        let user_id = user.map(UserId::object_id);
        let failed = AuditEvent::new(Action::AuthLoginFailed, user_id, origin, now)
            .by(user, email)
            .ended(Outcome::Failure, ErrorCode::InvalidCredentials);
        let mut change = Change::telling(failed).and(raised(&account));
        if self.address_max_failures > 0 {
            change = change.and(raised(&address));
        }
        if account.locked_for(now).is_some() {
            let locked = AuditEvent::new(Action::AuthLocked, user_id, origin, now).by(user, email);
            change = change.tell(locked);
        }
        for write in self.forgotten_counts(now, [account.id, address.id]).await? {
            change = change.and(write);
        }
        match self.records.commit(change).await {
            Ok(()) => Ok(Some(())),
            Err(CommitError::Conflict { .. }) => Ok(None),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// Tells of an attempt that was refused unseen, because of a lock. It is not counted.
    pub(super) async fn tell_refused(
        &self,
        email: &Email,
        origin: &Origin,
        refusal: &OperationError,
    ) -> Result<(), OperationError> {
        let now = self.records.now();
        let event = AuditEvent::new(Action::AuthLoginFailed, None, origin, now)
            .by(None, email)
            .ended(Outcome::Denied, refusal.code());
        self.records.tell(event).await
    }

    /// Writes that clear a few counts away that are over, but not those that are being written now.
    async fn forgotten_counts(&self, now: Time, current: [ObjectId; 2]) -> Result<Vec<Write>, OperationError> {
        let query = Query {
            collection: &ATTEMPTS,
            filters: vec![Filter::Range("expiresAt", None, Some(Value::from(now)))],
            sort: Sort { field: "expiresAt", descending: false },
            after: None,
            limit: SWEEP,
        };
        let documents = self.records.store().find(query).await?;
        let over: Vec<Arc<Attempts>> = documents.iter().map(Document::parse).collect::<Result<_, _>>()?;
        let over = over.iter().filter(|attempts| !current.contains(&attempts.id));
        Ok(over.map(|attempts| Write::Delete { collection: &ATTEMPTS, id: attempts.id, expected: None }).collect())
    }
}

/// Puts a raised count in its place.
fn raised(attempts: &Attempts) -> Write {
    match attempts.version {
        1 => Write::insert(attempts),
        version => Write::replace(attempts, version - 1),
    }
}

fn account_id(email: &Email) -> ObjectId {
    named("account", email.as_str().as_bytes())
}

/// Attempts without an address (actors driven directly) share one count.
fn address_id(address: Option<IpAddr>) -> ObjectId {
    let text = address.map(|address| address.to_canonical().to_string()).unwrap_or_default();
    named("address", text.as_bytes())
}

/// An id for what has none of its own: the first bytes of a digest, so that the store holds no names of strangers.
fn named(kind: &str, name: &[u8]) -> ObjectId {
    let digest = digest(&SHA256, &[kind.as_bytes(), b"\0", name].concat());
    let bytes = digest.as_ref()[..12].try_into().expect("the digest has 32 bytes");
    ObjectId::from_bytes(bytes)
}
