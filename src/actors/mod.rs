//! The actors: who holds the rules. None of them knows HTTP or a driver.

pub mod audit;
pub mod auth;
pub mod customers;
pub mod error;
pub mod groups;
pub mod listing;
pub mod rate_limiter;
pub mod supervision;

pub use error::OperationError;
