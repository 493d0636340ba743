//! Replicas behind one address.

use std::collections::HashMap;

use clientele::actors::supervision::testkit::{paused, settle, until};
use clientele::actors::supervision::{AskError, Deadline, Mailbox, Replicas, Router, State, Supervisor};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::counter::*;

/// Three replicas that can hold two messages and work on one, and the router of each.
fn three(supervisor: &Supervisor) -> Vec<Router<Counter>> {
    let replicas = Replicas::new();
    let spec = |replica| spec().replica(replica).mailbox(2).max_in_flight(1).intensity(0, ms(1_000));
    (0..3).map(|replica| replicas.join(spawn_by(supervisor, spec(replica)))).collect()
}

fn answered(mailbox: &Mailbox<Counter>) -> u64 {
    mailbox.status().messages.iter().map(|message| message.ok).sum()
}

async fn fail(counter: &Mailbox<Counter>) {
    crash_of(counter.ask(ample(), Panic).await);
    until(counter, |actor| actor.state == State::Failed).await;
}

#[test]
fn messages_go_home_while_home_takes_them() {
    paused(async {
        let routers = three(&Supervisor::new());
        settle().await;
        for _ in 0..10 {
            routers[1].ask(ample(), Count).await.unwrap();
            routers[1].tell(Count).unwrap();
            settle().await;
        }
        let counts: Vec<_> = routers.iter().map(|router| answered(router.home())).collect();
        assert_eq!(counts, [0, 20, 0]);
    });
}

#[test]
fn the_replica_of_another_stands_in_for_one_that_has_failed() {
    paused(async {
        let routers = three(&Supervisor::new());
        settle().await;
        fail(routers[0].home()).await;
        assert_eq!(routers[0].ask(ample(), Count).await, Ok(1));
        routers[0].home().restart();
        until(routers[0].home(), |actor| actor.ready).await;
        assert_eq!(routers[0].ask(ample(), Count).await, Ok(1), "home again");
        assert_eq!(answered(routers[0].home()), 1);
    });
}

#[test]
fn messages_that_find_home_full_go_to_the_least_loaded_until_all_are_full() {
    paused(async {
        let routers = three(&Supervisor::new());
        settle().await;
        let busy = routers[2].ask(ample(), CountAfter(ms(50)));
        settle().await;
        let asks: Vec<_> = (0..8).map(|_| routers[0].ask(ample(), CountAfter(ms(10)))).collect();
        let depths: Vec<_> = routers.iter().map(|router| router.home().status().mailbox_depth).collect();
        assert_eq!(depths, [2, 2, 2]);
        let answers = join_all(asks).await;
        assert!(answers[..6].iter().all(Result::is_ok), "{answers:?}");
        for refused in &answers[6..] {
            assert!(matches!(refused, Err(AskError::Overloaded { .. })), "{answers:?}");
        }
        assert_eq!(busy.await, Ok(1));
    });
}

#[test]
fn the_refusal_of_the_best_is_told_when_none_takes_messages() {
    paused(async {
        let supervisor = Supervisor::new();
        let routers = three(&supervisor);
        settle().await;
        routers[0].home().drain(ample()).await;
        fail(routers[1].home()).await;
        let _waiting = [(); 3].map(|()| routers[2].ask(ample(), CountAfter(ms(1_000))));
        settle().await;
        let _full = routers[2].ask(ample(), Count);
        let refused = routers[0].ask(ample(), Count).await;
        assert!(matches!(refused, Err(AskError::Overloaded { .. })), "the full one is the best: {refused:?}");
        fail_in_its_own_poll(routers[2].home()).await;
        let refused = routers[0].ask(ample(), Count).await;
        assert!(matches!(refused, Err(AskError::Unavailable { state: State::Failed, .. })), "{refused:?}");
        supervisor.shutdown(ample()).await;
        assert_eq!(routers[0].ask(ample(), Count).await, Err(AskError::Stopped));
    });
}

/// As [`fail`], of an actor whose mailbox is full.
async fn fail_in_its_own_poll(counter: &Mailbox<Counter>) {
    counter.inspect(|_, _| -> () { panic!("while inspecting") }).await;
    until(counter, |actor| actor.state == State::Failed).await;
}

#[test]
fn one_that_is_held_is_asked_only_when_no_other_takes_messages() {
    paused(async {
        let routers = three(&Supervisor::new());
        settle().await;
        routers[0].home().suspend();
        settle().await;
        assert_eq!(routers[0].ask(ample(), Count).await, Ok(1));
        fail(routers[1].home()).await;
        fail(routers[2].home()).await;
        let waiting = routers[0].ask(ample(), Count);
        assert_eq!(routers[0].home().status().mailbox_depth, 1);
        routers[0].home().resume();
        assert_eq!(waiting.await, Ok(1));
    });
}

