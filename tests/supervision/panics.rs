//! A panic fails its own message alone, wherever it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use actix::prelude::*;
use clientele::actors::supervision::testkit::{paused, settle};
use clientele::actors::supervision::{AskError, FailureKind, StartError, State, Supervisor};
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::counter::*;

#[test]
fn queued_messages_survive_a_panic_and_meet_a_fresh_actor() {
    paused(async {
        let counter = spawn(spec());
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let poisoned = counter.ask(ample(), Panic);
        let queued: Vec<_> = (0..5).map(|_| counter.ask(ample(), Count)).collect();
        assert_eq!(crash_of(poisoned.await), "in the handler");
        let answers = join_all(queued).await;
        assert_eq!(answers, (1..=5).map(Ok).collect::<Vec<_>>());
        let status = counter.status();
        assert_eq!((status.restarts, status.panics, status.incarnation), (1, 1, 2));
    });
}

#[test]
fn a_panic_is_shown_with_its_reason_its_place_and_its_message() {
    paused(async {
        let counter = spawn(spec());
        crash_of(counter.ask(ample(), Panic).await);
        settle().await;
        let failure = counter.status().last_failure.expect("there was a failure");
        assert_eq!((failure.kind, &*failure.reason), (FailureKind::Panic, "in the handler"));
        assert_eq!(failure.during, Some("Panic"));
        assert!(failure.location.as_deref().is_some_and(|at| at.contains("counter.rs:")), "{failure:?}");
    });
}

#[test]
fn a_handlers_panic_leaves_its_neighbours_time_to_finish() {
    paused(async {
        let counter = spawn(spec());
        let neighbour = counter.ask(ample(), CountAfter(ms(300)));
        let poisoned = counter.ask(ample(), Panic);
        let queued = counter.ask(ample(), Count);
        assert_eq!(crash_of(poisoned.await), "in the handler");
        assert_eq!(neighbour.await, Ok(1));
        assert_eq!(queued.await, Ok(1), "the queued message meets a fresh actor");
    });
}

#[test]
fn an_isolated_panic_leaves_its_neighbours_time_to_finish() {
    paused(async {
        let counter = spawn(spec());
        let before = counter.ask(ample(), CountAfter(ms(300)));
        let poisoned = counter.ask(ample(), PanicAfter(ms(100)));
        let apart = counter.ask(ample(), PanicApart(ms(200)));
        let after = counter.ask(ample(), CountAfter(ms(400)));
        assert_eq!(crash_of(poisoned.await), "in a future");
        assert_eq!(crash_of(apart.await), "in a future");
        assert_eq!((before.await, after.await), (Ok(1), Ok(2)));
        settle().await;
        let failure = counter.status().last_failure.expect("there was a failure");
        assert_eq!(failure.during, Some("PanicAfter"));
    });
}

#[test]
fn a_plain_actor_futures_panic_leaves_its_neighbours_time_to_finish() {
    paused(async {
        let counter = spawn(spec());
        let before = counter.ask(ample(), CountAfter(ms(300)));
        let poisoned = counter.ask(ample(), PanicPlainly(ms(100)));
        let also_poisoned = counter.ask(ample(), PanicPlainly(ms(100)));
        let after = counter.ask(ample(), CountAfter(ms(400)));
        assert_eq!(crash_of(poisoned.await), "in a future");
        assert_eq!(crash_of(also_poisoned.await), "in a future");
        assert_eq!((before.await, after.await), (Ok(1), Ok(2)));
        settle().await;
        let status = counter.status();
        assert_eq!(status.last_failure.expect("there was a failure").during, Some("PanicPlainly"));
        assert_eq!((status.panics, status.restarts), (2, 0));
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
    });
}

