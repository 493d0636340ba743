//! Armed faults: one arms, others meet them.

use std::sync::Arc;

use loom::model;
use loom::thread;

use super::armory::{Armory, Injection};

#[test]
fn a_fault_strikes_once_however_many_come_at_once() {
    model(|| {
        let armory = Arc::new(Armory::new());
        let injected = armory.arm(Injection::times('f', 1));
        let meeting = [(), ()].map(|()| {
            let armory = armory.clone();
            thread::spawn(move || armory.strike(|_| true).is_some())
        });
        let hit = meeting.map(|meeting| meeting.join().unwrap());
        assert_eq!(hit.iter().filter(|&&hit| hit).count(), 1);
        assert_eq!(injected.strikes(), 1);
    });
}

#[test]
fn a_fault_that_is_armed_while_another_is_spent_is_not_overlooked() {
    model(|| {
        let armory = Arc::new(Armory::new());
        armory.arm(Injection::times('a', 1));
        let arming = {
            let armory = armory.clone();
            thread::spawn(move || armory.arm(Injection::times('b', 1)))
        };
        let first = armory.strike(|_| true);
        let second = armory.strike(|_| true);
        let injected = arming.join().unwrap();
        assert_eq!(first, Some('a'));
        let third = armory.strike(|_| true);
        assert_eq!((second.is_some() != third.is_some(), injected.strikes()), (true, 1), "{second:?} {third:?}");
        assert_eq!(armory.strike(|_| true), None);
        assert!(!armory.is_armed());
    });
}

#[test]
fn a_fault_that_is_lent_and_given_back_strikes_in_the_end() {
    model(|| {
        let armory = Arc::new(Armory::new());
        let injected = armory.arm(Injection::times('f', 1));
        let lending = {
            let armory = armory.clone();
            thread::spawn(move || armory.take(|_| true).map(|armed| armory.put(armed)).is_some())
        };
        let struck = armory.strike(|_| true).is_some();
        let lent = lending.join().unwrap();
        assert!(struck || lent);
        assert_eq!(armory.strike(|_| true).is_some(), !struck);
        assert_eq!(injected.strikes(), 1);
    });
}

#[test]
fn a_fault_that_is_withdrawn_while_it_is_lent_does_not_come_back() {
    model(|| {
        let armory = Arc::new(Armory::new());
        let injected = armory.arm(Injection::times('f', 1));
        let lending = {
            let armory = armory.clone();
            thread::spawn(move || armory.take(|_| true).map(|armed| armory.put(armed)))
        };
        injected.withdraw();
        lending.join().unwrap();
        assert_eq!((armory.strike(|_| true), armory.is_armed()), (None, false));
    });
}
