//! What becomes of deliveries, told to the server with as few frames as their order allows.

use std::collections::BTreeSet;

use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::{Channel, Error};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::broker::Settlement;

/// How many settlements are told at once.
const BATCH: usize = 1_024;

/// A delivery's number on its channel, and what became of it.
pub(super) type Settled = (u64, Settlement);

/// Begins to tell the server of what is sent to the sender, for as long as somebody holds it. There are never more in line
/// than deliveries that may be out at a time. Until the last is told the channel stays open.
pub(super) fn tell_settlements(channel: Channel) -> UnboundedSender<Settled> {
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        if let Err(error) = tell_all(&channel, receiver).await {
            // They are handed out again.
            tracing::debug!(%error, "settled messages could not be told to the broker");
        }
    });
    sender
}

async fn tell_all(channel: &Channel, mut settled: UnboundedReceiver<Settled>) -> Result<(), Error> {
    let mut ledger = Ledger::default();
    let mut batch = Vec::new();
    while settled.recv_many(&mut batch, BATCH).await > 0 {
        for word in ledger.words(std::mem::take(&mut batch)) {
            match word {
                Word::Ack { tag, multiple } => channel.basic_ack(tag, BasicAckOptions { multiple }).await?,
                Word::Nack { tag, requeue } => {
                    channel.basic_nack(tag, BasicNackOptions { multiple: false, requeue }).await?;
                }
            }
        }
    }
    Ok(())
}

/// A frame to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// This one is done or, if `multiple`, all up to it that were not told yet.
    Ack { tag: u64, multiple: bool },
    /// This one is not done.
    Nack { tag: u64, requeue: bool },
}

/// Which deliveries have been told of. Their numbers count from 1.
#[derive(Debug, Default)]
struct Ledger {
    /// All up to this one.
    told: u64,
    /// And these beyond it; never more than may be out at a time.
    beyond: BTreeSet<u64>,
}

impl Ledger {
    fn words(&mut self, mut settled: Vec<Settled>) -> Vec<Word> {
        settled.sort_unstable_by_key(|(tag, _)| *tag);
        let mut words = Vec::new();
        let mut done = None;
        for (tag, settlement) in settled {
            let next = tag == self.told + 1;
            if next && settlement == Settlement::Acknowledged {
                done = Some(tag);
                self.tell(tag);
                continue;
            }
            words.extend(done.take().map(|tag| Word::Ack { tag, multiple: true }));
            words.push(match settlement {
                Settlement::Acknowledged => Word::Ack { tag, multiple: false },
                Settlement::Rejected => Word::Nack { tag, requeue: false },
                Settlement::Abandoned => Word::Nack { tag, requeue: true },
            });
            self.tell(tag);
        }
        words.extend(done.map(|tag| Word::Ack { tag, multiple: true }));
        words
    }

    fn tell(&mut self, tag: u64) {
        self.beyond.insert(tag);
        while self.beyond.remove(&(self.told + 1)) {
            self.told += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Settlement::{Abandoned, Acknowledged, Rejected};
    use super::*;

    fn acked(tags: impl IntoIterator<Item = u64>) -> Vec<Settled> {
        tags.into_iter().map(|tag| (tag, Acknowledged)).collect()
    }

    #[test]
    fn what_is_done_in_order_takes_one_frame() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.words(acked(1..=256)), [Word::Ack { tag: 256, multiple: true }]);
        assert_eq!(ledger.words(acked(257..=300)), [Word::Ack { tag: 300, multiple: true }]);
    }

    #[test]
    fn what_is_held_back_is_not_told_by_those_behind_it() {
        let mut ledger = Ledger::default();
        let single = |tag| Word::Ack { tag, multiple: false };
        assert_eq!(ledger.words(acked([2, 3])), [single(2), single(3)]);
        assert_eq!(ledger.words(acked([1, 4])), [Word::Ack { tag: 4, multiple: true }]);
    }

    #[test]
    fn what_is_not_done_is_told_one_by_one() {
        let mut ledger = Ledger::default();
        let settled = vec![(1, Acknowledged), (2, Rejected), (3, Acknowledged), (4, Abandoned), (5, Acknowledged)];
        assert_eq!(
            ledger.words(settled),
            [
                Word::Ack { tag: 1, multiple: true },
                Word::Nack { tag: 2, requeue: false },
                Word::Ack { tag: 3, multiple: true },
                Word::Nack { tag: 4, requeue: true },
                Word::Ack { tag: 5, multiple: true },
            ]
        );
    }
}
