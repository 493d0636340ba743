//! The limiter port.

use std::net::IpAddr;
use std::time::Duration;

use crate::model::id::UserId;

/// Whose requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A signed-in user.
    User(UserId),
    /// A client address.
    Address(IpAddr),
}

/// A budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Its name.
    pub name: &'static str,
    /// Requests at once; 0: no limit.
    pub burst: u32,
    /// The time in which the budget refills.
    pub window: Duration,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// It may go on.
    pub allowed: bool,
    /// The budget it came out of.
    pub quota: Quota,
    /// How many are left.
    pub remaining: u32,
    /// Until the budget is full again.
    pub reset: Duration,
    /// Until the next one is let in; zero if this one was.
    pub retry_after: Duration,
}
