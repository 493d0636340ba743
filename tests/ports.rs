//! One suite per port, run on every backend of it.

mod harness;

mod ports {
    mod broker;
    mod cache;
    mod limiter;
    mod rabbitmq;
    mod sqlite;
    mod store;
}
