//! Counts how often each document was forgotten, so that what was loaded before can be told from what was loaded after.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use super::Key;
use crate::model::id::ObjectId;

/// Documents that share a stripe are forgotten together: one in 16,384 is loaded once more than it need be.
const STRIPES: usize = 1 << 14;

/// One counter for each stripe of documents; 128 KiB in all.
pub(super) struct Epochs {
    stripes: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// How often a document had been forgotten at one moment. Later moments compare greater or equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Epoch(u64);

impl Epochs {
    pub(super) fn new() -> Self {
        Self { stripes: (0..STRIPES).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }

    /// The epoch now. What is loaded after this call belongs to it or to a later one.
    pub(super) fn now(&self, key: Key) -> Epoch {
        Epoch(self.stripe(key).load(Ordering::Acquire))
    }

    /// Begins a new epoch: nothing that was loaded before counts for calls that begin after this one.
    pub(super) fn advance(&self, key: (&str, ObjectId)) {
        self.stripe(key).fetch_add(1, Ordering::AcqRel);
    }

    /// Does so for all documents. For any one of them it is done when this returns.
    pub(super) fn advance_all(&self) {
        for stripe in &self.stripes {
            stripe.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn stripe(&self, key: (&str, ObjectId)) -> &AtomicU64 {
        &self.stripes[self.hasher.hash_one(key) as usize % STRIPES]
    }
}
