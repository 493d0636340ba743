//! Who is behind an access token: asked with every request, so what was verified is remembered.

use std::cell::RefCell;
use std::sync::Arc;

use foldhash::HashMap;

use crate::actors::error::OperationError;
use crate::model::id::ObjectId;
use crate::model::role::Grants;
use crate::model::session::Session;
use crate::model::user::User;

use super::actor::Auth;
use super::messages::{Authenticate, Identity, Principal};
use super::tokens::AccessClaims;

/// How many tokens a replica remembers.
const MAX_KNOWN: usize = 4_096;

/// Tokens that were verified, and what they came to.
///
/// A token's signature and claims never change, so they are verified once. What may change at any moment, the session and
/// the user, is compared with the cache each time: the cache forgets a record before its change is answered, so a
/// sign-out or a change of roles holds from the next request on.
#[derive(Default)]
pub(super) struct KnownTokens(RefCell<HashMap<Box<str>, Known>>);

struct Known {
    claims: AccessClaims,
    session: Arc<Session>,
    user: Arc<User>,
    principal: Arc<Principal>,
}

impl KnownTokens {
    fn insert(&self, token: Box<str>, known: Known) {
        let mut tokens = self.0.borrow_mut();
        if tokens.len() >= MAX_KNOWN {
            tokens.clear();
        }
        tokens.insert(token, known);
    }
}

impl Auth {
    pub(super) async fn authenticate(&self, message: Authenticate) -> Result<Identity, OperationError> {
        let Authenticate { access_token, .. } = message;
        let claims = self.mint.verify_access(&access_token, self.records.now())?;
        let session = self.records.read::<Session>(claims.sid.object_id()).await?;
        let session =
            session.filter(|session| session.user_id == claims.sub && self.records.now() < session.expires_at);
        let session = session.ok_or(OperationError::TokenInvalid)?;
        let user = self.records.read::<User>(claims.sub.object_id()).await?;
        let user = user.filter(|user| user.may_sign_in()).ok_or(OperationError::TokenInvalid)?;
        let principal = Arc::new(Principal {
            user_id: user.id,
            email: user.email.clone(),
            session_id: session.id,
            grants: Grants::of(&user.roles),
        });
        self.known.insert(access_token, Known { claims, session, user, principal: Arc::clone(&principal) });
        Ok(Identity::Settled(principal))
    }

    /// The principal of a token that was verified before, if its session and user are still the very same; or, if that is
    /// not known for now and a presumption will do, if they were when last heard of.
    pub(super) fn recognize(&self, message: &Authenticate) -> Option<Result<Identity, OperationError>> {
        let tokens = self.known.0.borrow();
        let known = tokens.get(&message.access_token)?;
        if self.records.now().as_seconds() >= known.claims.exp {
            return Some(Err(OperationError::TokenExpired));
        }
        let principal = || Arc::clone(&known.principal);
        if known.is_unchanged(|id| self.records.peek(id), |id| self.records.peek(id)) {
            return Some(Ok(Identity::Settled(principal())));
        }
        let is_presumable =
            message.may_presume && known.is_unchanged(|id| self.records.glance(id), |id| self.records.glance(id));
        is_presumable.then(|| Ok(Identity::Presumed(principal())))
    }
}

impl Known {
    /// Whether these still find the very same session and user.
    fn is_unchanged(
        &self,
        session: impl FnOnce(ObjectId) -> Option<Arc<Session>>,
        user: impl FnOnce(ObjectId) -> Option<Arc<User>>,
    ) -> bool {
        session(self.claims.sid.object_id()).is_some_and(|session| Arc::ptr_eq(&session, &self.session))
            && user(self.claims.sub.object_id()).is_some_and(|user| Arc::ptr_eq(&user, &self.user))
    }
}
