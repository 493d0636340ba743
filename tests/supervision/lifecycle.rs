//! `started`, `stopping`, `stopped`, drops and the death of threads.

use actix::prelude::*;
use clientele::actors::supervision::testkit::{paused, until};
use clientele::actors::supervision::{ActorSpec, AskError, FailureKind, Fault, State, Supervisor};

use crate::counter::{Count, Counter, ample, crash_of, ms, spawn_by, spec};

/// What an actor does in its life's turns.
#[derive(Clone, Copy, Default)]
struct Habits {
    stop_in_started: bool,
    panic_in_started: bool,
    panic_in_stopping: bool,
    panic_in_stopped: bool,
    panic_in_drop: bool,
    refuse_to_stop: bool,
}

struct Moody(Habits);

impl Actor for Moody {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        assert!(!self.0.panic_in_started, "in started");
        if self.0.stop_in_started {
            context.stop();
        }
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        assert!(!self.0.panic_in_stopping, "in stopping");
        if self.0.refuse_to_stop { Running::Continue } else { Running::Stop }
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        assert!(!self.0.panic_in_stopped, "in stopped");
    }
}

impl Drop for Moody {
    fn drop(&mut self) {
        assert!(!self.0.panic_in_drop, "in drop");
    }
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Poke {
    panic: bool,
}

impl Handler<Poke> for Moody {
    type Result = u64;

