//! Actors that depend on each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use clientele::actors::supervision::testkit::{paused, settle, until};
use clientele::actors::supervision::{Events, Group, Happening, Mailbox, StartError, State, Strategy, Supervisor};
use futures_util::future::join_all;

use crate::counter::*;

/// Three members that take 10 ms to be made each, and are running.
async fn three(supervisor: &Supervisor, strategy: Strategy) -> Vec<Mailbox<Counter>> {
    let group = supervisor.group(strategy);
    let members: Vec<_> = (0..3).map(|replica| member(&group, replica, || Ok(()))).collect();
    for member in &members {
        until(member, |actor| actor.state == State::Running).await;
    }
    members
}

fn member(
    group: &Group,
    replica: usize,
    connect: impl Fn() -> Result<(), StartError> + Clone + Send + 'static,
) -> Mailbox<Counter> {
    group.spawn(spec().replica(replica), move || {
        let connect = connect.clone();
        async move {
            tokio::time::sleep(ms(10)).await;
            connect()?;
            Ok(Counter::default())
        }
    })
}

fn incarnations(members: &[Mailbox<Counter>]) -> Vec<u64> {
    members.iter().map(|member| member.status().incarnation).collect()
}

async fn all_run(members: &[Mailbox<Counter>], wanted: &[u64]) {
    for (member, &wanted) in members.iter().zip(wanted) {
        until(member, |actor| actor.incarnation == wanted && actor.state == State::Running).await;
    }
}

/// Who entered `Running`, in that order.
fn running_order(events: &mut Events) -> Vec<String> {
    let heard = std::iter::from_fn(|| events.try_next()).map(Result::unwrap);
    let runs = |to: &Happening| matches!(to, Happening::StateChanged { to: State::Running, .. });
    heard.filter(|event| runs(&event.happening)).map(|event| event.actor.to_string()).collect()
}

#[test]
fn members_start_one_after_the_other() {
    paused(async {
        let supervisor = Supervisor::new();
        let (mut events, start) = (supervisor.events(), tokio::time::Instant::now());
        three(&supervisor, Strategy::RestForOne).await;
        assert_eq!(running_order(&mut events), ["counter/0", "counter/1", "counter/2"]);
        assert!(start.elapsed() >= ms(30), "{:?}", start.elapsed());
    });
}

#[test]
fn one_for_one_replaces_nobody_else() {
    paused(async {
        let members = three(&Supervisor::new(), Strategy::OneForOne).await;
        crash_of(members[0].ask(ample(), Panic).await);
        all_run(&members, &[2, 1, 1]).await;
        tokio::time::sleep(ms(1_000)).await;
        assert_eq!(incarnations(&members), [2, 1, 1]);
    });
}

#[test]
fn rest_for_one_replaces_those_that_were_started_after_it_in_order() {
    paused(async {
        let supervisor = Supervisor::new();
        let members = three(&supervisor, Strategy::RestForOne).await;
        let mut events = supervisor.events();
        crash_of(members[1].ask(ample(), Panic).await);
        all_run(&members, &[1, 2, 2]).await;
        assert_eq!(running_order(&mut events), ["counter/1", "counter/2"]);
        crash_of(members[2].ask(ample(), Panic).await);
        all_run(&members, &[1, 2, 3]).await;
    });
}

#[test]
fn one_for_all_replaces_everybody_in_order() {
    paused(async {
        let supervisor = Supervisor::new();
        let members = three(&supervisor, Strategy::OneForAll).await;
        let mut events = supervisor.events();
        crash_of(members[1].ask(ample(), Panic).await);
        all_run(&members, &[2, 2, 2]).await;
        assert_eq!(running_order(&mut events), ["counter/0", "counter/1", "counter/2"]);
        let told = supervisor.events_after(0);
        let cause = causes(told, "counter/2");
        assert_eq!(cause, ["restarted together with counter/1"]);
    });
}

fn causes(mut events: Events, actor: &str) -> Vec<String> {
    let heard = std::iter::from_fn(|| events.try_next()).map(Result::unwrap).filter(|event| &*event.actor == actor);
    heard
        .filter_map(|event| match &event.happening {
            Happening::Restarted { cause, .. } => Some(cause.to_string()),
            _ => None,
        })
        .collect()
}

#[test]
fn the_replaced_finish_what_is_in_flight_and_lose_nothing_that_waits() {
    paused(async {
        let members = three(&Supervisor::new(), Strategy::OneForAll).await;
        let in_flight = members[2].ask(ample(), CountAfter(ms(100)));
        settle().await;
        crash_of(members[0].ask(ample(), Panic).await);
        let waiting: Vec<_> = (0..5).map(|_| members[2].ask(ample(), Count)).collect();
        assert_eq!(in_flight.await, Ok(1));
        assert_eq!(join_all(waiting).await, [Ok(1), Ok(2), Ok(3), Ok(4), Ok(5)], "by the next incarnation");
    });
}

#[test]
fn being_replaced_is_not_counted_against_the_intensity_and_does_not_clear_it() {
    paused(async {
        let members = three(&Supervisor::new(), Strategy::OneForAll).await;
        // Three restarts are allowed to each.
        for crash in 0..3 {
            crash_of(members[crash % 2].ask(ample(), Panic).await);
            let generation = crash as u64 + 2;
            all_run(&members, &[generation; 3]).await;
        }
        for generation in 5..=7 {
            crash_of(members[2].ask(ample(), Panic).await);
            all_run(&members, &[generation; 3]).await;
        }
        crash_of(members[2].ask(ample(), Panic).await);
        until(&members[2], |actor| actor.state == State::Failed).await;
    });
}

