//! What a message carries on to whatever its handler asks in turn.

use std::sync::{Arc, Mutex};

use actix::prelude::*;
use clientele::actors::supervision::testkit::paused;
use clientele::actors::supervision::{
    ActorSpec, AskError, Deadline, Isolated, Mailbox, Pool, PoolSpec, Scope, Supervisor, Work, at_hand, guarded,
    isolated_future, work_began,
};
use tokio::time::{Instant, sleep};
use tracing::field::{Field, Visit};
use tracing::span::{Id, Record};
use tracing::{Span, Subscriber};
use tracing_subscriber::layer::{Context as Layers, SubscriberExt};
use tracing_subscriber::{Layer, registry};

use crate::counter::{Count, CountAfter, Counter, ample, ms, spawn, spec};

/// Asks a counter on behalf of those who ask it.
struct Broker {
    counter: Mailbox<Counter>,
    pool: Pool<Clerk>,
}

impl Actor for Broker {
    type Context = Context<Self>;
}

/// Tells its deadline at the call of the handler, after waiting, and in a pool.
#[derive(Message)]
#[rtype(result = "[Option<Deadline>; 3]")]
struct TellDeadlines;

impl Handler<TellDeadlines> for Broker {
    type Result = Isolated<Self, [Option<Deadline>; 3]>;

    fn handle(&mut self, _: TellDeadlines, _: &mut Context<Self>) -> Self::Result {
        let (at_call, pool) = (Deadline::current(), self.pool.clone());
        isolated_future(async move {
            sleep(ms(10)).await;
            let waited = Deadline::current();
            [at_call, waited, pool.ask(ample(), TellDeadline).await.expect("the pool answers")]
        })
    }
}

/// Has the counter count after a while, with all the time in the world. Answers what it said, and when.
#[derive(Message)]
#[rtype(result = "(Result<u64, AskError>, Instant)")]
struct Forward;

impl Handler<Forward> for Broker {
    type Result = Isolated<Self, (Result<u64, AskError>, Instant)>;

    fn handle(&mut self, _: Forward, _: &mut Context<Self>) -> Self::Result {
        let counter = self.counter.clone();
        isolated_future(async move { (counter.ask(ample(), CountAfter(ms(500))).await, Instant::now()) })
    }
}

/// Tells its deadline to the test itself.
#[derive(Message)]
#[rtype(result = "()")]
struct Told(tokio::sync::oneshot::Sender<Option<Deadline>>);

impl Handler<Told> for Broker {
    type Result = Isolated<Self, ()>;

    fn handle(&mut self, message: Told, _: &mut Context<Self>) -> Self::Result {
        message.0.send(Deadline::current()).expect("the test waits");
        at_hand(())
    }
}

struct Clerk;

#[derive(Message)]
#[rtype(result = "Option<Deadline>")]
struct TellDeadline;

impl Work<TellDeadline> for Clerk {
    fn work(&mut self, _: TellDeadline) -> Option<Deadline> {
        Deadline::current()
    }
}

fn broker() -> (Mailbox<Broker>, Mailbox<Counter>, Pool<Clerk>) {
    let (counter, pool) = (spawn(spec()), Pool::start(PoolSpec::new("clerks"), || Ok(Clerk)));
    let (mine, own) = (counter.clone(), pool.clone());
    let mailbox = Supervisor::new().spawn(ActorSpec::new("broker"), move || {
        let broker = Broker { counter: mine.clone(), pool: own.clone() };
        async move { Ok(broker) }
    });
    (mailbox, counter, pool)
}

#[actix::test]
async fn the_deadline_is_known_in_the_handler_in_its_future_and_in_a_pool() {
    let (broker, _, _) = broker();
    let deadline = ample();
    assert_eq!(broker.ask(deadline, TellDeadlines).await, Ok([Some(deadline); 3]));
    assert_eq!(Deadline::current(), None, "it is left behind");
}

#[actix::test]
async fn what_was_only_told_has_no_deadline() {
    let (broker, _, _) = broker();
    let (sender, told) = tokio::sync::oneshot::channel();
    let outer = Scope::new(Some(ample()), Span::none());
    outer.run(|| broker.tell(Told(sender))).expect("there is room");
    assert_eq!(told.await, Ok(None));
}

/// Tells when its work began, at the call of the handler, after waiting, and in a pool.
#[derive(Message)]
#[rtype(result = "[std::time::Instant; 3]")]
struct TellBeginnings;

impl Handler<TellBeginnings> for Broker {
    type Result = Isolated<Self, [std::time::Instant; 3]>;

