//! What the faults cost, by the figures of the actors themselves.

use clientele::actors::supervision::{Events, Happening, MessageStatus};
use clientele::app::Backend;

/// What became of the messages of all actors that were not answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toll {
    /// Ended by a panic, or with their incarnation.
    pub crashed: u64,
    /// Those of them that nobody waited for: rings of the outbox's bell. A lost one costs nothing, since the actor that
    /// would have heard it looks by itself.
    pub unheard: u64,
    /// Refused.
    pub shed: u64,
    /// Too late.
    pub expired: u64,
    /// Refused by pools, behind jobs that were held up.
    pub shed_by_pools: u64,
}

impl Toll {
    pub fn of(backend: &Backend) -> Self {
        let statuses = backend.supervisor().statuses();
        let messages = statuses.iter().flat_map(|status| &status.messages);
        let shed_by_pools = backend.supervisor().pools().iter().map(|pool| pool.shed).sum();
        let none = Toll { shed_by_pools, ..Toll::default() };
        messages.fold(none, |toll, message: &MessageStatus| {
            let is_ring = message.name == "RelayOutbox";
            Toll {
                crashed: toll.crashed + message.crashed,
                unheard: toll.unheard + if is_ring { message.crashed } else { 0 },
                shed: toll.shed + if is_ring { 0 } else { message.shed },
                expired: toll.expired + message.expired,
                ..toll
            }
        })
    }

    pub fn since(self, before: Toll) -> Toll {
        Toll {
            crashed: self.crashed - before.crashed,
            unheard: self.unheard - before.unheard,
            shed: self.shed - before.shed,
            expired: self.expired - before.expired,
            shed_by_pools: self.shed_by_pools - before.shed_by_pools,
        }
    }

    /// Messages that somebody waited for who was told to come again.
    pub fn refusals(self) -> u64 {
        self.crashed - self.unheard + self.shed
    }
}

/// How many messages each incarnation that ended took with it, of those that have a successor: as the actors tell it.
pub fn losses(events: &mut Events) -> Vec<usize> {
    let told = std::iter::from_fn(|| events.try_next()).map(|event| event.expect("none is missed"));
    let losses = told.filter_map(|event| match event.happening {
        Happening::Restarted { lost, .. } => Some(lost),
        _ => None,
    });
    losses.collect()
}
