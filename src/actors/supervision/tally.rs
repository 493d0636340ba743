//! What became of the messages of an actor, by message type.

use std::any::{TypeId, type_name};
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::histogram::Histogram;
use super::status::MessageStatus;

/// Slots of one table; an actor with more message types chains a second table.
const SLOTS: usize = 32;

/// One [`Tally`] for each message type.
///
/// An append-only hash table: a look-up takes no lock and, but for collisions, one comparison.
#[derive(Default)]
pub(super) struct Tallies {
    slots: [OnceLock<Box<Entry>>; SLOTS],
    overflow: OnceLock<Box<Tallies>>,
}

struct Entry {
    message: TypeId,
    tally: Tally,
}

/// Counters and times of one message type.
///
/// Invariant: `ok`, `wait` and `total` are written by the one thread on which messages are handled, the cell's, so that
/// they need no locked additions. The other counters are written by askers, too.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) name: &'static str,
    pub(super) ok: AtomicU64,
    pub(super) crashed: AtomicU64,
    pub(super) expired: AtomicU64,
    pub(super) abandoned: AtomicU64,
    pub(super) shed: AtomicU64,
    pub(super) wait: Histogram,
    pub(super) total: Histogram,
}

impl Tallies {
    /// The tally of message type `M`.
    pub(super) fn of<M: 'static>(&self) -> &Tally {
        let message = TypeId::of::<M>();
        let home = slot_of(message);
        for probe in 0..SLOTS {
            let entry = self.slots[(home + probe) % SLOTS].get_or_init(Entry::new::<M>);
            if entry.message == message {
                return &entry.tally;
            }
        }
        self.overflow.get_or_init(Box::default).of::<M>()
    }

    /// All tallies by name.
    pub(super) fn statuses(&self) -> Vec<MessageStatus> {
        let mut statuses: Vec<_> = self.iter().map(Tally::status).collect();
        statuses.sort_by_key(|status| status.name);
        statuses
    }

    fn iter(&self) -> Box<dyn Iterator<Item = &Tally> + '_> {
        let own = self.slots.iter().filter_map(|slot| slot.get()).map(|entry| &entry.tally);
        match self.overflow.get() {
            Some(more) => Box::new(own.chain(more.iter())),
            None => Box::new(own),
        }
    }
}

impl Entry {
    fn new<M: 'static>() -> Box<Self> {
        let tally = Tally { name: short_name::<M>(), ..Tally::default() };
        Box::new(Entry { message: TypeId::of::<M>(), tally })
    }
}

impl Tally {
    fn status(&self) -> MessageStatus {
        let (wait, total) = (self.wait.distribution(), self.total.distribution());
        MessageStatus {
            name: self.name,
            ok: self.ok.load(Relaxed),
            crashed: self.crashed.load(Relaxed),
            expired: self.expired.load(Relaxed),
            abandoned: self.abandoned.load(Relaxed),
            shed: self.shed.load(Relaxed),
            wait_p50: wait.quantile(0.5),
            wait_p99: wait.quantile(0.99),
            total_p50: total.quantile(0.5),
            total_p99: total.quantile(0.99),
            wait,
            total,
        }
    }
}

/// The name of a type without its path and its parameters.
pub(super) fn short_name<M>() -> &'static str {
    let full = type_name::<M>();
    let plain = full.split('<').next().unwrap_or(full);
    plain.rsplit("::").next().unwrap_or(plain)
}

fn slot_of(message: TypeId) -> usize {
    let mut hash = FirstWord(0);
    message.hash(&mut hash);
    hash.finish() as usize % SLOTS
}

/// A `TypeId` is a hash already: its first word will do.
struct FirstWord(u64);

impl Hasher for FirstWord {
    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Numbered<const N: usize>;

    macro_rules! count_types {
        ($tallies:expr, $($n:literal)*) => { $( $tallies.of::<Numbered<$n>>().ok.fetch_add($n, Relaxed); )* };
    }

    #[test]
    fn more_message_types_than_slots_are_kept_apart() {
        let tallies = Tallies::default();
        count_types!(tallies, 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20);
        count_types!(tallies, 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40);
        count_types!(tallies, 1 40);
        let mut counts: Vec<_> = tallies.statuses().iter().map(|status| status.ok).collect();
        counts.sort_unstable();
        let expected: Vec<u64> = std::iter::once(2).chain(2..40).chain([80]).collect();
        assert_eq!(counts, expected);
    }

    #[test]
    fn names_lose_path_and_parameters() {
        assert_eq!(short_name::<Tally>(), "Tally");
        assert_eq!(short_name::<Vec<Tally>>(), "Vec");
    }
}
