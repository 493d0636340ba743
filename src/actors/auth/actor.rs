//! AuthActor itself: what it is made of and which messages it answers.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context};

use crate::actors::records::{Kind, Records, handlers};
use crate::actors::supervision::{Deadline, Pool};
use crate::model::session::Lifetimes;

use super::messages::{
    Authenticate, CreateAdmin, GetUser, HasAdmin, Login, Logout, RecordOperation, RefreshSession, Register, UpdateUser,
};
use super::passwords::PasswordHasher;
use super::principals::KnownTokens;
use super::tokens::TokenMint;

/// How conflicts over users are told.
pub(super) const KIND: Kind = Kind { resource: "user", unique: "email" };

/// How long a password may wait for its turn and its hash.
const HASHING_TIME: Duration = Duration::from_secs(10);

/// What sign-in goes by.
#[derive(Clone)]
pub struct AuthPolicy {
    /// Signs access tokens: `JWT_SECRET`.
    pub access_secret: Arc<[u8]>,
    /// Signs refresh tokens: `JWT_REFRESH_SECRET`.
    pub refresh_secret: Arc<[u8]>,
    /// How long an access token is good: `JWT_EXPIRES_IN`.
    pub access_lifetime: Duration,
    /// How long a session lasts.
    pub lifetimes: Lifetimes,
    /// Failed sign-ins from one address in 15 minutes that refuse it: `LOGIN_ADDRESS_MAX_FAILURES`; 0: never.
    pub address_max_failures: u32,
}

impl fmt::Debug for AuthPolicy {
    /// Leaves the secrets out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthPolicy")
            .field("access_lifetime", &self.access_lifetime)
            .field("lifetimes", &self.lifetimes)
            .field("address_max_failures", &self.address_max_failures)
            .finish_non_exhaustive()
    }
}

/// Answers for accounts and sessions. Its replicas share the store, the cache and the pool of hashers;
/// the tokens that a replica has verified are the only thing it keeps to itself.
#[derive(Debug)]
pub struct AuthActor(Rc<Auth>);

impl AuthActor {
    /// An actor over these records, hashing on this pool.
    pub fn new(records: Records, hashers: Pool<PasswordHasher>, policy: &AuthPolicy) -> Self {
        let mint = TokenMint::new(&policy.access_secret, &policy.refresh_secret, policy.access_lifetime);
        Self(Rc::new(Auth {
            records,
            hashers,
            mint,
            lifetimes: policy.lifetimes,
            address_max_failures: policy.address_max_failures,
            known: KnownTokens::default(),
        }))
    }
}

impl Actor for AuthActor {
    type Context = Context<Self>;
}

handlers! {
    AuthActor:
    Register => register;
    Login => login;
    RefreshSession => refresh;
    Logout => logout;
    Authenticate => authenticate, at hand: recognize;
    GetUser => get_user;
    UpdateUser => update_user;
    CreateAdmin => create_admin;
    HasAdmin => has_admin;
    RecordOperation => record_operation;
}

/// What AuthActor does.
pub(super) struct Auth {
    pub(super) records: Records,
    pub(super) hashers: Pool<PasswordHasher>,
    pub(super) mint: TokenMint,
    pub(super) lifetimes: Lifetimes,
    pub(super) address_max_failures: u32,
    pub(super) known: KnownTokens,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("records", &self.records)
            .field("lifetimes", &self.lifetimes)
            .finish_non_exhaustive()
    }
}

/// Until when a hash must be there.
pub(super) fn hashing_deadline() -> Deadline {
    Deadline::within(HASHING_TIME)
}
