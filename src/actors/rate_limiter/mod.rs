//! RateLimiterActor: budgets of requests, one over all workers.

mod actor;
pub mod messages;

pub use actor::{Quotas, RateLimiterActor};
pub use messages::*;
