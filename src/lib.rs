//! A customer backend whose work is done by supervised actors.

pub mod actors;
pub mod broker;
pub mod cache;
pub mod config;
pub mod limiter;
pub mod model;
pub mod store;
pub mod telemetry;