#[test]
fn a_replica_on_its_way_out_is_not_asked_while_another_takes_messages() {
    paused(async {
        let (supervisor, replicas) = (Supervisor::new(), Replicas::new());
        let spec = |replica| spec().replica(replica).grace(ms(500));
        let routers: Vec<_> = (0..2).map(|replica| replicas.join(spawn_by(&supervisor, spec(replica)))).collect();
        settle().await;
        let home = routers[0].home();
        let _slow = home.ask(ample(), CountAfter(ms(60_000)));
        settle().await;
        crash_of(home.ask(ample(), Panic).await);
        let status = home.status();
        assert_eq!((status.state, status.ready), (State::Starting, true), "away for a short time");
        let start = Instant::now();
        assert_eq!(routers[0].ask(ample(), Count).await, Ok(1));
        assert!(start.elapsed().is_zero(), "{:?}", start.elapsed());
        until(home, |actor| actor.incarnation == 2 && actor.state == State::Running).await;
        routers[0].ask(ample(), Count).await.unwrap();
        assert_eq!((answered(home), answered(routers[1].home())), (1, 1), "home again");
    });
}

#[test]
fn a_replica_that_makes_no_progress_is_not_asked_while_another_takes_messages() {
    paused(async {
        let (supervisor, replicas) = (Supervisor::new(), Replicas::new());
        let spec = |replica| spec().replica(replica).max_in_flight(1).stall(ms(1_000));
        let routers: Vec<_> = (0..2).map(|replica| replicas.join(spawn_by(&supervisor, spec(replica)))).collect();
        settle().await;
        let _endless = routers[0].home().ask(ample(), CountAfter(ms(60_000)));
        settle().await;
        let waiting = routers[0].ask(Deadline::within(ms(60_000)), Count);
        assert_eq!(routers[0].home().status().mailbox_depth, 1, "it is no stall yet");
        sleep(ms(3_000)).await;
        assert!(routers[0].home().status().stalled.is_some());
        assert_eq!(routers[0].ask(ample(), Count).await, Ok(1));
        routers[0].tell(Count).unwrap();
        settle().await;
        assert_eq!(answered(routers[1].home()), 2);
        drop(waiting);
    });
}

#[test]
fn an_idle_home_is_asked_however_long_it_has_had_nothing_to_do() {
    paused(async {
        let routers = three(&Supervisor::new());
        settle().await;
        sleep(ms(3_600_000)).await;
        let asks = [(); 2].map(|()| routers[0].ask(ample(), Count));
        assert_eq!(routers[0].home().status().mailbox_depth, 2);
        assert!(join_all(asks).await.iter().all(Result::is_ok));
        assert_eq!(answered(routers[0].home()), 2);
    });
}

#[test]
fn a_key_keeps_its_replica_and_only_those_of_a_failed_one_move() {
    paused(async {
        let routers = three(&Supervisor::new());
        settle().await;
        let before = places(&routers).await;
        assert_eq!(before, places(&routers).await);
        for replica in 0..3 {
            assert!(before.values().any(|&place| place == replica), "{before:?}");
        }
        fail(routers[1].home()).await;
        let after = places(&routers).await;
        for (key, place) in &before {
            assert!(*place == 1 || after[key] == *place, "{key} moved without need");
            assert_ne!(after[key], 1);
        }
        routers[1].home().restart();
        until(routers[1].home(), |actor| actor.ready).await;
        assert_eq!(before, places(&routers).await, "they come back");
    });
}

/// Which replica each of 60 keys goes to, asked from different homes.
async fn places(routers: &[Router<Counter>]) -> HashMap<usize, usize> {
    let mut places = HashMap::new();
    for key in 0..60 {
        let before: Vec<_> = routers.iter().map(|router| answered(router.home())).collect();
        routers[key % 3].ask_by_key(&key, ample(), Count).await.unwrap();
        let place = routers.iter().zip(before).position(|(router, before)| answered(router.home()) > before);
        places.insert(key, place.expect("someone answered"));
    }
    places
}

#[test]
fn a_replica_that_came_back_on_another_thread_takes_the_place_of_its_namesake() {
    paused(async {
        let (supervisor, replicas) = (Supervisor::new(), Replicas::new());
        let old = replicas.join(spawn_by(&supervisor, spec()));
        old.home().drain(ample()).await;
        assert_eq!(old.ask(ample(), Count).await, Err(AskError::Stopped));
        let _new = replicas.join(spawn_by(&supervisor, spec()));
        settle().await;
        assert_eq!(old.ask(ample(), Count).await, Ok(1), "whoever knew the old one reaches the new");
    });
}
