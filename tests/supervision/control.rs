//! The lane that a flood does not block.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use actix::{Arbiter, System};
use clientele::actors::supervision::testkit::{paused, settle, until};
use clientele::actors::supervision::{Mailbox, State, Supervisor};
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::counter::*;

#[test]
fn an_inspection_sees_and_changes_the_actor() {
    paused(async {
        let counter = spawn(spec());
        let before = counter.inspect(|counter, _| std::mem::replace(&mut counter.count, 41)).await;
        assert_eq!(before, Some(0));
        assert_eq!(counter.ask(ample(), Count).await, Ok(42));
    });
}

#[test]
fn an_inspection_waits_for_an_actor_that_is_starting() {
    paused(async {
        let counter = Supervisor::new().spawn(spec(), || async {
            tokio::time::sleep(ms(200)).await;
            Ok(Counter { count: 7 })
        });
        assert_eq!(counter.inspect(|counter, _| counter.count).await, Some(7));
    });
}

#[test]
fn an_inspection_overtakes_a_full_mailbox() {
    paused(async {
        let counter = spawn(spec().max_in_flight(1).mailbox(1_000));
        let asks: Vec<_> = (0..1_000).map(|_| counter.ask(ample(), CountAfter(ms(10)))).collect();
        settle().await;
        let start = Instant::now();
        assert_eq!(counter.inspect(|counter, _| counter.count).await, Some(0));
        assert!(start.elapsed().is_zero());
        drop(asks);
    });
}

#[test]
fn a_flood_from_other_threads_delays_no_command() {
    System::new().block_on(async {
        let arbiter = Arbiter::new();
        let counter =
            Supervisor::new().spawn_on(&arbiter.handle(), spec().mailbox(10_000), || async { Ok(Counter::default()) });
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let enough = Arc::new(AtomicBool::new(false));
        let flooding: Vec<_> = (0..4)
            .map(|_| {
                let (counter, enough) = (counter.clone(), enough.clone());
                std::thread::spawn(move || {
                    while !enough.load(Relaxed) {
                        let _ = counter.tell(Count);
                    }
                })
            })
            .collect();
        until(&counter, |actor| actor.messages.iter().any(|message| message.shed > 0)).await;
        for round in 1..=5 {
            let overtaken = messages_overtaken(&arbiter, &counter).await;
            assert!(overtaken <= 64, "a command waited for {overtaken} messages, which is more than one go");
            counter.restart();
            until(&counter, |actor| actor.incarnation == round + 1).await;
        }
        enough.store(true, Relaxed);
        flooding.into_iter().for_each(|flood| flood.join().unwrap());
        counter.drain(ample()).await;
        arbiter.stop();
        arbiter.join().unwrap();
    });
}

/// How many messages the actor handles before a command that is given on its own thread.
async fn messages_overtaken(arbiter: &Arbiter, counter: &Mailbox<Counter>) -> u64 {
    fn handled(counter: &Mailbox<Counter>) -> u64 {
        counter.status().messages.iter().map(|message| message.ok).sum()
    }
    let (tell, told) = tokio::sync::oneshot::channel();
    let (here, there) = (counter.clone(), counter.clone());
    arbiter.spawn(async move {
        let before = handled(&here);
        let after = here.inspect(move |_, _| handled(&there)).await;
        let _ = tell.send(after.expect("the actor runs") - before);
    });
    told.await.expect("the thread lives")
}

#[test]
fn there_is_nothing_to_inspect_in_a_failed_actor() {
    paused(async {
        let counter = spawn(spec().intensity(0, ms(1_000)));
        crash_of(counter.ask(ample(), Panic).await);
        until(&counter, |actor| actor.state == State::Failed).await;
        assert_eq!(counter.inspect(|counter, _| counter.count).await, None);
    });
}

#[test]
fn a_panic_in_an_inspection_is_the_actors() {
    paused(async {
        let counter = spawn(spec());
        let seen: Option<()> = counter.inspect(|_, _| panic!("while inspecting")).await;
        assert_eq!(seen, None);
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert_eq!(&*counter.status().last_failure.expect("it panicked").reason, "while inspecting");
    });
}

#[test]
fn an_injected_panic_costs_no_message() {
    paused(async {
        let counter = spawn(spec());
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let in_flight = counter.ask(ample(), CountAfter(ms(100)));
        settle().await;
        counter.inject_panic("chaos");
        let queued = counter.ask(ample(), Count);
        assert_eq!((in_flight.await, queued.await), (Ok(2), Ok(1)));
        assert_eq!(&*counter.status().last_failure.expect("it panicked").reason, "injected: chaos");
    });
}

#[test]
fn an_injected_stop_is_followed_by_a_fresh_actor() {
    paused(async {
        let counter = spawn(spec());
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        counter.inject_stop();
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
    });
}

#[test]
fn a_restart_by_hand_lets_neighbours_finish_and_has_no_delay() {
    paused(async {
        let counter = spawn(spec());
        let in_flight = counter.ask(ample(), CountAfter(ms(100)));
        settle().await;
        let start = Instant::now();
        counter.restart();
        let queued = counter.ask(ample(), Count);
        assert_eq!((in_flight.await, queued.await), (Ok(1), Ok(1)));
        assert!(start.elapsed() <= ms(100), "{:?}", start.elapsed());
        let status = counter.status();
        assert_eq!((status.restarts, status.panics), (1, 0));
        assert!(status.last_failure.is_none());
    });
}

#[test]
fn a_suspended_actor_lets_messages_wait() {
    paused(async {
        let counter = spawn(spec());
        counter.suspend();
        settle().await;
        let asks: Vec<_> = (0..3).map(|_| counter.ask(ample(), Count)).collect();
        tokio::time::sleep(ms(100)).await;
        let status = counter.status();
        assert_eq!((status.state, status.mailbox_depth, status.ready), (State::Suspended, 3, false));
        assert!(status.oldest.is_some_and(|oldest| oldest >= ms(100)), "{:?}", status.oldest);
        assert_eq!(counter.inspect(|counter, _| counter.count).await, Some(0), "control goes on");
        counter.resume();
        assert_eq!(join_all(asks).await, [Ok(1), Ok(2), Ok(3)]);
        assert_eq!(counter.status().state, State::Running);
    });
}

#[test]
fn a_suspension_outlasts_a_restart() {
    paused(async {
        let counter = spawn(spec());
        counter.suspend();
        counter.inject_panic("while suspended");
        let ask = counter.ask(ample(), Count);
        until(&counter, |actor| actor.incarnation == 2 && actor.state == State::Suspended).await;
        assert_eq!(counter.status().mailbox_depth, 1);
        counter.resume();
        assert_eq!(ask.await, Ok(1));
    });
}
