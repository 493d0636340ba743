//! What many nodes share in Redis: one connection for all that asks it, and the log of changes.
//!
//! Redis keeps no documents. Each node keeps them in its own memory, and learns from the log which of them others have
//! changed (`docs/decisions/0008-redis-keeps-the-order-of-changes.md`).

mod client;
mod link;
mod news;
mod options;
mod script;
mod state;

pub use self::link::{LinkError, RedisLink};
pub use self::news::Follower;
pub use self::options::{InvalidRedisUrl, RedisOptions};
pub use self::script::{FromRedis, Script};
