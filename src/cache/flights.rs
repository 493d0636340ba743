//! Loads that are under way, so that all who want the same document wait for the same one.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use parking_lot::Mutex;

use super::epochs::Epoch;
use super::{Key, Loaded};
use crate::model::document::Document;

type Future = BoxFuture<'static, Loaded>;

/// The loads that are under way. One that nobody waits for any more is dropped.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Inner>);

#[derive(Default)]
struct Inner {
    under_way: Mutex<HashMap<Key, Flight>>,
    begun: AtomicU64,
}

struct Flight {
    number: u64,
    epoch: Epoch,
    load: WeakShared<Future>,
}

/// Where a document that was not at hand comes from.
pub(super) enum Source {
    /// A load brought it just before this one was about to be begun.
    Landed(Document),
    /// This load will bring it.
    Flight(Shared<Future>),
}

impl Flights {
    /// How many loads were begun.
    pub(super) fn begun(&self) -> u64 {
        self.0.begun.load(Relaxed)
    }

    /// Joins the load of this document that is under way, unless it began in an older epoch than `since`. If there is
    /// none, takes what `landed` has, else begins one.
    ///
    /// `begin` tells the epoch and makes the load, which leaves what it finds where `landed` looks. Both are called while
    /// no load can begin or end: together that makes one load of any number of misses.
    pub(super) fn join_or_begin(
        &self,
        key: Key,
        since: Epoch,
        landed: impl FnOnce() -> Option<Document>,
        begin: impl FnOnce() -> (Epoch, Future),
    ) -> Source {
        let mut under_way = self.0.under_way.lock();
        let joined =
            under_way.get(&key).filter(|flight| flight.epoch >= since).and_then(|flight| flight.load.upgrade());
        if let Some(flight) = joined {
            return Source::Flight(flight);
        }
        if let Some(document) = landed() {
            return Source::Landed(document);
        }
        let (epoch, load) = begin();
        let number = self.0.begun.fetch_add(1, Relaxed);
        let landing = Landing { flights: self.clone(), key, number };
        let flight = async move {
            let loaded = AssertUnwindSafe(load).catch_unwind().await;
            drop(landing);
            loaded.unwrap_or_else(|panic| Err(Arc::new(LoadPanicked::from(panic))))
        };
        let flight = flight.boxed().shared();
        let load = flight.downgrade().expect("what was not polled yet has not ended");
        under_way.insert(key, Flight { number, epoch, load });
        Source::Flight(flight)
    }
}

/// Takes a load out of the list when it has ended, or is dropped because nobody waits for it any more.
struct Landing {
    flights: Flights,
    key: Key,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut under_way = self.flights.0.under_way.lock();
        if under_way.get(&self.key).is_some_and(|flight| flight.number == self.number) {
            under_way.remove(&self.key);
        }
    }
}

/// A load panicked. Those who waited for it are told; the next one to ask tries again.
#[derive(Debug, thiserror::Error)]
#[error("loading a document panicked: {message}")]
struct LoadPanicked {
    message: String,
}

impl From<Box<dyn Any + Send>> for LoadPanicked {
    fn from(panic: Box<dyn Any + Send>) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Self { message }
    }
}
