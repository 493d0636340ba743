//! What the product talks about: ids, times, documents and the resources themselves.
//!
//! Nothing here does I/O and nothing is async, so every rule can be read and tested on its own.

pub mod audit;
pub mod batch;
pub mod contact;
pub mod customer;
pub mod document;
pub mod error;
pub mod form;
pub mod group;
pub mod id;
pub mod lease;
pub mod permission;
pub mod role;
pub mod session;
pub mod statistics;
pub mod time;
pub mod trace;
pub mod user;

use document::Collection;

/// Every collection that a store keeps.
pub static COLLECTIONS: &[&Collection] = &[
    &audit::OUTBOX,
    &audit::TRAIL,
    &audit::TRAIL_HEAD,
    &customer::CUSTOMERS,
    &group::GROUPS,
    &lease::LEASES,
    &session::ATTEMPTS,
    &session::SESSIONS,
    &user::ADMIN_ROLL,
    &user::USERS,
];
