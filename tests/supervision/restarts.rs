//! Delays, limits, failure and recovery.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use clientele::actors::supervision::testkit::{paused, settle, until};
use clientele::actors::supervision::{
    AskError, Backoff, Deadline, FailureKind, Mailbox, Restart, StartError, State, Supervisor,
};
use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use crate::counter::*;

/// An actor whose factory fails while `broken`.
fn spawn_breakable(supervisor: &Supervisor, cool_down: Option<Duration>) -> (Mailbox<Counter>, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(false));
    let seen = broken.clone();
    let counter = supervisor.spawn(spec().cool_down(cool_down), move || {
        let broken = seen.load(SeqCst);
        async move { if broken { Err(StartError::new("the database is down")) } else { Ok(Counter::default()) } }
    });
    (counter, broken)
}

#[test]
fn restarts_are_delayed_ever_longer() {
    paused(async {
        let births = Arc::new(Mutex::new(Vec::new()));
        let noted = births.clone();
        let counter = Supervisor::new().spawn(spec().intensity(5, Duration::from_secs(60)), move || {
            noted.lock().push(Instant::now());
            let ready = noted.lock().len() == 6;
            async move { if ready { Ok(Counter::default()) } else { Err(StartError::new("not yet")) } }
        });
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let births = births.lock();
        let delays: Vec<_> = births.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
        assert_eq!(delays, [10, 20, 40, 80, 160]);
    });
}

#[test]
fn what_waits_and_cannot_wait_for_the_next_incarnation_is_refused_at_once() {
    paused(async {
        let rest = Backoff { initial: ms(10_000), max: ms(10_000), factor: 1.0, jitter: 0.0 };
        let counter = spawn(spec().backoff(rest));
        settle().await;
        let crash = counter.ask(ample(), Panic);
        let (hasty, patient) = (counter.ask(Deadline::within(ms(5_000)), Count), counter.ask(ample(), Count));
        drop(counter.ask(Deadline::within(ms(5_000)), CountAfter(ms(0))));
        let start = Instant::now();
        crash_of(crash.await);
        let state = State::BackingOff;
        assert_eq!(hasty.await, Err(AskError::Unavailable { state, retry_after: ms(10_000) }));
        assert!(start.elapsed().is_zero(), "{:?}", start.elapsed());
        assert_eq!(patient.await, Ok(1));
        let tallies = counter.status().messages;
        let of = |name| tallies.iter().find(|message| message.name == name).unwrap();
        assert_eq!((of("Count").ok, of("Count").shed, of("CountAfter").abandoned), (1, 1, 1));
    });
}

#[test]
fn messages_wait_while_the_actor_connects() {
    paused(async {
        let attempts = Arc::new(AtomicUsize::new(0));
        let counted = attempts.clone();
        let counter = Supervisor::new().spawn(spec(), move || {
            let counted = counted.clone();
            async move {
                sleep(ms(50)).await;
                match counted.fetch_add(1, SeqCst) {
                    0..3 => Err(std::io::Error::other("connection refused"))?,
                    _ => Ok(Counter::default()),
                }
            }
        });
        let answers = join_all((0..20).map(|_| counter.ask(ample(), Count))).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        let failure = counter.status().last_failure.expect("there were failures");
        assert_eq!((failure.kind, &*failure.reason), (FailureKind::Start, "connection refused"));
    });
}

#[test]
fn a_factory_that_takes_too_long_has_failed() {
    paused(async {
        let counter = Supervisor::new().spawn(spec().start_timeout(ms(100)), || async {
            std::future::pending::<()>().await;
            Ok(Counter::default())
        });
        sleep(ms(105)).await;
        let status = counter.status();
        assert_eq!(status.state, State::BackingOff);
        assert_eq!(&*status.last_failure.expect("it failed").reason, "not started within 100ms");
    });
}

