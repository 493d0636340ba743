//! How one pool is to be run.

use std::time::Duration;

/// Name and bounds of a pool.
#[derive(Clone, Debug)]
pub struct PoolSpec {
    pub(super) name: String,
    pub(super) threads: usize,
    pub(super) queue: usize,
    pub(super) stall: Duration,
    pub(super) max_wait: Duration,
}

/// Jobs that may wait for each thread whatever they take: fewer, and a thread would now and then have none.
pub(super) const ALWAYS_WAITING: usize = 8;

impl PoolSpec {
    /// A pool of one thread, with the defaults named at each setting below.
    pub fn new(name: impl Into<String>) -> Self {
        PoolSpec { name: name.into(), threads: 1, queue: 16, stall: Duration::from_secs(30), max_wait: Duration::MAX }
    }

    /// How many threads work; 1 by default, at least 1.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// How many jobs may wait; one more is told [`Overloaded`](crate::actors::supervision::AskError::Overloaded).
    /// 16 by default, at least 1.
    pub fn queue(mut self, bound: usize) -> Self {
        self.queue = bound.max(1);
        self
    }

    /// With a wait longer than this, by what jobs took of late, the pool [has no room](super::Pool::has_room) although its
    /// queue is not full. Up to 8 jobs a thread may wait all the same, unless every thread has been at its present job for
    /// longer than four times this and than 8 jobs take. No such limit by default.
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// A job at work for longer than this counts as stalled, and its thread as stuck: another one takes its place.
    /// 30 s by default.
    pub fn stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }
}
