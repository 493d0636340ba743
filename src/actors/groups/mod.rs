pub mod messages;
pub use messages::*;
