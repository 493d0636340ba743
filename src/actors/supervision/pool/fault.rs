//! Faults that are injected into running pools.

use std::time::Duration;

use crate::actors::supervision::StartError;
use crate::actors::supervision::fault::{Armory, Injection, block};

/// What can be done to a pool. Each strikes once, but for [`RefuseMake`](PoolFault::RefuseMake).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolFault {
    /// The next job panics. It alone is lost.
    PanicInJob,
    /// The next job blocks its thread for so long before it begins.
    Stall(Duration),
    /// The thread that does the next job ends after it, by a panic of its own. No job is lost.
    EndThread,
    /// So many times no worker can be made, whenever one is to be made next; the next job of the thread is refused.
    RefuseMake(u32),
    /// The making of the next worker panics; the next job of the thread is refused.
    PanicInMake,
}

impl PoolFault {
    /// The same, to be armed only when so many more jobs have been begun.
    pub fn after(self, jobs: u64) -> Injection<PoolFault> {
        Injection::from(self).after(jobs)
    }
}

impl From<PoolFault> for Injection<PoolFault> {
    fn from(fault: PoolFault) -> Self {
        match fault {
            PoolFault::RefuseMake(times) => Injection::times(fault, times),
            _ => Injection::times(fault, 1),
        }
    }
}

/// The occasions of a thread's life.
impl Armory<PoolFault> {
    /// In place of a job that is about to be done. Panics, or blocks, if that is the fault.
    pub(super) fn in_job(&self) {
        if !self.is_armed() {
            return;
        }
        let due = self.strike(|fault| matches!(fault, PoolFault::PanicInJob | PoolFault::Stall(_)));
        self.count_down();
        match due {
            None => {}
            Some(PoolFault::Stall(stall)) => block(stall),
            Some(_) => panic!("injected: panic in a job"),
        }
    }

    /// Between two jobs of a thread. Panics if that is the fault.
    pub(super) fn between_jobs(&self) {
        if self.strike(|fault| fault == PoolFault::EndThread).is_some() {
            panic!("injected: the thread ends");
        }
    }

    /// Before a worker is made. Panics if that is the fault.
    pub(super) fn in_make(&self) -> Result<(), StartError> {
        match self.strike(|fault| matches!(fault, PoolFault::RefuseMake(_) | PoolFault::PanicInMake)) {
            None => Ok(()),
            Some(PoolFault::RefuseMake(_)) => Err(StartError::new("injected: no worker can be made")),
            Some(_) => panic!("injected: panic in the making of a worker"),
        }
    }
}
