//! The server under faults: killed, out of space, told to stop, panicking, hammered, and kept waiting by its clients.

#[path = "../harness/mod.rs"]
mod harness;

mod crowd;
mod disk;
mod kill;
mod latency;
mod panics;
mod slow;
mod stall;
mod stop;
mod storm;
mod trail;
mod wire;
mod writer;