#[test]
fn a_neighbour_that_outlasts_the_grace_goes_down_with_the_incarnation() {
    paused(async {
        let counter = spawn(spec().grace(ms(500)));
        let slow = counter.ask(ample(), CountAfter(ms(5_000)));
        let start = Instant::now();
        crash_of(counter.ask(ample(), Panic).await);
        assert_eq!(crash_of(slow.await), "in the handler");
        assert_eq!(start.elapsed(), ms(500));
    });
}

#[test]
fn without_grace_neighbours_go_down_at_once() {
    paused(async {
        let counter = spawn(spec().grace(ms(0)));
        let slow = counter.ask(ample(), CountAfter(ms(100)));
        let start = Instant::now();
        crash_of(counter.ask(ample(), Panic).await);
        assert_eq!(crash_of(slow.await), "in the handler");
        assert!(start.elapsed() < ms(5), "{:?}", start.elapsed());
    });
}

#[test]
fn a_detached_futures_panic_is_told_and_costs_no_restart() {
    paused(async {
        let counter = spawn(spec());
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert_eq!(crash_of(counter.ask(ample(), PanicDetached).await), "the handler dropped its reply");
        assert_eq!(counter.ask(ample(), Count).await, Ok(2));
    });
}

#[test]
fn a_panic_in_the_factory_is_a_failure_like_others() {
    paused(async {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let counter = Supervisor::new().spawn(spec(), move || {
            let call = counted.fetch_add(1, SeqCst);
            assert!(call != 0, "before the future");
            async move {
                assert!(call != 1, "in the future");
                Ok::<_, StartError>(Counter::default())
            }
        });
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let status = counter.status();
        assert_eq!((calls.load(SeqCst), status.panics, status.restarts), (3, 2, 2));
        let failure = status.last_failure.expect("there was a failure");
        assert_eq!((failure.during, &*failure.reason), (Some("factory"), "in the future"));
    });
}

#[test]
fn a_panic_in_the_drop_of_an_answer_nobody_wants_costs_nothing_else() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("in an answer's drop")
        }
    }
    #[derive(actix::Message)]
    #[rtype(result = "Option<Grenade>")]
    struct Arm;
    impl actix::Handler<Arm> for Counter {
        type Result = Option<Grenade>;
        fn handle(&mut self, _: Arm, _: &mut actix::Context<Self>) -> Option<Grenade> {
            Some(Grenade)
        }
    }
    paused(async {
        let counter = spawn(spec());
        counter.tell(Arm).unwrap();
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert_eq!(counter.status().state, State::Running);
    });
}

#[test]
fn too_many_panics_fail_the_actor_but_every_asker_is_told() {
    paused(async {
        let counter = spawn(spec());
        let answers = join_all((0..10).map(|_| counter.ask(ample(), Panic))).await;
        let crashed = answers.iter().filter(|answer| matches!(answer, Err(AskError::Crashed { .. }))).count();
        let refused = answers.iter().filter(|answer| matches!(answer, Err(AskError::Unavailable { .. }))).count();
        assert_eq!((crashed, refused), (4, 6), "{answers:?}");
    });
}

/// A payload whose drop panics with another such payload, so many times.
struct Grenade(u32);

impl Drop for Grenade {
    fn drop(&mut self) {
        if let Some(others) = self.0.checked_sub(1) {
            std::panic::panic_any(Grenade(others));
        }
    }
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Throw(u32);

impl Handler<Throw> for Counter {
    type Result = u64;

    fn handle(&mut self, Throw(grenades): Throw, _: &mut Self::Context) -> u64 {
        std::panic::panic_any(Grenade(grenades))
    }
}

#[test]
fn a_panic_whose_payload_panics_again_and_again_costs_its_message_alone() {
    paused(async {
        for grenades in 0..4 {
            let counter = spawn(spec());
            assert_eq!(crash_of(counter.ask(ample(), Throw(grenades)).await), "a panic without a message");
            assert_eq!(counter.ask(ample(), Count).await, Ok(1), "{grenades}");
            assert_eq!(counter.status().panics, 1);
        }
    });
}
