//! The actors: who holds the rules. None of them knows HTTP or a driver.

pub mod audit;
pub mod auth;
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
use supervision::Mailbox;

/// The five actors, as one HTTP worker sees them: the replicas on its own thread, and AuditActor, of which there is one.
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
