//! The test kit itself.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use clientele::actors::supervision::testkit::{Probe, hold_clock, paused, run};
use clientele::actors::supervision::{
    ActorSpec, Answers, AskError, Deadline, Isolated, Pool, PoolSpec, Supervisor, isolated_future,
};

use crate::counter::{Count, Counter, ample, ms};

/// Asks another for a count and doubles it.
struct Doubler {
    counter: Arc<dyn Answers<Count>>,
}

impl Actor for Doubler {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "Result<u64, AskError>")]
struct Double {
    deadline: Deadline,
}

impl Handler<Double> for Doubler {
    type Result = Isolated<Self, Result<u64, AskError>>;

    fn handle(&mut self, Double { deadline }: Double, _: &mut Context<Self>) -> Self::Result {
        let count = self.counter.ask_boxed(deadline, Count);
        isolated_future(async move { Ok(count.await? * 2) })
    }
}

/// Does nothing, on a thread of its own.
struct Idle;

#[test]
fn a_probe_stands_in_for_the_actor_that_is_asked() {
    paused(async {
        let probe = Arc::new(Probe::<Count>::new());
        let counter: Arc<dyn Answers<Count>> = probe.clone();
        let doubler = Supervisor::new().spawn(ActorSpec::new("doubler"), move || {
            let counter = counter.clone();
            async { Ok(Doubler { counter }) }
        });
        probe.expect_none();

        let ask = actix::spawn(doubler.ask(ample(), Double { deadline: ample() }));
        probe.expect().await.reply(21);
        assert_eq!(ask.await.unwrap(), Ok(Ok(42)));

        let ask = actix::spawn(doubler.ask(ample(), Double { deadline: ample() }));
        probe.expect().await.fail(AskError::Stopped);
        assert_eq!(ask.await.unwrap(), Ok(Err(AskError::Stopped)));

        let deadline = Deadline::within(ms(100));
        let ask = actix::spawn(doubler.ask(ample(), Double { deadline }));
        let _unanswered = probe.expect().await;
        assert_eq!(ask.await.unwrap(), Ok(Err(AskError::DeadlineExceeded)), "a probe keeps deadlines, too");
        probe.expect_none();
    });
}

#[test]
fn hours_of_virtual_time_pass_at_once() {
    let wall = std::time::Instant::now();
    paused(async {
        let start = tokio::time::Instant::now();
        tokio::time::sleep(Duration::from_secs(36_000)).await;
        assert!(start.elapsed() >= Duration::from_secs(36_000));
    });
    assert!(wall.elapsed() < Duration::from_secs(60));
}

/// What a test says when it panics.
fn complaint(test: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(test).expect_err("the leak is found");
    panic.downcast_ref::<String>().expect("it panics with a text").clone()
}

#[test]
fn whoever_outlives_a_test_is_named() {
    let complaint = complaint(|| {
        run(async |supervisor| {
            let [left, drained] = ["left", "drained"]
                .map(|name| supervisor.spawn(ActorSpec::new(name), || async { Ok(Counter::default()) }));
            assert_eq!(left.ask(ample(), Count).await, Ok(1));
            drained.drain(ample()).await;
            let pool = Pool::start(PoolSpec::new("crew"), || Ok(Idle));
            supervisor.register_pool(&pool);
            while pool.status().threads_live == 0 {
                std::thread::yield_now();
            }
        });
    });
    assert_eq!(complaint, "not drained at the end of the test: left/0 (running), crew (1 threads)");
}

#[test]
fn a_test_that_drains_everything_is_clean() {
    run(async |supervisor| {
        let counter = supervisor.spawn(ActorSpec::new("counter"), || async { Ok(Counter::default()) });
        let pool = Pool::start(PoolSpec::new("crew"), || Ok(Idle));
        supervisor.register_pool(&pool);
        assert_eq!(counter.ask(ample(), Count).await, Ok(1));
        let _held = hold_clock();
        supervisor.shutdown(ample()).await;
    });
}
