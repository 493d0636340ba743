//! Registering and signing in.

use std::sync::Arc;

use crate::actors::error::OperationError;
use crate::actors::records::{Change, retry};
use crate::model::audit::{Action, AuditEvent, Origin};
use crate::model::contact::Email;
use crate::model::document::Document;
use crate::model::id::UserId;
use crate::model::role::RoleName;
use crate::model::session::{SESSIONS, Session};
use crate::model::time::Time;
use crate::model::user::{Registration, USERS, User, UserStatus};
use crate::store::{CommitError, Conflict, Filter, Query, Sort, Value, Write};

use super::actor::{Auth, KIND, hashing_deadline};
use super::messages::{Login, Register, SignedIn};
use super::passwords::{ComparePassword, Comparison, HashPassword};

/// How many sessions that are over each sign-in clears away.
const SWEEP: usize = 2;

impl Auth {
    /// Registering grants nothing but the role `member`.
    pub(super) async fn register(&self, message: Register) -> Result<SignedIn, OperationError> {
        let Register { registration, origin } = message;
        let user = self.new_user(registration, vec![RoleName::member()]).await?;
        let session = self.new_session(&user, &origin, user.created_at);
        let event = AuditEvent::new(Action::AuthRegistered, Some(user.id.object_id()), &origin, user.created_at)
            .by(Some(user.id), &user.email);
        let change = Change::insert(&user).and(Write::insert(&session)).tell(event);
        self.records.commit(change).await.map_err(|error| KIND.error(error))?;
        Ok(self.signed_in(Arc::new(user), &session))
    }

    /// A user who is not stored yet, the password hashed.
    pub(super) async fn new_user(
        &self,
        registration: Registration,
        roles: Vec<RoleName>,
    ) -> Result<User, OperationError> {
        let Registration { email, password, name } = registration;
        let password_hash = self.hashers.ask(hashing_deadline(), HashPassword { password }).await?;
        let now = self.records.now();
        Ok(User {
            id: UserId::new(now),
            email,
            name,
            password_hash,
            roles,
            status: UserStatus::Active,
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        })
    }

    pub(super) async fn login(&self, message: Login) -> Result<SignedIn, OperationError> {
        let Login { credentials, origin } = message;
        // In a storm of sign-ins most are refused; that must cost next to nothing.
        self.hashers.has_room()?;
        let email = credentials.email;
        self.refuse_locked(&email, &origin).await?;
        let user = self.user_by_email(&email).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let comparison =
            self.hashers.ask(hashing_deadline(), ComparePassword { password: credentials.password, hash }).await?;
        let user_id = user.as_ref().map(|user| user.id);
        let renewed = match comparison {
            Comparison::Differs => return Err(self.count_failure(&email, user_id, &origin).await),
            Comparison::Matches => None,
            Comparison::MatchesOutdated(hash) => Some(hash),
        };
        let Some(user) = user.filter(|user| user.may_sign_in()) else {
            return Err(self.count_failure(&email, user_id, &origin).await);
        };
        self.begin_session(user, renewed, &origin).await
    }

    /// Signs the user in: the right password was given.
    async fn begin_session(
        &self,
        user: Arc<User>,
        renewed: Option<String>,
        origin: &Origin,
    ) -> Result<SignedIn, OperationError> {
        let session = retry(async || self.try_begin_session(&user, origin).await).await?;
        if let Some(hash) = renewed {
            self.renew_hash(&user, hash).await;
        }
        Ok(self.signed_in(user, &session))
    }

    /// One attempt; `None` if another attempt to sign in to the account was counted meanwhile. Attempts are compared side by
    /// side: one that was right must neither slip past a lock that others have set nor forget it.
    async fn try_begin_session(&self, user: &User, origin: &Origin) -> Result<Option<Session>, OperationError> {
        let counts = self.refuse_locked(&user.email, origin).await?;
        let now = self.records.now();
        let session = self.new_session(user, origin, now);
        let event = AuditEvent::new(Action::AuthLoggedIn, Some(user.id.object_id()), origin, now)
            .by(Some(user.id), &user.email);
        let mut change = Change::insert(&session).tell(event);
        for write in counts.forgotten().into_iter().chain(self.sessions_that_are_over(now).await?) {
            change = change.and(write);
        }
        match self.records.commit(change).await {
            Ok(()) => Ok(Some(session)),
            Err(CommitError::Conflict { conflict: Conflict::Version | Conflict::Missing, .. }) => Ok(None),
            Err(error) => Err(KIND.error(error)),
        }
    }

    /// Stores a hash of the cost that is now set. Another change of the user that comes first is as good a reason not to.
    async fn renew_hash(&self, user: &User, password_hash: String) {
        let renewed = User { password_hash, version: user.version + 1, ..user.clone() };
        match self.records.commit(Change::replace(&renewed, user.version)).await {
            Ok(()) | Err(CommitError::Conflict { .. }) => {}
            Err(CommitError::Store(error)) => tracing::warn!(%error, user = %user.id, "the password was not rehashed"),
        }
    }

    async fn refuse_locked(&self, email: &Email, origin: &Origin) -> Result<super::lockout::Counts, OperationError> {
        let counts = self.counts(email, origin).await?;
        match counts.refuse_locked(self.records.now()) {
            Ok(()) => Ok(counts),
            Err(refusal) => {
                self.tell_refused(email, origin, &refusal).await?;
                Err(refusal)
            }
        }
    }

    /// The live account of this name.
    pub(super) async fn user_by_email(&self, email: &Email) -> Result<Option<Arc<User>>, OperationError> {
        let query = Query {
            collection: &USERS,
            filters: vec![Filter::Live, Filter::Eq("email", email.as_str().into())],
            sort: Sort { field: "email", descending: false },
            after: None,
            limit: 1,
        };
        let found = self.records.store().find(query).await?.pop();
        Ok(found.map(|document| document.parse()).transpose()?)
    }

    fn new_session(&self, user: &User, origin: &Origin, now: Time) -> Session {
        Session::begin(user.id, (origin.address, origin.user_agent.clone()), self.lifetimes, now)
    }

    fn signed_in(&self, user: Arc<User>, session: &Session) -> SignedIn {
        let tokens = self.mint.issue(&user, session, session.created_at);
        SignedIn { user, tokens }
    }

    /// Writes that clear a few sessions away that have expired.
    async fn sessions_that_are_over(&self, now: Time) -> Result<Vec<Write>, OperationError> {
        let query = Query {
            collection: &SESSIONS,
            filters: vec![Filter::Live, Filter::Range("expiresAt", None, Some(Value::from(now)))],
            sort: Sort { field: "expiresAt", descending: false },
            after: None,
            limit: SWEEP,
        };
        let documents = self.records.store().find(query).await?;
        let over: Vec<Arc<Session>> = documents.iter().map(Document::parse).collect::<Result<_, _>>()?;
        Ok(over.iter().map(|session| super::sessions::ended(session)).collect())
    }
}
