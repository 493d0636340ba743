//! The actors: who holds the rules. None of them knows HTTP or a driver.

pub mod audit;
pub mod auth;
mod completion;
pub mod customers;
pub mod error;
pub mod groups;
pub mod listing;
pub mod rate_limiter;
pub mod records;
pub mod supervision;

use audit::AuditActor;
use auth::AuthActor;
use customers::CustomerActor;
pub use error::OperationError;
use groups::GroupActor;
use rate_limiter::RateLimiterActor;
use supervision::{Mailbox, Replicas, Router};

/// The five actors of one HTTP worker: the replicas on its own thread, and AuditActor, of which there is one.
#[derive(Clone, Debug)]
pub struct Mailboxes {
    /// Accounts, sessions, tokens.
    pub auth: Mailbox<AuthActor>,
    /// Customers.
    pub customers: Mailbox<CustomerActor>,
    /// Customer groups.
    pub groups: Mailbox<GroupActor>,
    /// The audit trail.
    pub audit: Mailbox<AuditActor>,
    /// Budgets of requests.
    pub rate_limiter: Mailbox<RateLimiterActor>,
}

/// The five actors, as one HTTP worker asks them: its own replicas, and where these do not take messages, those of other
/// workers.
#[derive(Clone, Debug)]
pub struct Routers {
    /// Accounts, sessions, tokens.
    pub auth: Router<AuthActor>,
    /// Customers.
    pub customers: Router<CustomerActor>,
    /// Customer groups.
    pub groups: Router<GroupActor>,
    /// The audit trail.
    pub audit: Mailbox<AuditActor>,
    /// Budgets of requests.
    pub rate_limiter: Router<RateLimiterActor>,
}

/// All replicas of the actors that have several.
#[derive(Debug, Default)]
pub struct AllReplicas {
    auth: Replicas<AuthActor>,
    customers: Replicas<CustomerActor>,
    groups: Replicas<GroupActor>,
    rate_limiter: Replicas<RateLimiterActor>,
}

impl AllReplicas {
    /// Takes in those of one more worker, and gives the routers for it.
    pub fn join(&self, worker: Mailboxes) -> Routers {
        Routers {
            auth: self.auth.join(worker.auth),
            customers: self.customers.join(worker.customers),
            groups: self.groups.join(worker.groups),
            audit: worker.audit,
            rate_limiter: self.rate_limiter.join(worker.rate_limiter),
        }
    }
}
