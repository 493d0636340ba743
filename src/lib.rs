//! A customer backend whose work is done by supervised actors.

pub mod actors;
pub mod limiter;
pub mod model;
pub mod store;
