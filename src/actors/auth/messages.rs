//! What AuthActor can be asked (§3 and §4 of the contract).

use std::fmt;
use std::sync::Arc;

use actix::Message;

use crate::actors::error::OperationError;
use crate::model::audit::{AuditEvent, Origin};
use crate::model::contact::Email;
use crate::model::id::{SessionId, UserId};
use crate::model::role::Grants;
use crate::model::user::{Credentials, Registration, User, UserPatch};

/// Makes an account and signs it in.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<SignedIn, OperationError>")]
pub struct Register {
    /// What the account is to be.
    pub registration: Registration,
    /// Who asks.
    pub origin: Origin,
}

/// Signs in.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<SignedIn, OperationError>")]
pub struct Login {
    /// E-mail address and password.
    pub credentials: Credentials,
    /// Who asks.
    pub origin: Origin,
}

/// Trades a refresh token for new tokens.
#[derive(Clone, Message)]
#[rtype(result = "Result<Tokens, OperationError>")]
pub struct RefreshSession {
    /// The refresh token.
    pub refresh_token: String,
    /// Who asks.
    pub origin: Origin,
}

/// Ends sessions.
#[derive(Clone, Message)]
#[rtype(result = "Result<(), OperationError>")]
pub struct Logout {
    /// What proves whose sessions they are.
    pub proof: Proof,
    /// Which of them.
    pub scope: LogoutScope,
    /// Who asks.
    pub origin: Origin,
}

/// A token that proves who is signing out.
#[derive(Clone)]
pub enum Proof {
    /// A refresh token, out of the body.
    RefreshToken(String),
    /// An access token, out of the `Authorization` header.
    AccessToken(String),
}

/// Which sessions a sign-out ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogoutScope {
    /// The one the token belongs to.
    #[default]
    Local,
    /// All but that.
    Others,
    /// All.
    Global,
}

impl LogoutScope {
    /// Each, by its name.
    pub const CHOICES: &'static [(&'static str, Self)] =
        &[("local", Self::Local), ("others", Self::Others), ("global", Self::Global)];
}

/// Finds out who presents an access token. Asked with every request that carries one.
#[derive(Clone, Message)]
#[rtype(result = "Result<Identity, OperationError>")]
pub struct Authenticate {
    /// The access token.
    pub access_token: Box<str>,
    /// Whether a presumption will do for now.
    pub may_presume: bool,
}

/// Who presents an access token.
#[derive(Clone, Debug)]
pub enum Identity {
    /// They do: the session and the user are as the last answered change left them.
    Settled(Arc<Principal>),
    /// They did when this node last heard of changes. Good for naming a budget, not for letting anybody in.
    Presumed(Arc<Principal>),
}

impl Identity {
    /// The principal, settled or presumed.
    pub fn principal(&self) -> &Arc<Principal> {
        let (Self::Settled(principal) | Self::Presumed(principal)) = self;
        principal
    }
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The user.
    pub user_id: UserId,
    /// Their e-mail address.
    pub email: Email,
    /// The session that the token belongs to.
    pub session_id: SessionId,
    /// What they may do.
    pub grants: Grants,
}

/// Reads a user.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Arc<User>, OperationError>")]
pub struct GetUser {
    /// Which.
    pub id: UserId,
}

/// Changes a user. What an administrator may do and what users may do to themselves differ in the patch alone.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Arc<User>, OperationError>")]
pub struct UpdateUser {
    /// Which.
    pub id: UserId,
    /// What is to change.
    pub patch: UserPatch,
    /// The version it must have, if that matters.
    pub expected: Option<u64>,
    /// What the one who asks may do: nobody grants what they do not hold.
    pub grants: Grants,
    /// Who asks.
    pub origin: Origin,
}

/// Makes an administrator; asked by the command line and at the first start. An account with this e-mail address is not touched.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Arc<User>, OperationError>")]
pub struct CreateAdmin {
    /// What the account is to be.
    pub registration: Registration,
    /// Who asks.
    pub origin: Origin,
}

/// Whether there is an administrator who can sign in.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<bool, OperationError>")]
pub struct HasAdmin;

/// Keeps the event of something that an operator does to the server itself. Answered when it is durable, and asked before
/// it is done. AuditActor is not asked: it may be the one that the operator wants to restart.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), OperationError>")]
pub struct RecordOperation {
    /// The event.
    pub event: AuditEvent,
}

/// A user and their tokens.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The user.
    pub user: Arc<User>,
    /// The tokens.
    pub tokens: Tokens,
}

/// An access token and a refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// JWT, `typ: at+jwt`.
    pub access_token: String,
    /// JWT, signed with another secret.
    pub refresh_token: String,
    /// Seconds from now until the access token expires.
    pub expires_in: u64,
    /// Seconds from now until the refresh token expires.
    pub refresh_expires_in: u64,
}

/// Debug forms that keep tokens to themselves.
macro_rules! secret_debug {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    )+};
}

secret_debug!(RefreshSession, Logout, Proof, Authenticate, Tokens);
