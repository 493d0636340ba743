//! A customer backend whose work is done by supervised actors.

#![warn(missing_docs)]

pub mod actors;
pub mod broker;
pub mod cache;
pub mod config;
pub mod http;
pub mod limiter;
pub mod model;
pub mod store;
pub mod telemetry;
