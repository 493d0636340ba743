//! The bound of the mailbox, and what those beyond it are told.

use std::time::Duration;

use clientele::actors::supervision::testkit::{paused, settle};
use clientele::actors::supervision::{AskError, Deadline, Mailbox};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::counter::*;

#[test]
fn a_mailbox_can_be_cloned_and_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Mailbox<Counter>>();
}

#[test]
fn messages_are_handled_in_the_order_of_their_sending() {
    paused(async {
        let counter = spawn(spec());
        let answers = join_all((0..1_000).map(|_| counter.ask(ample(), Count))).await;
        assert_eq!(answers, (1..=1_000).map(Ok).collect::<Vec<_>>());
    });
}

#[test]
fn the_bound_holds_however_many_clones_there_are() {
    paused(async {
        let counter = spawn(spec().mailbox(8).max_in_flight(1));
        let _busy = counter.ask(ample(), CountAfter(ms(1_000)));
        settle().await;
        let start = Instant::now();
        let asks: Vec<_> = (0..100).map(|_| counter.clone().ask(ample(), Count)).collect();
        let status = counter.status();
        assert_eq!((status.mailbox_depth, status.mailbox_bound, status.in_flight), (8, 8, 1));
        let answers = join_all(asks.into_iter().map(async |ask| (ask.await, start.elapsed()))).await;
        let taken = answers.iter().filter(|(answer, _)| answer.is_ok()).count();
        let refused = answers.iter().filter(|(answer, _)| matches!(answer, Err(AskError::Overloaded { .. })));
        assert!(refused.clone().all(|(_, after)| after.is_zero()), "refusals are there at once");
        assert_eq!((taken, refused.count()), (8, 92));
        assert_eq!(counter.status().messages.iter().map(|message| message.shed).sum::<u64>(), 92);
    });
}

#[test]
fn the_overloaded_are_told_when_the_backlog_will_be_gone() {
    paused(async {
        // Ten messages, 100 ms each, one after the other: a backlog of ten takes a second.
        let counter = spawn(spec().mailbox(10).max_in_flight(1));
        let busy: Vec<_> = (0..10).map(|_| counter.ask(ample(), CountAfter(ms(100)))).collect();
        join_all(busy).await;
        let _again: Vec<_> = (0..10).map(|_| counter.ask(ample(), CountAfter(ms(100)))).collect();
        let refusal = counter.ask(ample(), Count).await;
        let Err(AskError::Overloaded { retry_after }) = refusal else { panic!("{refusal:?}") };
        assert!(retry_after.abs_diff(ms(1_000)) < ms(20), "{retry_after:?}");
    });
}

#[test]
fn the_overloaded_are_told_the_truth_when_answers_land_in_batches() {
    paused(async {
        // 64 at once in 500 ms: a backlog of 256 takes two seconds.
        let counter = spawn(spec().mailbox(256).max_in_flight(64));
        let mut asks: Vec<_> = (0..256).map(|_| counter.ask(ample(), CountAfter(ms(500)))).collect();
        for round in 0..30 {
            sleep(ms(100)).await;
            let full = counter.status().mailbox_bound - counter.status().mailbox_depth;
            asks.extend((0..full).map(|_| counter.ask(ample(), CountAfter(ms(500)))));
            let refusal = counter.ask(ample(), Count).await;
            let Err(AskError::Overloaded { retry_after }) = refusal else { panic!("{refusal:?}") };
            assert!(round < 6 || retry_after.abs_diff(ms(2_000)) < ms(200), "in round {round}: {retry_after:?}");
        }
    });
}

#[test]
fn an_actor_without_progress_is_not_believed_to_keep_its_pace() {
    paused(async {
        let counter = spawn(spec().mailbox(1).max_in_flight(1));
        let _stuck = counter.ask(ample(), CountAfter(Duration::from_secs(3_600)));
        settle().await;
        let _queued = counter.ask(ample(), Count);
        sleep(Duration::from_secs(20)).await;
        let refusal = counter.ask(ample(), Count).await;
        let Err(AskError::Overloaded { retry_after }) = refusal else { panic!("{refusal:?}") };
        assert!(retry_after >= Duration::from_secs(20), "{retry_after:?}");
    });
}

