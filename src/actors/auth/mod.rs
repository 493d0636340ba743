//! AuthActor: accounts, sign-in, sessions, tokens, and who is behind a token.

mod actor;
mod lockout;
pub mod messages;
mod operations;
pub mod passwords;
mod principals;
mod sessions;
mod sign_in;
mod tokens;
mod users;

pub use actor::{AuthActor, AuthPolicy};
pub use messages::*;
