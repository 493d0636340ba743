//! A list of a few that is read far more often than it changes.
//!
//! Invariants: a reader sees the list as it was before a change or after it, never between, and keeps what it sees for as
//! long as it likes; of those that join at once, none is forgotten; what leaves the list is dropped outside the lock.

use std::sync::Arc;

use super::sync::RwLock;

pub(super) struct Roster<T>(RwLock<Arc<[T]>>);

impl<T: Clone> Roster<T> {
    /// Nobody yet.
    pub(super) fn new() -> Self {
        Roster(RwLock::new(Arc::new([])))
    }

    /// Appends `joining`, in the place of whom it `replaces`.
    pub(super) fn join(&self, joining: T, replaces: impl Fn(&T) -> bool) {
        let mut list = self.0.write();
        let others = list.iter().filter(|other| !replaces(other)).cloned();
        let after = others.chain([joining]).collect();
        let before = std::mem::replace(&mut *list, after);
        drop(list);
        drop(before);
    }

    /// All that are there now, in the order in which they joined.
    pub(super) fn now(&self) -> Arc<[T]> {
        self.0.read().clone()
    }
}
