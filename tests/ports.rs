//! One suite per port, run on every backend of it.

#[path = "harness/mod.rs"]
mod harness;

mod ports {
    mod broker;
    mod cache;
    mod limiter;
    mod mongodb;
    mod rabbitmq;
    mod redis;
    mod sqlite;
    mod store;
}
