//! AuditActor: brings every event from the outbox to the trail, once, and reads the trail.

mod actor;
mod bell;
pub mod messages;
mod relay;
mod spans;
mod trail;

pub use actor::AuditActor;
pub use bell::Bell;
pub use messages::*;
