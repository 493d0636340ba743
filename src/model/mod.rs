//! What the product talks about: ids, times, documents and the resources themselves.
//!
//! Nothing here does I/O and nothing is async, so every rule can be read and tested on its own.

pub mod document;
pub mod id;
pub mod time;
