//! AuditActor: brings every event from the outbox to the trail, once, and reads the trail.

mod actor;
mod bell;
mod lease;
pub mod messages;
mod receiving;
mod relay;
mod spans;
mod trail;

pub use actor::AuditActor;
pub use bell::Bell;
pub use lease::RelayLease;
pub use messages::*;
