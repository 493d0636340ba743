//! An orderly end: what was accepted is answered, or counted as dropped.

use std::sync::Arc;

use actix::prelude::*;
use clientele::actors::supervision::testkit::{paused, settle, until};
use clientele::actors::supervision::{
    ActorSpec, AskError, Deadline, Drained, Fault, Restart, StartError, State, Supervisor,
};
use futures_util::future::{join, join_all};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use crate::counter::*;

const ALL_ANSWERED: Drained = Drained { dropped: 0, timed_out: false };

#[test]
fn a_drain_answers_what_was_accepted_and_refuses_what_comes_later() {
    paused(async {
        let supervisor = Supervisor::new();
        let counter = spawn_by(&supervisor, spec().max_in_flight(1));
        let asks: Vec<_> = (0..5).map(|_| counter.ask(ample(), CountAfter(ms(100)))).collect();
        let late = async {
            sleep(ms(250)).await;
            counter.ask(ample(), Count).await
        };
        let (drained, (answers, late)) = join(counter.drain(ample()), join(join_all(asks), late)).await;
        assert_eq!(drained, ALL_ANSWERED);
        assert_eq!(answers, (1..=5).map(Ok).collect::<Vec<_>>());
        assert!(matches!(late, Err(AskError::Unavailable { state: State::Draining, .. })), "{late:?}");
        assert_eq!(counter.ask(ample(), Count).await, Err(AskError::Stopped));
        assert!(supervisor.unready().is_empty(), "it ended as it was meant to");
    });
}

#[test]
fn a_drain_that_takes_too_long_says_how_many_were_dropped() {
    paused(async {
        let counter = spawn(spec().max_in_flight(1));
        let asks: Vec<_> = (0..5).map(|_| counter.ask(ample(), CountAfter(ms(100)))).collect();
        let (drained, answers) = join(counter.drain(Deadline::within(ms(250))), join_all(asks)).await;
        assert_eq!(drained, Drained { dropped: 3, timed_out: true });
        let stopped = Err(AskError::Stopped);
        assert_eq!(answers, [Ok(1), Ok(2), stopped.clone(), stopped.clone(), stopped]);
    });
}

#[test]
fn a_drain_survives_panics_among_what_is_to_be_answered() {
    paused(async {
        let counter = spawn(spec().intensity(1, ms(60_000)));
        let mut asks = Vec::new();
        for _ in 0..5 {
            asks.push(futures_util::future::Either::Left(counter.ask(ample(), Panic)));
            asks.push(futures_util::future::Either::Right(counter.ask(ample(), Count)));
        }
        let (drained, answers) = join(counter.drain(ample()), join_all(asks)).await;
        assert_eq!(drained, ALL_ANSWERED);
        assert_eq!(answers.iter().filter(|answer| **answer == Ok(1)).count(), 5, "{answers:?}");
        assert_eq!(answers.into_iter().filter(Result::is_err).map(crash_of).count(), 5);
    });
}

#[test]
fn a_drain_does_not_wait_out_a_pause() {
    paused(async {
        let counter = spawn(spec().intensity(0, ms(1)));
        crash_of(counter.ask(ample(), Panic).await);
        until(&counter, |actor| actor.state == State::Failed).await;
        let start = Instant::now();
        assert_eq!(counter.drain(ample()).await, ALL_ANSWERED);
        assert!(start.elapsed().is_zero());
    });
}

#[test]
fn a_drain_ends_in_time_although_the_actor_cannot_be_made() {
    paused(async {
        let counter = Supervisor::new().spawn(spec(), || async { Err::<Counter, _>(StartError::new("no database")) });
        let ask = counter.ask(ample(), Count);
        sleep(ms(15)).await;
        let (drained, answer) = join(counter.drain(Deadline::within(ms(500))), ask).await;
        assert_eq!(drained, Drained { dropped: 1, timed_out: true });
        assert_eq!(answer, Err(AskError::Stopped));
    });
}

#[test]
fn a_drain_ends_a_suspension() {
    paused(async {
        let counter = spawn(spec());
        counter.suspend();
        settle().await;
        let ask = counter.ask(ample(), Count);
        let (drained, answer) = join(counter.drain(ample()), ask).await;
        assert_eq!((drained, answer), (ALL_ANSWERED, Ok(1)));
    });
}

