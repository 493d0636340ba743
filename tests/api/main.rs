//! The HTTP API as clients meet it, held against the contract.

#[path = "../harness/mod.rs"]
mod harness;

mod access;
mod codes;
mod contents;
mod forgery;
mod hostile;
mod like;
mod problem;
mod session;
mod trail;
mod wire;
