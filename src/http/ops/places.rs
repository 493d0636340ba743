//! How many streams of events may be open at once.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::model::id::UserId;

/// Over all workers and users.
const MOST: usize = 64;

/// Of one user, so that none of them locks the others out.
const MOST_OF_A_USER: usize = 8;

/// The places of all workers' streams.
///
/// Invariant: what is counted of a user are their [`Place`]s; who has none is not in the map.
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<UserId, usize>>);

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowded {
    /// All are taken.
    Everywhere,
    /// This user has as many as one may have.
    ByUser,
}

/// One stream's place, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    user: UserId,
}

impl Places {
    /// Takes a place for a stream that this user reads.
    pub(super) fn take(self: &Arc<Self>, user: UserId) -> Result<Place, Crowded> {
        let mut taken = self.0.lock();
        if taken.get(&user).is_some_and(|&own| own >= MOST_OF_A_USER) {
            return Err(Crowded::ByUser);
        }
        if taken.values().sum::<usize>() >= MOST {
            return Err(Crowded::Everywhere);
        }
        *taken.entry(user).or_default() += 1;
        Ok(Place { places: Arc::clone(self), user })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock();
        let Some(own) = taken.get_mut(&self.user) else { return };
        *own -= 1;
        if *own == 0 {
            taken.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Clock;

    #[test]
    fn a_user_has_a_few_places_and_all_users_have_no_more_than_there_are() {
        let places = Arc::new(Places::default());
        let users: Vec<UserId> = (0..=MOST / MOST_OF_A_USER).map(|_| UserId::new(Clock::system().now())).collect();
        let (last, others) = users.split_last().unwrap();
        let mut held = Vec::new();
        for &user in others {
            held.extend((0..MOST_OF_A_USER).map(|_| places.take(user).expect("a place")));
            assert_eq!(places.take(user).err(), Some(Crowded::ByUser));
        }
        assert_eq!(places.take(*last).err(), Some(Crowded::Everywhere));
        held.pop();
        assert!(places.take(*last).is_ok());
        drop(held);
        assert!(places.0.lock().is_empty(), "nobody is remembered");
    }
}
