//! A customer backend whose work is done by supervised actors.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod actors;
pub mod app;
pub mod broker;
pub mod cache;
pub mod cli;
pub mod config;
pub mod http;
pub mod limiter;
pub mod model;
pub mod redis;
pub mod store;
pub mod telemetry;
pub mod testkit;
pub mod trace;

#[cfg(doctest)]
#[doc = include_str!("../docs/testing.md")]
struct TestingGuide;
