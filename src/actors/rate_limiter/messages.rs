//! What RateLimiterActor can be asked (§8 of the contract).

use actix::Message;

use crate::limiter::{Decision, Subject};

/// Takes one request out of a budget.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Decision")]
pub struct TakeRequest {
    /// Whose budget.
    pub subject: Subject,
    /// Which budget.
    pub policy: Policy,
}

/// Which budget a request comes out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// That of the API as a whole.
    Default,
    /// That of `/auth/*`.
    Auth,
}
