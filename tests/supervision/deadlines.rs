//! Nobody waits beyond the deadline, and nothing is done for nobody.

use std::time::Duration;

use actix::prelude::*;
use clientele::actors::supervision::testkit::{paused, settle};
use clientele::actors::supervision::{AskError, Deadline, Supervisor};
use tokio::time::Instant;

use crate::counter::*;

#[test]
fn a_deadline_is_a_point_in_time() {
    paused(async {
        let deadline = Deadline::within(ms(100));
        assert_eq!(deadline, Deadline::at(Instant::now() + ms(100)));
        assert!(deadline > Deadline::within(ms(99)) && !deadline.is_past());
        tokio::time::advance(ms(60)).await;
        assert_eq!(deadline.remaining(), ms(40));
        tokio::time::advance(ms(60)).await;
        assert!(deadline.is_past() && deadline.remaining().is_zero());
        assert!(!Deadline::within(Duration::MAX).is_past());
    });
}

#[test]
fn an_expired_message_is_skipped() {
    paused(async {
        let counter = spawn(spec().max_in_flight(1));
        let slow = counter.ask(ample(), CountAfter(ms(500)));
        let start = Instant::now();
        let late = counter.ask(Deadline::within(ms(100)), Count).await;
        assert_eq!((late, start.elapsed().as_millis()), (Err(AskError::DeadlineExceeded), 100));
        assert_eq!(slow.await, Ok(1));
        assert_eq!(counter.ask(ample(), Count).await, Ok(2), "the expired message did not count");
        assert_eq!(counter.status().messages[0].expired, 1);
    });
}

#[test]
fn a_message_whose_asker_is_gone_is_skipped() {
    paused(async {
        let counter = spawn(spec().max_in_flight(1));
        let slow = counter.ask(ample(), CountAfter(ms(500)));
        drop(counter.ask(ample(), Count));
        assert_eq!(slow.await, Ok(1));
        assert_eq!(counter.ask(ample(), Count).await, Ok(2), "the abandoned message did not count");
        assert_eq!(counter.status().messages[0].abandoned, 1);
    });
}

#[test]
fn an_asker_does_not_wait_for_a_slow_handler_beyond_the_deadline() {
    paused(async {
        let counter = spawn(spec());
        let start = Instant::now();
        let answer = counter.ask(Deadline::within(ms(100)), CountAfter(ms(500))).await;
        assert_eq!((answer, start.elapsed().as_millis()), (Err(AskError::DeadlineExceeded), 100));
        tokio::time::sleep(ms(500)).await;
        assert_eq!(counter.ask(ample(), Count).await, Ok(2), "what was begun is done to its end");
    });
}

#[test]
fn a_deadline_that_is_past_is_not_even_tried() {
    paused(async {
        let counter = spawn(spec());
        assert_eq!(counter.ask(Deadline::within(Duration::ZERO), Count).await, Err(AskError::DeadlineExceeded));
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
    });
}

#[test]
fn an_ask_ends_at_its_deadline_while_the_actor_starts() {
    paused(async {
        let counter = Supervisor::new().spawn(spec(), || async {
            tokio::time::sleep(ms(200)).await;
            Ok(Counter::default())
        });
        let start = Instant::now();
        let hasty = counter.ask(Deadline::within(ms(100)), Count);
        let patient = counter.ask(ample(), Count);
        assert_eq!(hasty.await, Err(AskError::DeadlineExceeded));
        assert_eq!(start.elapsed(), ms(100));
        assert_eq!(patient.await, Ok(1));
    });
}

#[test]
fn a_deadline_holds_against_another_thread_that_is_stuck() {
    System::new().block_on(async {
        let arbiter = Arbiter::new();
        let counter = Supervisor::new().spawn_on(&arbiter.handle(), spec(), || async { Ok(Counter::default()) });
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let (release, released) = std::sync::mpsc::channel();
        counter.tell(Block(released)).unwrap();
        let answer = counter.ask(Deadline::within(ms(20)), Count).await;
        assert_eq!(answer, Err(AskError::DeadlineExceeded));
        drop(release);
        assert_eq!(counter.ask(ample(), Count).await, Ok(2));
        arbiter.stop();
        arbiter.join().unwrap();
    });
}

#[test]
fn an_answer_that_is_there_at_once_takes_no_time() {
    paused(async {
        let counter = spawn(spec());
        settle().await;
        let start = Instant::now();
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}
