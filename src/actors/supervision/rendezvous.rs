//! Rendezvous hashing (highest random weight; Thaler and Ravishankar, 1998): which of several places a key belongs to.
//!
//! Each place has a weight for each key, and the heaviest wins. So when a place comes or goes, only those keys move
//! that it wins or had won.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A hash that is the same in all threads, for keys and for the names of places.
pub(super) fn hash_of(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The weight of a place for a key, both given by their hashes. The finalizer of splitmix64 makes it look random.
pub(super) fn weight(key: u64, place: u64) -> u64 {
    let mut mixed = key ^ place.rotate_left(32);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place_of(key: u64, places: &[u64]) -> u64 {
        *places.iter().max_by_key(|&&place| weight(key, place)).expect("there are places")
    }

    fn places(count: usize) -> Vec<u64> {
        (0..count).map(|replica| hash_of(&format!("customers/{replica}"))).collect()
    }

    proptest! {
        #[test]
        fn only_the_keys_of_a_place_that_goes_move(count in 2..16_usize, gone: prop::sample::Index, keys: Vec<u64>) {
            let all = places(count);
            let gone = all[gone.index(count)];
            let left: Vec<u64> = all.iter().copied().filter(|&place| place != gone).collect();
            for key in keys.iter().map(hash_of) {
                let before = place_of(key, &all);
                prop_assert!(before == gone || place_of(key, &left) == before);
            }
        }
    }

    #[test]
    fn every_place_gets_its_share() {
        for count in [2, 3, 8, 16] {
            let all = places(count);
            let mut keys = vec![0_usize; count];
            for key in 0..10_000_u64 {
                let place = place_of(hash_of(&key), &all);
                keys[all.iter().position(|&one| one == place).unwrap()] += 1;
            }
            let fair = 10_000 / count;
            assert!(keys.iter().all(|&share| share > fair * 3 / 4 && share < fair * 5 / 4), "{keys:?}");
        }
    }
}