#[test]
fn a_failed_actor_refuses_at_once_and_returns_by_an_operators_hand() {
    paused(async {
        let supervisor = Supervisor::new();
        let (counter, broken) = spawn_breakable(&supervisor, None);
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        broken.store(true, SeqCst);
        let poisoned = counter.ask(ample(), Panic);
        let queued = counter.ask(ample(), Count);
        crash_of(poisoned.await);
        let refusal = queued.await;
        assert!(matches!(refusal, Err(AskError::Unavailable { state: State::Failed, .. })), "{refusal:?}");
        assert_eq!(supervisor.unready(), ["counter/0"]);

        let start = Instant::now();
        let refusal = counter.ask(ample(), Count).await;
        assert!(matches!(refusal, Err(AskError::Unavailable { state: State::Failed, .. })), "{refusal:?}");
        assert_eq!(start.elapsed(), Duration::ZERO);

        broken.store(false, SeqCst);
        counter.restart();
        until(&counter, |actor| actor.ready).await;
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert!(supervisor.unready().is_empty());
    });
}

#[test]
fn after_a_cool_down_a_failed_actor_is_tried_once() {
    paused(async {
        let supervisor = Supervisor::new();
        let (counter, broken) = spawn_breakable(&supervisor, Some(Duration::from_secs(30)));
        broken.store(true, SeqCst);
        until(&counter, |actor| actor.state == State::Failed).await;
        let failed_at = Instant::now();
        let attempts = counter.status().incarnation;

        let refusal = counter.ask(ample(), Count).await;
        let Err(AskError::Unavailable { retry_after, .. }) = refusal else { panic!("{refusal:?}") };
        assert!(retry_after > Duration::from_secs(29), "{retry_after:?}");

        until(&counter, |actor| actor.incarnation == attempts + 1).await;
        assert!(failed_at.elapsed() >= Duration::from_secs(29), "{:?}", failed_at.elapsed());
        settle().await;
        assert_eq!(counter.status().state, State::Failed, "one failure was enough");

        broken.store(false, SeqCst);
        sleep(Duration::from_secs(31)).await;
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert!(supervisor.unready().is_empty());
    });
}

#[test]
fn stopping_itself_is_followed_by_a_fresh_actor_if_permanent() {
    paused(async {
        let counter = spawn(spec());
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert_eq!(counter.ask(ample(), Stop).await, Ok(1));
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        assert_eq!(counter.status().last_failure.expect("it stopped").kind, FailureKind::Stop);
    });
}

#[test]
fn stopping_itself_is_the_end_if_transient_but_a_panic_is_not() {
    paused(async {
        let supervisor = Supervisor::new();
        let counter = spawn_by(&supervisor, spec().restart(Restart::Transient));
        crash_of(counter.ask(ample(), Panic).await);
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let stop = counter.ask(ample(), Stop);
        let queued = counter.ask(ample(), Count);
        assert_eq!(stop.await, Ok(1));
        assert_eq!(queued.await, Err(AskError::Stopped));
        assert_eq!(counter.ask(ample(), Count).await, Err(AskError::Stopped));
        assert!(supervisor.unready().is_empty(), "it has ended as it was meant to");
    });
}

#[test]
fn a_temporary_actor_is_not_restarted() {
    paused(async {
        let counter = spawn(spec().restart(Restart::Temporary));
        crash_of(counter.ask(ample(), Panic).await);
        assert_eq!(counter.ask(ample(), Count).await, Err(AskError::Stopped));
        assert_eq!(counter.status().state, State::Stopped);
    });
}

#[test]
fn an_ask_that_cannot_wait_for_the_next_incarnation_is_refused_at_once() {
    paused(async {
        let counter = spawn(spec());
        crash_of(counter.ask(ample(), Panic).await);
        until(&counter, |actor| actor.state == State::BackingOff).await;
        let hasty = counter.ask(Deadline::within(ms(2)), Count);
        let patient = counter.ask(Deadline::within(ms(100)), Count);
        let start = Instant::now();
        let refusal = hasty.await;
        let Err(AskError::Unavailable { state: State::BackingOff, retry_after }) = refusal else {
            panic!("{refusal:?}")
        };
        assert!(start.elapsed().is_zero() && retry_after > ms(2) && retry_after <= ms(10), "{retry_after:?}");
        assert_eq!(patient.await, Ok(1));
    });
}
