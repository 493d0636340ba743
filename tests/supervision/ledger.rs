//! The restart decisions, as tables.

use std::time::Duration;

use clientele::actors::supervision::{Backoff, Ended, Ledger, Restart, RestartPolicy, Verdict};
use tokio::time::Instant;

use crate::counter::ms;

const PANICKED: Ended = Ended { abnormal: true, served: true };
const NEVER_SERVED: Ended = Ended { abnormal: true, served: false };
const STOPPED: Ended = Ended { abnormal: false, served: true };

fn policy(restart: Restart) -> RestartPolicy {
    let backoff = Backoff { initial: ms(10), max: ms(60), factor: 2.0, jitter: 0.5 };
    RestartPolicy { restart, max_restarts: 3, period: ms(1_000), backoff }
}

#[test]
fn the_restart_type_says_which_ends_are_followed_by_a_new_life() {
    let again = Verdict::Restart(ms(10));
    for (restart, ended, expected) in [
        (Restart::Permanent, PANICKED, again),
        (Restart::Permanent, STOPPED, again),
        (Restart::Transient, PANICKED, again),
        (Restart::Transient, STOPPED, Verdict::Stop),
        (Restart::Temporary, PANICKED, Verdict::Stop),
        (Restart::Temporary, STOPPED, Verdict::Stop),
    ] {
        let verdict = Ledger::new(policy(restart)).decide(ended, Instant::now(), 0.0);
        assert_eq!(verdict, expected, "{restart:?} after {ended:?}");
    }
}

#[test]
fn intensity_is_counted_in_a_sliding_period() {
    // At which millisecond the actor ends, and what is to follow.
    let restart = |millis| Verdict::Restart(ms(millis));
    let cases: [(&str, &[(u64, Verdict)]); 4] = [
        ("a quick series", &[(0, restart(10)), (1, restart(20)), (2, restart(40)), (3, Verdict::Fail)]),
        ("a slow series", &[(0, restart(10)), (900, restart(20)), (1_800, restart(20)), (2_700, restart(20))]),
        ("the edge of the period", &[(0, restart(10)), (0, restart(20)), (0, restart(40)), (1_000, Verdict::Fail)]),
        ("beyond the edge", &[(0, restart(10)), (0, restart(20)), (0, restart(40)), (1_001, restart(10))]),
    ];
    for (name, series) in cases {
        let (start, mut ledger) = (Instant::now(), Ledger::new(policy(Restart::Permanent)));
        for (index, &(at, expected)) in series.iter().enumerate() {
            let verdict = ledger.decide(PANICKED, start + ms(at), 0.0);
            assert_eq!(verdict, expected, "{name}, end {index}");
        }
    }
}

#[test]
fn after_a_failure_the_next_life_must_serve_to_be_trusted() {
    let (now, mut ledger) = (Instant::now(), Ledger::new(policy(Restart::Permanent)));
    for _ in 0..3 {
        assert!(matches!(ledger.decide(PANICKED, now, 0.0), Verdict::Restart(_)));
    }
    assert_eq!(ledger.decide(PANICKED, now, 0.0), Verdict::Fail);
    assert_eq!(ledger.decide(NEVER_SERVED, now, 0.0), Verdict::Fail, "on probation");
    assert_eq!(ledger.decide(NEVER_SERVED, now + ms(60_000), 0.0), Verdict::Fail, "however late");
    assert_eq!(ledger.decide(PANICKED, now + ms(60_000), 0.0), Verdict::Restart(ms(10)), "it had served");
    assert_eq!(ledger.decide(NEVER_SERVED, now + ms(60_000), 0.0), Verdict::Restart(ms(20)));
}

#[test]
fn an_operator_wipes_the_slate_clean() {
    let (now, mut ledger) = (Instant::now(), Ledger::new(policy(Restart::Permanent)));
    for _ in 0..4 {
        ledger.decide(PANICKED, now, 0.0);
    }
    ledger.clear();
    assert_eq!(ledger.decide(NEVER_SERVED, now, 0.0), Verdict::Restart(ms(10)));
}

#[test]
fn delays_grow_to_a_limit_and_are_spread_by_chance() {
    let backoff = policy(Restart::Permanent).backoff;
    for (attempt, chance, expected) in [
        (0, 0.0, 10),
        (1, 0.0, 10),
        (2, 0.0, 20),
        (3, 0.0, 40),
        (4, 0.0, 60),
        (5, 0.0, 60),
        (1_000_000, 0.0, 60),
        (4, 1.0, 30),
        (4, 0.5, 45),
    ] {
        let delay = backoff.delay(attempt, chance);
        assert!(delay.abs_diff(ms(expected)) < Duration::from_micros(1), "attempt {attempt}, {chance}: {delay:?}");
    }
}
