//! The HTTP API as clients meet it, held against the contract.

#[path = "../harness/mod.rs"]
mod harness;

mod contents;
mod forgery;
mod like;
mod problem;
mod trail;
mod wire;

mod access;
mod browsers;
mod codes;
mod compression;
mod conditional;
mod hostile;
mod limits;
mod lists;
mod methods;
mod openapi;
mod ops;
mod races;
mod request_ids;
mod session;
