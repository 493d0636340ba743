//! One suite per port, run on every backend of it.

mod ports {
    mod broker;
    mod cache;
    mod limiter;
    mod sqlite;
    mod store;
}
