//! One suite per port, run on every backend of it.

mod ports {
    mod sqlite;
    mod store;
}
