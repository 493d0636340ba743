//! A message in the consumer's hands.

use std::fmt;

use super::Message;

/// A message that was handed out and waits to be settled. One that is dropped unsettled, because its consumer failed,
/// counts as abandoned: it is handed out again, or its publisher is told.
#[derive(Debug)]
pub struct Delivery {
    /// What was handed out.
    pub message: Message,
    settler: Settler,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Its work is done, durably.
    Acknowledged,
    /// It can never be worked on: it belongs to the dead letters.
    Rejected,
    /// Nobody worked on it to the end.
    Abandoned,
}

impl Delivery {
    /// A delivery whose backend is told, once, how it was settled. `settle` does not block.
    pub fn new(message: Message, settle: impl FnOnce(Settlement) + Send + 'static) -> Self {
        Self { message, settler: Settler(Some(Box::new(settle))) }
    }

    /// Says that its work is done, durably.
    pub fn ack(self) {
        self.settler.settle(Settlement::Acknowledged);
    }

    /// Says that it can never be worked on.
    pub fn reject(self) {
        self.settler.settle(Settlement::Rejected);
    }
}

/// Present until the delivery is settled.
struct Settler(Option<Box<dyn FnOnce(Settlement) + Send>>);

impl Settler {
    fn settle(mut self, settlement: Settlement) {
        self.tell(settlement);
    }

    fn tell(&mut self, settlement: Settlement) {
        if let Some(tell) = self.0.take() {
            tell(settlement);
        }
    }
}

impl Drop for Settler {
    fn drop(&mut self) {
        self.tell(Settlement::Abandoned);
    }
}

impl fmt::Debug for Settler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "unsettled" } else { "settled" })
    }
}
