//! Members of a group that are held because another has failed.

use clientele::actors::supervision::testkit::{paused, until};
use clientele::actors::supervision::{AskError, Drained, Mailbox, State, Strategy, Supervisor};
use tokio::time::Instant;

use crate::counter::*;

/// A member that has failed for good, and one that was started after it.
async fn failed_and_dependent(supervisor: &Supervisor) -> [Mailbox<Counter>; 2] {
    let group = supervisor.group(Strategy::RestForOne);
    let specs = [spec().replica(0).intensity(0, ms(1_000)), spec().replica(1)];
    let members = specs.map(|spec| group.spawn(spec, || async { Ok(Counter::default()) }));
    until(&members[1], |actor| actor.state == State::Running).await;
    crash_of(members[0].ask(ample(), Panic).await);
    until(&members[0], |actor| actor.state == State::Failed).await;
    until(&members[1], |actor| actor.state == State::Suspended).await;
    members
}

#[test]
fn a_member_that_is_held_because_of_another_is_not_waited_for_by_those_who_inspect() {
    paused(async {
        let members = failed_and_dependent(&Supervisor::new()).await;
        let start = Instant::now();
        for _ in 0..2_000 {
            assert_eq!(members[1].inspect(|counter, _| counter.count).await, None);
        }
        assert!(start.elapsed().is_zero(), "{:?}", start.elapsed());
        members[0].restart();
        until(&members[1], |actor| actor.state == State::Running).await;
        assert_eq!(members[1].inspect(|counter, _| counter.count).await, Some(0));
    });
}

#[test]
fn a_shutdown_does_not_wait_for_what_only_a_failed_member_could_make_possible() {
    paused(async {
        let supervisor = Supervisor::new();
        let members = failed_and_dependent(&supervisor).await;
        let waiting = members[1].ask(ample(), Count);
        let start = Instant::now();
        let drained = supervisor.shutdown(ample()).await;
        let names = ["counter/1", "counter/0"].map(str::to_owned);
        let [refused, nothing] = [1, 0].map(|dropped| Drained { dropped, timed_out: false });
        assert_eq!(drained, names.into_iter().zip([refused, nothing]).collect::<Vec<_>>());
        assert_eq!(waiting.await, Err(AskError::Stopped));
        assert!(start.elapsed().is_zero(), "{:?}", start.elapsed());
    });
}
