//! Entries of the log of changes: how a node tells the others what it changed, and what it hears of them.

use crate::model::id::ObjectId;

/// What an entry tells at most, in documents. Who changed more tells that everything may have changed.
pub(super) const MAX_TOLD: usize = 1_000;

/// Stands for all documents.
const EVERYTHING: &str = "*";

/// Keeps documents in memory, and has to know which of them others have changed.
pub trait Follower: Send + Sync {
    /// Nothing that was loaded of this document before counts any more.
    fn outdate(&self, collection: &str, id: ObjectId);

    /// Nothing that was loaded of any document before counts any more.
    fn outdate_all(&self);
}

/// The place of an entry in the log: Redis's own time, and a number within the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position(u64, u64);

impl Position {
    /// Reads what Redis calls the id of an entry.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (millis, number) = text.split_once('-')?;
        Some(Self(millis.parse().ok()?, number.parse().ok()?))
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

/// What was changed, to be told to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    everything: bool,
    documents: Vec<(&'static str, ObjectId)>,
}

impl Changed {
    pub(super) fn add(&mut self, documents: &[(&'static str, ObjectId)]) {
        if self.everything || self.documents.len() + documents.len() > MAX_TOLD {
            *self = Self { everything: true, documents: Vec::new() };
            return;
        }
        self.documents.extend_from_slice(documents);
    }

    /// As an entry of the log has it.
    pub(super) fn told(&self) -> String {
        if self.everything {
            return EVERYTHING.to_owned();
        }
        let told = self.documents.iter().map(|(collection, id)| format!("{collection}:{id}"));
        told.collect::<Vec<_>>().join(" ")
    }
}

/// Tells followers what an entry says. One that this program cannot read may tell of anything.
pub(super) fn hear(entry: &str, follower: &dyn Follower) {
    for document in entry.split(' ').filter(|document| !document.is_empty()) {
        let read = document.split_once(':').and_then(|(collection, id)| Some((collection, id.parse().ok()?)));
        match read {
            Some((collection, id)) => follower.outdate(collection, id),
            None => follower.outdate_all(),
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    /// Notes what it is told.
    #[derive(Default)]
    struct Noting(Mutex<Vec<String>>);

    impl Follower for Noting {
        fn outdate(&self, collection: &str, id: ObjectId) {
            self.0.lock().push(format!("{collection} {id}"));
        }

        fn outdate_all(&self) {
            self.0.lock().push("all".to_owned());
        }
    }

    fn heard(entry: &str) -> Vec<String> {
        let noting = Noting::default();
        hear(entry, &noting);
        noting.0.into_inner()
    }

    #[test]
    fn what_is_told_is_heard() {
        let (one, other) = (ObjectId::from_bytes([1; 12]), ObjectId::from_bytes([2; 12]));
        let mut changed = Changed::default();
        assert!(heard(&changed.told()).is_empty());
        changed.add(&[("customers", one), ("sessions", other)]);
        assert_eq!(heard(&changed.told()), [format!("customers {one}"), format!("sessions {other}")]);
    }

    #[test]
    fn what_is_too_much_or_cannot_be_read_is_everything() {
        let mut changed = Changed::default();
        changed.add(&[("customers", ObjectId::from_bytes([1; 12])); MAX_TOLD]);
        assert_eq!(heard(&changed.told()).len(), MAX_TOLD);
        changed.add(&[("customers", ObjectId::from_bytes([1; 12]))]);
        assert_eq!(heard(&changed.told()), ["all"]);
        assert_eq!(heard("customers:no-id"), ["all"]);
    }

    #[test]
    fn positions_are_in_the_order_of_the_log() {
        let position = |text| Position::parse(text).unwrap();
        assert!(position("9-1") < position("10-0") && position("10-9") < position("10-10"));
        assert_eq!(position("1774260000000-7").to_string(), "1774260000000-7");
        assert_eq!(Position::parse("1774260000000"), None);
    }
}