    fn handle(&mut self, poke: Poke, _: &mut Context<Self>) -> u64 {
        assert!(!poke.panic, "poked");
        1
    }
}

fn spawn(habits: Habits) -> clientele::actors::supervision::Mailbox<Moody> {
    Supervisor::new().spawn(spec(), move || async move { Ok(Moody(habits)) })
}

#[test]
fn stopping_in_started_fails_the_actor_instead_of_spinning() {
    paused(async {
        let moody = spawn(Habits { stop_in_started: true, ..Habits::default() });
        let status = until(&moody, |actor| actor.state == State::Failed).await;
        assert_eq!(status.incarnation, 4);
        assert_eq!(status.last_failure.expect("it stopped").kind, FailureKind::Stop);
    });
}

#[test]
fn a_panic_in_started_is_named_and_fails_the_actor_in_the_end() {
    paused(async {
        let moody = spawn(Habits { panic_in_started: true, ..Habits::default() });
        let status = until(&moody, |actor| actor.state == State::Failed).await;
        assert_eq!((status.incarnation, status.panics), (4, 4));
        let failure = status.last_failure.expect("it panicked");
        assert_eq!((failure.during, &*failure.reason), (Some("started"), "in started"));
    });
}

#[test]
fn no_habit_at_the_end_of_a_life_stands_in_the_way_of_the_next() {
    let quiet = Habits::default();
    for (name, habits) in [
        ("panics in stopping", Habits { panic_in_stopping: true, ..quiet }),
        ("panics in stopped", Habits { panic_in_stopped: true, ..quiet }),
        ("panics in its drop", Habits { panic_in_drop: true, ..quiet }),
        ("panics in stopping and in its drop", Habits { panic_in_stopping: true, panic_in_drop: true, ..quiet }),
        ("refuses to stop", Habits { refuse_to_stop: true, ..quiet }),
    ] {
        paused(async move {
            let moody = spawn(habits);
            assert_eq!(crash_of(moody.ask(ample(), Poke { panic: true }).await), "poked", "{name}");
            assert_eq!(moody.ask(ample(), Poke { panic: false }).await, Ok(1), "{name}");
            let reason = moody.status().last_failure.expect("it panicked").reason;
            assert_eq!(&*reason, "poked", "{name}: the first panic is the one that is shown");
            assert!(!moody.drain(ample()).await.timed_out, "{name}");
        });
    }
}

#[test]
fn a_panic_while_an_actor_stops_itself_is_survived() {
    paused(async {
        let moody = spawn(Habits { panic_in_stopping: true, ..Habits::default() });
        assert_eq!(moody.ask(ample(), Poke { panic: false }).await, Ok(1));
        moody.inject(Fault::Stop);
        until(&moody, |actor| actor.incarnation == 2).await;
        assert_eq!(moody.ask(ample(), Poke { panic: false }).await, Ok(1));
    });
}

#[test]
fn an_actor_whose_thread_ends_is_stopped_and_everyone_is_told() {
    System::new().block_on(async {
        let (supervisor, arbiter) = (Supervisor::new(), Arbiter::new());
        let counter = supervisor.spawn_on(&arbiter.handle(), spec(), || async { Ok(Counter::default()) });
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        counter.suspend();
        until(&counter, |actor| actor.state == State::Suspended).await;
        let queued = counter.ask(ample(), Count);
        arbiter.stop();
        arbiter.join().unwrap();
        assert_eq!(queued.await, Err(AskError::Stopped));
        assert_eq!(counter.ask(ample(), Count).await, Err(AskError::Stopped));
        assert_eq!(supervisor.statuses()[0].state, State::Stopped);
        assert_eq!(supervisor.unready(), ["counter/0"], "nobody had asked it to end");
        assert_eq!(counter.drain(ample()).await.dropped, 0);
    });
}

#[test]
fn an_actor_on_an_arbiter_that_is_gone_is_stopped_from_the_start() {
    System::new().block_on(async {
        let arbiter = Arbiter::new();
        let gone = arbiter.handle();
        arbiter.stop();
        arbiter.join().unwrap();
        let supervisor = Supervisor::new();
        let counter = supervisor.spawn_on(&gone, spec(), || async { Ok(Counter::default()) });
        assert_eq!(counter.ask(ample(), Count).await, Err(AskError::Stopped));
        assert_eq!(counter.status().state, State::Stopped);
    });
}

#[test]
fn a_stopped_actor_gives_its_place_to_its_namesake() {
    paused(async {
        let supervisor = Supervisor::new();
        let old = supervisor.spawn(spec(), || async { Ok(Counter::default()) });
        let _other = supervisor.spawn(spec().replica(1), || async { Ok(Counter::default()) });
        old.drain(ample()).await;
        let _new = supervisor.spawn(spec(), || async { Ok(Counter::default()) });
        let names: Vec<_> = supervisor.statuses().iter().map(|actor| actor.full_name()).collect();
        assert_eq!(names, ["counter/1", "counter/0"]);
    });
}

#[test]
fn an_actor_may_use_its_own_address_and_its_own_futures() {
    #[derive(Message)]
    #[rtype(result = "()")]
    struct Tick;
    struct Clock(u64);
    impl Actor for Clock {
        type Context = Context<Self>;
        fn started(&mut self, context: &mut Self::Context) {
            context.run_interval(ms(100), |_, context| context.address().do_send(Tick));
        }
    }
    impl Handler<Tick> for Clock {
        type Result = ();
        fn handle(&mut self, _: Tick, _: &mut Context<Self>) {
            self.0 += 1;
        }
    }
    paused(async {
        let clock = Supervisor::new().spawn(ActorSpec::new("clock"), || async { Ok(Clock(0)) });
        tokio::time::sleep(ms(1_050)).await;
        assert_eq!(clock.inspect(|clock, _| clock.0).await, Some(10));
    });
}

#[test]
fn of_those_that_have_ended_the_newest_are_still_shown() {
    paused(async {
        let supervisor = Supervisor::new();
        let lasting = spawn_by(&supervisor, spec());
        for number in 0..200 {
            let passing = spawn_by(&supervisor, ActorSpec::new(format!("passing-{number}")));
            passing.drain(ample()).await;
        }
        let statuses = supervisor.statuses();
        assert!(statuses.len() <= 66, "{}", statuses.len());
        assert_eq!(statuses[0].full_name(), lasting.status().full_name());
        assert_eq!(statuses.last().unwrap().name, "passing-199");
        assert!(supervisor.unready().is_empty());
    });
}
