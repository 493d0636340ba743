//! CustomerActor: customers, their batches and their statistics.

mod actor;
mod batch;
pub mod messages;
mod statistics;

pub use actor::CustomerActor;
pub use messages::*;