#[test]
fn what_goes_down_with_an_actor_that_ends_while_it_drains_is_counted() {
    paused(async {
        // The actor finishes by its policy, or is replaced after a grace that is too short.
        for (restart, answered) in [(Restart::Temporary, 0), (Restart::Permanent, 1)] {
            let counter = spawn(spec().restart(restart).max_in_flight(3));
            let in_flight: Vec<_> = (0..3).map(|_| counter.ask(ample(), CountAfter(ms(5_000)))).collect();
            let queued = counter.ask(ample(), Count);
            settle().await;
            let drain = counter.drain(ample());
            counter.inject(Fault::Panic);
            let (drained, (in_flight, queued)) = join(drain, join(join_all(in_flight), queued)).await;
            assert_eq!(drained, Drained { dropped: 4 - answered, timed_out: false });
            assert_eq!(in_flight.into_iter().map(crash_of).count(), 3);
            assert_eq!(usize::from(queued.is_ok()), answered);
        }
    });
}

#[test]
fn what_goes_down_with_a_thread_that_ends_during_the_drain_is_counted() {
    System::new().block_on(async {
        let (supervisor, arbiter) = (Supervisor::new(), Arbiter::new());
        let spec = spec().max_in_flight(1);
        let counter = supervisor.spawn_on(&arbiter.handle(), spec, || async { Ok(Counter::default()) });
        let asks: Vec<_> = (0..5).map(|_| counter.ask(ample(), CountAfter(ms(60_000)))).collect();
        until(&counter, |actor| actor.in_flight == 1 && actor.mailbox_depth == 4).await;
        let end = async {
            until(&counter, |actor| actor.state == State::Draining).await;
            arbiter.stop();
        };
        let (drained, ()) = join(counter.drain(ample()), end).await;
        assert_eq!(drained, Drained { dropped: 5, timed_out: false });
        assert_eq!(join_all(asks).await, vec![Err(AskError::Stopped); 5]);
        arbiter.join().unwrap();
    });
}

#[test]
fn draining_twice_ends_once() {
    paused(async {
        let counter = spawn(spec());
        let ask = counter.ask(ample(), CountAfter(ms(100)));
        let ((first, second), answer) = join(join(counter.drain(ample()), counter.drain(ample())), ask).await;
        assert_eq!((first, second, answer), (ALL_ANSWERED, ALL_ANSWERED, Ok(1)));
        assert_eq!(counter.drain(ample()).await, ALL_ANSWERED);
    });
}

#[test]
fn actors_end_in_the_reverse_order_of_their_start() {
    struct Noted(&'static str, Arc<Mutex<Vec<&'static str>>>);
    impl Actor for Noted {
        type Context = Context<Self>;
        fn stopped(&mut self, _: &mut Self::Context) {
            self.1.lock().push(self.0);
        }
    }
    paused(async {
        let (supervisor, ended) = (Supervisor::new(), Arc::new(Mutex::new(Vec::new())));
        for name in ["first", "second", "third"] {
            let ended = ended.clone();
            supervisor.spawn(ActorSpec::new(name), move || {
                let noted = Noted(name, ended.clone());
                async { Ok(noted) }
            });
        }
        let names: Vec<_> = supervisor.statuses().into_iter().map(|actor| actor.name).collect();
        assert_eq!(names, ["first", "second", "third"]);
        settle().await;
        let drained = supervisor.shutdown(ample()).await;
        let expected = ["third/0", "second/0", "first/0"].map(|name| (name.to_owned(), ALL_ANSWERED));
        assert_eq!(drained, expected);
        assert_eq!(*ended.lock(), ["third", "second", "first"]);
    });
}

#[test]
fn a_shutdown_does_not_wait_for_a_thread_that_is_stuck() {
    System::new().block_on(async {
        let (supervisor, arbiter) = (Supervisor::new(), Arbiter::new());
        let counter = supervisor.spawn_on(&arbiter.handle(), spec(), || async { Ok(Counter::default()) });
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let (release, released) = std::sync::mpsc::channel();
        counter.tell(Block(released)).unwrap();
        until(&counter, |actor| actor.mailbox_depth == 0).await;
        counter.tell(Count).unwrap();
        let drained = supervisor.shutdown(Deadline::within(ms(20))).await;
        assert_eq!(drained, [("counter/0".to_owned(), Drained { dropped: 1, timed_out: true })]);
        drop(release);
        arbiter.stop();
        arbiter.join().unwrap();
    });
}
