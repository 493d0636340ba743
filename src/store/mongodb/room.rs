//! How many calls may be under way at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::store::StoreError;

/// With more calls than this waiting for each connection, there is no room for another request.
const WAITING_PER_CONNECTION: usize = 16;

/// The places of calls: one for each connection and a bounded number of waiting ones. The driver's own queue has no bound.
#[derive(Debug)]
pub(super) struct Room {
    places: Arc<Semaphore>,
    /// Calls under way and waiting with which there is room for more.
    roomy: usize,
    all: usize,
    connections: usize,
    /// Microseconds that a call takes, on a running average.
    mean_micros: Arc<AtomicU64>,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    taken: Instant,
    mean_micros: Arc<AtomicU64>,
}

impl Room {
    /// Room for a call on each connection and for so many that wait.
    pub fn new(connections: u32, waiting: usize) -> Self {
        let connections = connections.max(1) as usize;
        let all = connections.saturating_add(waiting).min(Semaphore::MAX_PERMITS);
        let roomy = connections.saturating_mul(1 + WAITING_PER_CONNECTION).min(all);
        Self { places: Arc::new(Semaphore::new(all)), roomy, all, connections, mean_micros: Arc::default() }
    }

    /// Takes a place for a call.
    pub fn enter(&self) -> Result<Place, StoreError> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| self.overloaded())?;
        Ok(Place { _permit: permit, taken: Instant::now(), mean_micros: Arc::clone(&self.mean_micros) })
    }

    /// Whether there is room for the calls of another request.
    pub fn check(&self) -> Result<(), StoreError> {
        if self.taken() < self.roomy { Ok(()) } else { Err(self.overloaded()) }
    }

    fn taken(&self) -> usize {
        self.all - self.places.available_permits()
    }

    /// What waits is worked off by all connections.
    fn overloaded(&self) -> StoreError {
        let mean = Duration::from_micros(self.mean_micros.load(Relaxed));
        let rounds = self.taken().div_ceil(self.connections);
        StoreError::Overloaded { retry_after: mean.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX)) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let taken = u64::try_from(self.taken.elapsed().as_micros()).unwrap_or(u64::MAX);
        // Two at once may lose one of their samples, which an average can bear.
        let mean = self.mean_micros.load(Relaxed);
        self.mean_micros.store(mean - mean / 16 + taken / 16, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_beyond_the_bound_is_refused_and_places_come_back() {
        let room = Room::new(2, 98);
        let mut places: Vec<Place> = (0..33).map(|_| room.enter().unwrap()).collect();
        room.check().unwrap();
        places.push(room.enter().unwrap());
        assert!(matches!(room.check(), Err(StoreError::Overloaded { .. })), "others are under way and may go on");
        places.extend((34..100).map(|_| room.enter().unwrap()));
        assert!(matches!(room.enter(), Err(StoreError::Overloaded { .. })));
        drop(places);
        room.check().unwrap();
    }
}
