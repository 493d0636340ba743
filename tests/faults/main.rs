//! The server under faults: killed, out of space, told to stop, panicking, hammered, and kept waiting by its clients.

#[path = "../harness/mod.rs"]
mod harness;

mod disk;
mod kill;
mod panics;
mod slow;
mod stop;
mod storm;
mod trail;
mod wire;
mod writer;
