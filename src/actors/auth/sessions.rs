//! Refreshing and ending sessions.

use std::sync::Arc;

use crate::actors::error::OperationError;
use crate::actors::records::{Change, retry};
use crate::model::audit::{Action, AuditEvent, Origin, Outcome};
use crate::model::document::{Document, Record};
use crate::model::error::ErrorCode;
use crate::model::id::{SessionId, UserId};
use crate::model::session::{Refresh, SESSIONS, Session};
use crate::model::user::User;
use crate::store::{CommitError, Filter, Query, Sort, Write};

use super::actor::{Auth, KIND};
use super::messages::{Logout, LogoutScope, Proof, RefreshSession, Tokens};
use super::tokens::RefreshClaims;

/// How many sessions of a user are ended at once, at the most.
const MAX_ENDED: usize = 1_000;

impl Auth {
    /// Trades a refresh token: one conditional write, however many clients refresh at once.
    pub(super) async fn refresh(&self, message: RefreshSession) -> Result<Tokens, OperationError> {
        let RefreshSession { refresh_token, origin } = message;
        let claims = self.mint.verify_refresh(&refresh_token)?;
        if claims.is_expired(self.records.now()) {
            return Err(OperationError::TokenExpired);
        }
        retry(async || {
            let Some(session) = self.records.read_fresh::<Session>(claims.sid.object_id()).await? else {
                return Err(OperationError::TokenInvalid);
            };
            let user = self.records.read::<User>(session.user_id.object_id()).await?;
            let user = user.filter(|user| user.may_sign_in()).ok_or(OperationError::TokenInvalid)?;
            self.try_refresh(&session, &user, &claims, &origin).await
        })
        .await
    }

    /// One attempt; `None` if another rotation came first.
    async fn try_refresh(
        &self,
        session: &Session,
        user: &User,
        claims: &RefreshClaims,
        origin: &Origin,
    ) -> Result<Option<Tokens>, OperationError> {
        let now = self.records.now();
        let event =
            |action| AuditEvent::new(action, Some(session.id.object_id()), origin, now).by(Some(user.id), &user.email);
        match session.refresh(claims.jti, self.lifetimes, now) {
            Refresh::Repeat => Ok(Some(self.mint.issue(user, session, now))),
            Refresh::Expired => Err(OperationError::TokenExpired),
            Refresh::Rotate(next) => {
                let change = Change::replace(&*next, session.version).tell(event(Action::AuthRefreshed));
                match self.records.commit(change).await {
                    Ok(()) => Ok(Some(self.mint.issue(user, &next, now))),
                    Err(CommitError::Conflict { .. }) => Ok(None),
                    Err(CommitError::Store(error)) => Err(error.into()),
                }
            }
            Refresh::Reused => {
                let reuse = event(Action::AuthRefreshReuse).ended(Outcome::Denied, ErrorCode::TokenInvalid);
                let change = Change::default().and(ended(session)).tell(reuse);
                self.records.commit(change).await.map_err(|error| KIND.error(error))?;
                Err(OperationError::TokenInvalid)
            }
        }
    }

    /// Ends sessions. Those that are over already stay so: signing out twice is no error.
    pub(super) async fn logout(&self, message: Logout) -> Result<(), OperationError> {
        let Logout { proof, scope, origin } = message;
        let (user_id, session_id) = self.prove(&proof).await?;
        let Some(own) = self.records.read_fresh::<Session>(session_id.object_id()).await? else { return Ok(()) };
        let to_end = match scope {
            LogoutScope::Local => vec![own],
            LogoutScope::Others => {
                let mut sessions = self.sessions_of(user_id).await?;
                sessions.retain(|session| session.id != session_id);
                sessions
            }
            LogoutScope::Global => self.sessions_of(user_id).await?,
        };
        if to_end.is_empty() {
            return Ok(());
        }
        let user = self.records.read::<User>(user_id.object_id()).await?;
        let now = self.records.now();
        let event = AuditEvent::new(Action::AuthLoggedOut, Some(session_id.object_id()), &origin, now);
        let event = match &user {
            Some(user) => event.by(Some(user_id), &user.email),
            None => event,
        };
        let change = to_end.iter().fold(Change::default(), |change, session| change.and(ended(session)));
        self.records.commit(change.tell(event)).await.map_err(|error| KIND.error(error))
    }

    /// Whose session a token belongs to. A refresh token proves it even when it has expired or was retired.
    async fn prove(&self, proof: &Proof) -> Result<(UserId, SessionId), OperationError> {
        match proof {
            Proof::RefreshToken(token) => {
                let claims = self.mint.verify_refresh(token)?;
                Ok((claims.sub, claims.sid))
            }
            Proof::AccessToken(token) => {
                let claims = self.mint.verify_access(token, self.records.now())?;
                Ok((claims.sub, claims.sid))
            }
        }
    }

    /// The sessions of a user, the newest first.
    async fn sessions_of(&self, user_id: UserId) -> Result<Vec<Arc<Session>>, OperationError> {
        let query = Query {
            collection: &SESSIONS,
            filters: vec![Filter::Live, Filter::Eq("userId", user_id.object_id().into())],
            sort: Sort { field: "createdAt", descending: true },
            after: None,
            limit: MAX_ENDED,
        };
        let documents = self.records.store().find(query).await?;
        Ok(documents.iter().map(Document::parse).collect::<Result<_, _>>()?)
    }
}

/// Ends a session, in whatever version it is by then.
pub(super) fn ended(session: &Session) -> Write {
    Write::Delete { collection: &SESSIONS, id: session.id(), expected: None }
}
