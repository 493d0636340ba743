//! Nobody outlives a test.

use super::super::{State, Supervisor};

/// Checks that all actors of `supervisor` have come to their end, and all threads of its pools.
///
/// # Panics
/// When one has not; the message names all of them.
pub fn assert_ended(supervisor: &Supervisor) {
    let leaks = leaks(supervisor);
    assert!(leaks.is_empty(), "not drained at the end of the test: {}", leaks.join(", "));
}

fn leaks(supervisor: &Supervisor) -> Vec<String> {
    let actors = supervisor.statuses().into_iter().filter(|actor| actor.state != State::Stopped);
    let actors = actors.map(|actor| format!("{} ({})", actor.full_name(), actor.state.as_str()));
    let pools = supervisor.pools().into_iter().filter_map(|pool| {
        let threads = pool.threads_live + pool.threads_stuck;
        (threads > 0).then(|| format!("{} ({threads} threads)", pool.name))
    });
    actors.chain(pools).collect()
}