    fn handle(&mut self, _: TellBeginnings, _: &mut Context<Self>) -> Self::Result {
        let (at_call, pool) = (work_began(), self.pool.clone());
        isolated_future(async move {
            sleep(ms(10)).await;
            let waited = work_began();
            [at_call, waited, pool.ask(ample(), TellBeginning).await.expect("the pool answers")]
        })
    }
}

/// Tells when its work began.
#[derive(Message)]
#[rtype(result = "std::time::Instant")]
struct TellBeginning;

impl Work<TellBeginning> for Clerk {
    fn work(&mut self, _: TellBeginning) -> std::time::Instant {
        work_began()
    }
}

#[actix::test]
async fn work_begins_with_the_outermost_ask_or_scope() {
    let (broker, _, _) = broker();
    let earlier = work_began();
    let [at_call, waited, in_a_pool] = broker.ask(ample(), TellBeginnings).await.expect("there is room");
    assert!(earlier < at_call, "outside of any, it begins now");
    assert_eq!((waited, in_a_pool), (at_call, at_call));

    let outer = Scope::new(None, Span::none());
    let (begun, inner) = outer.run(|| (work_began(), broker.ask(ample(), TellBeginnings)));
    assert_eq!(inner.await, Ok([begun; 3]));
    assert!(work_began() > begun, "it is left behind");
}

#[test]
fn a_nested_ask_ends_with_the_outer_one() {
    paused(async {
        let (broker, _, _) = broker();
        let start = Instant::now();
        let outer = Scope::new(Some(Deadline::within(ms(100))), Span::none());
        let (answer, at) = {
            let counter = spawn(spec());
            let asked = outer.run(|| counter.ask(ample(), CountAfter(ms(500))));
            (asked.await, Instant::now())
        };
        assert_eq!((answer, at - start), (Err(AskError::DeadlineExceeded), ms(100)));
        let (answer, at) = broker.ask(Deadline::within(ms(900)), Forward).await.expect("there is time enough");
        assert_eq!((answer, at - start), (Ok(1), ms(600)));
    });
}

#[test]
fn an_ask_on_behalf_of_an_expired_message_is_refused_at_once() {
    paused(async {
        let (_, counter, pool) = broker();
        let expired = Scope::new(Some(Deadline::within(ms(0))), Span::none());
        assert_eq!(expired.run(|| counter.ask(ample(), Count)).await, Err(AskError::DeadlineExceeded));
        assert_eq!(expired.run(|| pool.ask(ample(), TellDeadline)).await, Err(AskError::DeadlineExceeded));
        assert_eq!((pool.status().done, pool.status().expired), (0, 1));
        assert_eq!(counter.ask(ample(), Count).await, Ok(1), "nothing was counted before");
    });
}

#[test]
fn a_panic_leaves_the_scope() {
    let scope = Scope::new(Some(ample()), Span::none());
    let inner = Scope::new(None, Span::none());
    scope.run(|| {
        guarded(|| inner.run(|| panic!("in a scope"))).expect_err("it panicked");
        assert!(Deadline::current().is_some(), "the outer one is back");
    });
    assert_eq!(Deadline::current(), None);
}

/// Collects what spans record as the kind of their error.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Errors {
    fn on_record(&self, _: &Id, values: &Record<'_>, _: Layers<'_, S>) {
        values.record(&mut self.clone());
    }
}

impl Visit for Errors {
    fn record_str(&mut self, field: &Field, kind: &str) {
        if field.name() == "error.type" {
            self.0.lock().unwrap().push(kind.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[test]
fn the_span_of_a_refused_ask_says_why() {
    let errors = Errors::default();
    tracing::subscriber::with_default(registry().with(errors.clone()), || {
        paused(async {
            let (_, counter, pool) = broker();
            tokio::join!(counter.drain(ample()), pool.drain(ample()));
            let trace = Scope::new(None, tracing::info_span!("request"));
            let past = Deadline::at(Instant::now());
            let (stopped, late) = trace.run(|| (counter.ask(ample(), Count), counter.ask(past, Count)));
            assert_eq!((stopped.await, late.await), (Err(AskError::Stopped), Err(AskError::DeadlineExceeded)));
            let (stopped, late) = trace.run(|| (pool.ask(ample(), TellDeadline), pool.ask(past, TellDeadline)));
            assert_eq!((stopped.await, late.await), (Err(AskError::Stopped), Err(AskError::DeadlineExceeded)));
        });
    });
    let expected = ["stopped", "deadline_exceeded"];
    assert_eq!(*errors.0.lock().unwrap(), [expected, expected].concat());
}