#[test]
fn the_dependents_of_a_failed_member_are_held_until_it_runs_again() {
    for (strategy, first) in [(Strategy::RestForOne, State::Running), (Strategy::OneForAll, State::Suspended)] {
        paused(async move {
            let supervisor = Supervisor::new();
            let group = supervisor.group(strategy);
            let broken = Arc::new(AtomicBool::new(false));
            let connect = {
                let broken = broken.clone();
                move || if broken.load(Relaxed) { Err(StartError::new("broken")) } else { Ok(()) }
            };
            let members = [member(&group, 0, || Ok(())), member(&group, 1, connect), member(&group, 2, || Ok(()))];
            all_run(&members, &[1, 1, 1]).await;
            broken.store(true, Relaxed);
            crash_of(members[1].ask(ample(), Panic).await);
            until(&members[1], |actor| actor.state == State::Failed).await;
            until(&members[2], |actor| actor.state == State::Suspended).await;
            until(&members[0], |actor| actor.state == first).await;
            assert!(supervisor.unready().contains(&"counter/1".to_owned()));
            let waiting = members[2].ask(ample(), Count);
            broken.store(false, Relaxed);
            assert_eq!(supervisor.restart("counter/1"), 1);
            assert_eq!(waiting.await, Ok(1));
            for member in &members {
                until(member, |actor| actor.state == State::Running).await;
            }
            assert!(supervisor.unready().is_empty());
        });
    }
}

#[test]
fn several_failures_at_once_end_with_everybody_running() {
    for strategy in [Strategy::RestForOne, Strategy::OneForAll] {
        paused(async move {
            let supervisor = Supervisor::new();
            let members = three(&supervisor, strategy).await;
            let crashes: Vec<_> = members.iter().map(|member| member.ask(ample(), Panic)).collect();
            let waiting: Vec<_> = members.iter().map(|member| member.ask(ample(), Count)).collect();
            join_all(crashes).await.into_iter().for_each(|crash| drop(crash_of(crash)));
            assert!(join_all(waiting).await.iter().all(Result::is_ok), "what waits is answered");
            for member in &members {
                until(member, |actor| actor.incarnation >= 2 && actor.state == State::Running).await;
            }
            let before = incarnations(&members);
            tokio::time::sleep(ms(5_000)).await;
            assert_eq!(incarnations(&members), before, "it comes to rest");
        });
    }
}

#[test]
fn a_failure_during_the_restart_of_another_begins_it_anew() {
    paused(async {
        let supervisor = Supervisor::new();
        let group = supervisor.group(Strategy::OneForAll);
        let broken = Arc::new(AtomicBool::new(false));
        let connect = {
            let broken = broken.clone();
            move || if broken.swap(false, Relaxed) { Err(StartError::new("broken")) } else { Ok(()) }
        };
        let members = [member(&group, 0, || Ok(())), member(&group, 1, connect), member(&group, 2, || Ok(()))];
        all_run(&members, &[1, 1, 1]).await;
        broken.store(true, Relaxed);
        crash_of(members[2].ask(ample(), Panic).await);
        all_run(&members, &[3, 3, 2]).await;
        assert_eq!(
            causes(supervisor.events_after(0), "counter/0"),
            ["restarted together with counter/2", "restarted together with counter/1"]
        );
    });
}

#[test]
fn a_drain_during_the_restart_of_a_group_answers_what_was_accepted() {
    paused(async {
        let supervisor = Supervisor::new();
        let members = three(&supervisor, Strategy::OneForAll).await;
        let crash = members[0].ask(ample(), Panic);
        settle().await;
        let waiting: Vec<_> = members.iter().map(|member| member.ask(ample(), Count)).collect();
        let drained = supervisor.shutdown(ample()).await;
        crash_of(crash.await);
        assert_eq!(join_all(waiting).await, [Ok(1), Ok(1), Ok(1)]);
        assert!(drained.iter().all(|(_, drained)| *drained == Default::default()), "{drained:?}");
    });
}

#[test]
fn the_others_do_without_a_member_that_has_ended() {
    paused(async {
        let supervisor = Supervisor::new();
        let members = three(&supervisor, Strategy::RestForOne).await;
        members[0].drain(ample()).await;
        crash_of(members[1].ask(ample(), Panic).await);
        all_run(&members[1..], &[2, 2]).await;
        assert_eq!(members[0].status().state, State::Stopped);
    });
}

#[test]
fn a_dependent_is_replaced_although_its_control_lane_is_full() {
    paused(async {
        let members = three(&Supervisor::new(), Strategy::RestForOne).await;
        let crash = members[0].ask(ample(), Panic);
        (0..2_000).for_each(|_| members[1].resume());
        crash_of(crash.await);
        all_run(&members, &[2, 2, 2]).await;
    });
}

#[test]
fn members_that_have_ended_are_forgotten_and_stand_in_nobodys_way() {
    paused(async {
        let supervisor = Supervisor::new();
        let group = supervisor.group(Strategy::RestForOne);
        let first = member(&group, 0, || Ok(()));
        for _ in 0..100 {
            let next = group.spawn(spec().replica(1), || async { Ok(Counter::default()) });
            assert_eq!(next.ask(ample(), Count).await, Ok(1));
            next.drain(ample()).await;
        }
        let last = member(&group, 2, || Ok(()));
        all_run(&[first.clone(), last.clone()], &[1, 1]).await;
        crash_of(first.ask(ample(), Panic).await);
        all_run(&[first, last], &[2, 2]).await;
    });
}