#[test]
fn handlers_in_flight_are_bounded() {
    paused(async {
        let counter = spawn(spec().max_in_flight(4));
        let start = Instant::now();
        let asks: Vec<_> = (0..12).map(|_| counter.ask(ample(), CountAfter(ms(100)))).collect();
        settle().await;
        assert_eq!((counter.status().in_flight, counter.status().mailbox_depth), (4, 8));
        let answers = join_all(asks).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(start.elapsed().as_millis() / 100, 3, "three rounds of four");
    });
}

#[test]
fn an_exclusive_answer_holds_the_next_message_back() {
    paused(async {
        let counter = spawn(spec());
        let start = Instant::now();
        let alone = counter.ask(ample(), CountAlone(ms(200)));
        let next = counter.ask(ample(), Count);
        assert_eq!((alone.await, next.await), (Ok(1), Ok(2)));
        assert!(start.elapsed() >= ms(200));
    });
}

#[test]
fn what_is_told_is_handled_without_an_answer() {
    paused(async {
        let counter = spawn(spec());
        for _ in 0..3 {
            counter.tell(Count).unwrap();
        }
        assert_eq!(counter.ask(ample(), Count).await, Ok(4));
        let count = &counter.status().messages[0];
        assert_eq!((count.name, count.ok), ("Count", 4));
    });
}

#[test]
fn waiting_and_total_times_are_kept_by_message_type() {
    paused(async {
        let counter = spawn(spec().max_in_flight(1));
        let slow = counter.ask(ample(), CountAfter(ms(100)));
        let queued = counter.ask(ample(), Count);
        slow.await.unwrap();
        queued.await.unwrap();
        let messages = counter.status().messages;
        let names: Vec<_> = messages.iter().map(|message| message.name).collect();
        assert_eq!(names, ["Count", "CountAfter"]);
        let near = |seen: Duration, expected| (ms(expected)..ms(expected + expected / 7)).contains(&seen);
        assert!(near(messages[0].wait_p50, 100) && near(messages[0].total_p99, 100), "{messages:?}");
        assert!(messages[1].wait_p99 < ms(1) && near(messages[1].total_p50, 100), "{messages:?}");
    });
}

#[test]
fn what_nobody_waits_for_makes_room_in_a_full_mailbox() {
    paused(async {
        let counter = spawn(spec().mailbox(6).max_in_flight(1));
        let busy = counter.ask(ample(), CountAfter(ms(1_000)));
        settle().await;
        let abandoned: Vec<_> = (0..2).map(|_| counter.ask(ample(), Count)).collect();
        let expiring: Vec<_> = (0..2).map(|_| counter.ask(Deadline::within(ms(50)), Count)).collect();
        let waiting: Vec<_> = (0..2).map(|_| counter.ask(ample(), Count)).collect();
        let full = counter.ask(ample(), Count).await;
        assert!(matches!(full, Err(AskError::Overloaded { .. })), "all of it is waited for: {full:?}");
        drop(abandoned);
        assert_eq!(join_all(expiring).await, vec![Err(AskError::DeadlineExceeded); 2]);
        let live: Vec<_> = (0..4).map(|_| counter.ask(ample(), Count)).collect();
        assert_eq!(counter.status().mailbox_depth, 6);
        let full = counter.ask(ample(), Count).await;
        assert!(matches!(full, Err(AskError::Overloaded { .. })), "all of it is waited for: {full:?}");
        let tally = counter.status().messages.into_iter().find(|message| message.name == "Count").unwrap();
        assert_eq!((tally.abandoned, tally.expired, tally.shed), (2, 2, 2));
        assert_eq!(busy.await, Ok(1));
        assert_eq!(join_all(waiting).await, [Ok(2), Ok(3)]);
        assert_eq!(join_all(live).await, [Ok(4), Ok(5), Ok(6), Ok(7)]);
    });
}
