//! The actors driven directly, with no HTTP: what they do, and what a panic costs.

#[path = "../harness/mod.rs"]
mod harness;

mod contention;
mod deadlines;
mod groups;
mod panics;
mod session;
mod sign_in;
