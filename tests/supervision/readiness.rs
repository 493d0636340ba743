//! What is seen from outside, above all of those who do not do their work.

use std::time::Duration;

use actix::prelude::*;
use clientele::actors::supervision::testkit::{paused, settle, until};
use clientele::actors::supervision::{StartError, State, Supervisor};

use crate::counter::*;

#[test]
fn an_actor_is_ready_once_it_runs() {
    paused(async {
        let supervisor = Supervisor::new();
        let counter = supervisor.spawn(spec(), || async {
            tokio::time::sleep(ms(100)).await;
            Ok(Counter::default())
        });
        assert_eq!(counter.status().state, State::Starting);
        assert_eq!(supervisor.unready(), ["counter/0"]);
        tokio::time::sleep(ms(110)).await;
        let status = counter.status();
        assert_eq!((status.state, status.ready, status.incarnation), (State::Running, true, 1));
        assert!(status.uptime >= ms(9) && status.uptime <= ms(11), "{:?}", status.uptime);
        assert!(supervisor.unready().is_empty());
    });
}

#[test]
fn only_a_long_pause_makes_an_actor_unready() {
    paused(async {
        let supervisor = Supervisor::new();
        let counter = spawn_by(&supervisor, spec().intensity(20, Duration::from_secs(3_600)));
        crash_of(counter.ask(ample(), Panic).await);
        until(&counter, |actor| actor.state == State::BackingOff).await;
        assert!(supervisor.unready().is_empty(), "10 ms are nothing to speak of");
        for _ in 0..7 {
            crash_of(counter.ask(ample(), Panic).await);
        }
        until(&counter, |actor| actor.state == State::BackingOff).await;
        assert_eq!(supervisor.unready(), ["counter/0"]);
        until(&counter, |actor| actor.state == State::Running).await;
        assert!(supervisor.unready().is_empty());
    });
}

#[test]
fn an_actor_that_never_started_is_named() {
    paused(async {
        let supervisor = Supervisor::new();
        let _running = spawn_by(&supervisor, spec());
        let _counter = supervisor.spawn(spec().replica(1), || async { Err::<Counter, _>(StartError::new("no")) });
        tokio::time::sleep(ms(100)).await;
        assert_eq!(supervisor.unready(), ["counter/1"]);
    });
}

#[test]
fn an_actor_whose_handler_blocks_is_seen_to_stall() {
    System::new().block_on(async {
        let (supervisor, arbiter) = (Supervisor::new(), Arbiter::new());
        let counter =
            supervisor.spawn_on(&arbiter.handle(), spec().stall(ms(100)), || async { Ok(Counter::default()) });
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert!(supervisor.unready().is_empty());
        let (release, released) = std::sync::mpsc::channel();
        let blocked = counter.ask(ample(), Block(released));
        let status = until(&counter, |actor| actor.stalled.is_some()).await;
        assert_eq!((status.state, status.ready), (State::Running, false));
        assert_eq!(supervisor.unready(), ["counter/0"]);
        drop(release);
        assert_eq!(blocked.await, Ok(()));
        until(&counter, |actor| actor.ready).await;
        assert!(supervisor.unready().is_empty());
        arbiter.stop();
        arbiter.join().unwrap();
    });
}

#[test]
fn an_actor_that_takes_no_messages_is_seen_to_stall() {
    paused(async {
        let supervisor = Supervisor::new();
        let counter = spawn_by(&supervisor, spec().stall(Duration::from_secs(5)).max_in_flight(1));
        let busy = counter.ask(ample(), CountAfter(Duration::from_secs(10)));
        settle().await;
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert!(supervisor.unready().is_empty(), "nobody waits");
        let queued = counter.ask(ample(), Count);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(supervisor.unready().is_empty(), "nobody has waited for long");
        drop((busy, queued));
        let _stuck = counter.ask(ample(), CountAfter(Duration::from_secs(60)));
        let _queued = counter.ask(ample(), Count);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(counter.status().stalled.is_some_and(|stalled| stalled > Duration::from_secs(5)));
        assert_eq!(supervisor.unready(), ["counter/0"]);
    });
}
