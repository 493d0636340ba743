//! GroupActor: customer groups and who is in them.

mod actor;
mod members;
pub mod messages;
mod unlinking;

pub use actor::GroupActor;
pub use messages::*;
