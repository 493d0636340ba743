//! The harness itself: that the servers it starts are real, private, obedient, and gone in the end.

#[path = "../harness/mod.rs"]
mod harness;

mod lifetime;
mod nginx;
mod proxy;
mod stops;
mod tls;
