//! The actors driven directly, with no HTTP: what they do, and what a panic costs.

mod contention;
mod groups;
mod panics;
mod session;
mod sign_in;
