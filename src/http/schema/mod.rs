//! What the API document says of bodies and answers.
//!
//! Bodies of requests are described by types that exist for that alone: reading them is the model's business, field by
//! field, so that every fault is told at once. Answers are described by the views that write them.

pub mod account;
pub mod batch;
pub mod customer;
pub mod document;
pub mod group;
pub mod operations;
pub mod page;
pub mod parameters;
pub mod problem;
pub mod responses;
pub mod scalars;
