//! A customer backend whose work is done by supervised actors.

pub mod actors;
