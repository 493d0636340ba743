//! Faults injected from outside: each strikes where it says, as often as it says, and costs what it says.

use clientele::actors::supervision::testkit::{paused, settle, until};
use clientele::actors::supervision::{AskError, FailureKind, Fault, State};
use tokio::time::Instant;

use crate::counter::*;

#[test]
fn a_panic_in_a_handler_costs_that_message_alone() {
    paused(async {
        let counter = spawn(spec());
        let in_flight = actix::spawn(counter.ask(ample(), CountAfter(ms(100))));
        settle().await;
        let injected = counter.inject(Fault::PanicInHandler);
        assert!(!injected.has_struck());
        let (hit, spared) = (counter.ask(ample(), Count), counter.ask(ample(), Count));
        assert_eq!(crash_of(hit.await), "injected: panic in a handler");
        assert_eq!((in_flight.await.unwrap(), spared.await), (Ok(1), Ok(1)));
        assert!(injected.struck().await);
        assert_eq!(injected.strikes(), 1);
        let status = counter.status();
        assert_eq!((status.panics, status.restarts), (1, 1));
        assert_eq!(status.last_failure.expect("it panicked").during, Some("Count"));
    });
}

#[test]
fn a_panic_in_a_future_waits_for_a_message_that_is_waited_for() {
    paused(async {
        let counter = spawn(spec());
        let injected = counter.inject(Fault::PanicInFuture);
        assert_eq!(counter.ask(ample(), Count).await, Ok(1), "an answer at hand lets it pass");
        assert_eq!(counter.ask(ample(), CountAfter(ms(0))).await, Ok(2), "so does one poll");
        assert!(!injected.has_struck());
        let (hit, spared) = (counter.ask(ample(), CountAfter(ms(100))), counter.ask(ample(), CountAfter(ms(50))));
        let (hit, spared) = futures_util::join!(hit, spared);
        assert_eq!((crash_of(hit), spared), ("injected: panic in a future".to_owned(), Ok(3)));
        assert!(injected.has_struck());
        assert_eq!(counter.ask(ample(), CountAfter(ms(100))).await, Ok(1), "once is enough");
        assert_eq!(counter.status().panics, 1);
    });
}

#[test]
fn a_panic_offered_to_a_handler_that_panics_by_itself_is_kept() {
    paused(async {
        let counter = spawn(spec());
        let injected = counter.inject(Fault::PanicInFuture);
        assert_eq!(crash_of(counter.ask(ample(), Panic).await), "in the handler");
        assert!(!injected.has_struck());
        let hit = counter.ask(ample(), CountAfter(ms(10))).await;
        assert_eq!(crash_of(hit), "injected: panic in a future");
    });
}

#[test]
fn faults_of_a_start_strike_the_next_one_and_no_message() {
    for (fault, kind, during) in [
        (Fault::PanicInFactory, FailureKind::Panic, Some("factory")),
        (Fault::RefuseStart(1), FailureKind::Start, Some("factory")),
        (Fault::PanicInStarted, FailureKind::Panic, Some("started")),
        (Fault::StopInStarted, FailureKind::Stop, None),
    ] {
        paused(async move {
            let counter = spawn(spec());
            assert_eq!(counter.ask(ample(), Count).await, Ok(1));
            let injected = counter.inject(fault);
            assert_eq!(counter.ask(ample(), Count).await, Ok(2), "{fault:?} waits for a start");
            assert!(!injected.has_struck(), "{fault:?}");
            counter.restart();
            assert_eq!(counter.ask(ample(), Count).await, Ok(1), "{fault:?}");
            assert_eq!(injected.strikes(), 1, "{fault:?}");
            let failure = counter.status().last_failure.expect("it failed");
            assert_eq!((failure.kind, failure.during), (kind, during), "{fault:?}");
        });
    }
}

#[test]
fn a_refused_start_fails_the_actor_until_the_cause_is_gone() {
    paused(async {
        let counter = spawn(spec());
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let cause = counter.inject(Fault::RefuseStart(u32::MAX));
        counter.inject(Fault::Panic);
        until(&counter, |actor| actor.state == State::Failed).await;
        assert_eq!(cause.strikes(), 3);
        let refused = counter.ask(ample(), Count).await;
        assert!(matches!(refused, Err(AskError::Unavailable { state: State::Failed, .. })), "{refused:?}");
        cause.withdraw();
        counter.restart();
        until(&counter, |actor| actor.ready).await;
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert_eq!(cause.strikes(), 3);
    });
}

#[test]
fn a_stall_blocks_the_thread_and_then_the_message_is_handled() {
    paused(async {
        let counter = spawn(spec());
        let injected = counter.inject(Fault::Stall(ms(50)));
        let wall = std::time::Instant::now();
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert!(wall.elapsed() >= ms(50), "{:?}", wall.elapsed());
        assert_eq!((injected.strikes(), counter.status().panics), (1, 0));
    });
}

#[test]
fn a_panic_in_a_drop_does_not_stand_in_the_way_of_the_next_life() {
    paused(async {
        let counter = spawn(spec());
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let injected = counter.inject(Fault::PanicInDrop);
        counter.restart();
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert!(injected.has_struck());
        assert_eq!(counter.status().panics, 1);
    });
}

#[test]
fn a_fault_may_wait_for_a_number_of_messages() {
    paused(async {
        for (fault, hit) in [(Fault::PanicInHandler, true), (Fault::Panic, false), (Fault::Stop, false)] {
            let counter = spawn(spec());
            let injected = counter.inject(fault.after(3));
            let asks: Vec<_> = (0..5).map(|_| counter.ask(ample(), Count)).collect();
            let answers = futures_util::future::join_all(asks).await;
            assert_eq!(answers[..3], [Ok(1), Ok(2), Ok(3)], "{fault:?}");
            if hit {
                assert_eq!(crash_of(answers[3].clone()), "injected: panic in a handler");
                assert_eq!(answers[4], Ok(1));
            } else {
                assert_eq!(answers[3..], [Ok(1), Ok(2)], "{fault:?}");
            }
            assert_eq!(injected.strikes(), 1, "{fault:?}");
        }
    });
}

#[test]
fn faults_strike_one_by_one_and_while_the_actor_is_down_they_wait() {
    paused(async {
        let counter = spawn(spec());
        let injected = [Fault::Panic, Fault::PanicInHandler, Fault::Stop].map(|fault| counter.inject(fault));
        let start = Instant::now();
        assert_eq!(crash_of(counter.ask(ample(), Count).await), "injected: panic in a handler");
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert!(start.elapsed() >= ms(30), "two backoffs: {:?}", start.elapsed());
        assert_eq!(injected.map(|injected| injected.strikes()), [1, 1, 1]);
    });
}

#[test]
fn a_fault_that_can_no_longer_strike_says_so() {
    paused(async {
        let counter = spawn(spec());
        let withdrawn = counter.inject(Fault::PanicInHandler);
        let waiting = actix::spawn({
            let withdrawn = withdrawn.clone();
            async move { withdrawn.struck().await }
        });
        settle().await;
        withdrawn.withdraw();
        assert!(!withdrawn.struck().await, "although nothing happens to the actor");
        assert!(!waiting.await.unwrap());
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let late = counter.inject(Fault::PanicInHandler);
        counter.drain(ample()).await;
        drop(counter);
        assert!(!late.struck().await);
    });
}
