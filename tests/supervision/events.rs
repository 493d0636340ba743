//! What listeners are told, and the watch that tells of stalls.

use std::time::Duration;

use actix::prelude::*;
use clientele::actors::supervision::testkit::{paused, settle, until};
use clientele::actors::supervision::{Event, Events, Happening, State, Supervisor};

use crate::counter::*;

/// An event in a few words.
fn words(event: &Event) -> String {
    let what = match &event.happening {
        Happening::StateChanged { from, to } => format!("{from} -> {to}"),
        Happening::Restarted { incarnation, cause, .. } => format!("restarted {incarnation}: {cause}"),
        Happening::Failed { failure, cool_down } => format!("failed: {} {cool_down:?}", failure.reason),
        other => other.kind().to_owned(),
    };
    format!("{} {what}", event.actor)
}

fn told(events: &mut Events) -> Vec<String> {
    std::iter::from_fn(|| events.try_next()).map(|event| words(&event.unwrap())).collect()
}

#[test]
fn a_life_is_told_from_start_to_failure() {
    paused(async {
        let supervisor = Supervisor::new();
        let mut events = supervisor.events();
        let counter = spawn_by(&supervisor, spec().intensity(1, Duration::from_secs(60)));
        crash_of(counter.ask(ample(), Panic).await);
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        crash_of(counter.ask(ample(), Panic).await);
        until(&counter, |actor| actor.state == State::Failed).await;
        let expected = [
            "counter/0 starting -> running",
            "counter/0 running -> backing_off",
            "counter/0 backing_off -> starting",
            "counter/0 restarted 2: in the handler",
            "counter/0 starting -> running",
            "counter/0 failed: in the handler None",
            "counter/0 running -> failed",
        ];
        assert_eq!(told(&mut events), expected);
        let first = supervisor.events_after(0).try_next().expect("seven events").unwrap().sequence;
        assert_eq!(told(&mut supervisor.events_after(first + 4)), expected[5..]);
        // Such numbers were given by the process before, which this one knows nothing of.
        for foreign in [0, 4, first + 100] {
            assert_eq!(told(&mut supervisor.events_after(foreign)), expected, "{foreign}");
        }
    });
}

#[test]
fn a_restart_tells_how_many_messages_went_down_beside_the_one_that_caused_it() {
    paused(async {
        let supervisor = Supervisor::new();
        let mut events = supervisor.events();
        let counter = spawn_by(&supervisor, spec());
        let overdue = [(), ()].map(|()| counter.ask(ample(), CountAfter(Duration::from_secs(9))));
        let in_time = counter.ask(ample(), CountAfter(Duration::from_millis(10)));
        crash_of(counter.ask(ample(), Panic).await);
        assert!(in_time.await.is_ok());
        for lost in overdue {
            crash_of(lost.await);
        }
        let swept_away = counter.ask(ample(), CountAfter(Duration::from_millis(10)));
        counter.tell(Stop).expect("it takes messages");
        crash_of(swept_away.await);
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let told = std::iter::from_fn(|| events.try_next()).map(|event| event.expect("none was missed"));
        let lost = told.filter_map(|event| match event.happening {
            Happening::Restarted { lost, .. } => Some(lost),
            _ => None,
        });
        assert_eq!(lost.collect::<Vec<_>>(), [2, 1]);
    });
}

#[test]
fn a_restart_by_name_reaches_all_replicas_or_one() {
    paused(async {
        let supervisor = Supervisor::new();
        let counters = [0, 1].map(|replica| spawn_by(&supervisor, spec().replica(replica)));
        settle().await;
        let mut events = supervisor.events();
        assert_eq!((supervisor.restart("counter"), supervisor.restart("counter/"), supervisor.restart("")), (2, 0, 0));
        for counter in &counters {
            until(counter, |actor| actor.incarnation == 2 && actor.state == State::Running).await;
        }
        assert!(told(&mut events).contains(&"counter/1 restarted 2: restarted by an operator".to_owned()));
        assert_eq!(supervisor.restart("counter/1"), 1);
        until(&counters[1], |actor| actor.incarnation == 3).await;
        assert_eq!(counters[0].status().incarnation, 2);
    });
}

#[test]
fn a_restart_by_name_wakes_a_failed_actor() {
    paused(async {
        let supervisor = Supervisor::new();
        let counter = spawn_by(&supervisor, spec().intensity(0, ms(1_000)));
        crash_of(counter.ask(ample(), Panic).await);
        until(&counter, |actor| actor.state == State::Failed).await;
        assert_eq!(supervisor.restart("counter"), 1);
        until(&counter, |actor| actor.state == State::Running).await;
        supervisor.shutdown(ample()).await;
        assert_eq!(supervisor.restart("counter"), 0, "nobody is left");
    });
}

#[test]
fn a_stall_is_told_once_and_so_is_its_end() {
    paused(async {
        let supervisor = Supervisor::new();
        let counter = spawn_by(&supervisor, spec().stall(ms(100)).max_in_flight(1));
        let alone = counter.ask(ample(), CountAfter(ms(1_000)));
        let waiting = counter.ask(ample(), Count);
        settle().await;
        let mut events = supervisor.events();
        supervisor.look();
        assert!(told(&mut events).is_empty());
        tokio::time::sleep(ms(200)).await;
        supervisor.look();
        supervisor.look();
        assert_eq!(told(&mut events), ["counter/0 stalled"]);
        assert_eq!((alone.await, waiting.await), (Ok(1), Ok(2)));
        supervisor.look();
        supervisor.look();
        assert_eq!(told(&mut events), ["counter/0 recovered"]);
    });
}

#[test]
fn the_watch_sees_an_actor_that_keeps_its_thread() {
    System::new().block_on(async {
        let (supervisor, arbiter) = (Supervisor::new(), Arbiter::new());
        let counter = supervisor.spawn_on(&arbiter.handle(), spec().stall(ms(50)), || async { Ok(Counter::default()) });
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let mut events = supervisor.events();
        supervisor.watch(ms(10));
        let (release, released) = std::sync::mpsc::channel();
        let blocked = counter.ask(ample(), Block(released));
        assert_eq!(words(&next(&mut events).await), "counter/0 stalled");
        assert_eq!(supervisor.unready(), ["counter/0"]);
        drop(release);
        assert_eq!(blocked.await, Ok(()));
        assert_eq!(words(&next(&mut events).await), "counter/0 recovered");
        arbiter.stop();
        arbiter.join().unwrap();
    });
}

async fn next(events: &mut Events) -> Event {
    let event = tokio::time::timeout(Duration::from_secs(30), events.next()).await;
    Event::clone(&event.expect("something happens").expect("nothing is missed"))
}
