//! The actor under test: it counts, and misbehaves on request.

use std::fmt::Debug;
use std::time::Duration;

use actix::prelude::*;
use clientele::actors::supervision::{
    ActorSpec, AskError, Backoff, Deadline, Isolated, Mailbox, Supervisor, isolated, isolated_future,
};

/// Counts from zero in each incarnation.
#[derive(Default)]
pub struct Counter {
    pub count: u64,
}

impl Actor for Counter {
    type Context = Context<Self>;
}

/// Counts one on, at once.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct Count;

/// Counts one on, after a while.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct CountAfter(pub Duration);

/// Panics in the handler.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct Panic;

/// Panics after a while, in an isolated future.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct PanicAfter(pub Duration);

/// Panics after a while, in an isolated future that does not hold the actor.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct PanicApart(pub Duration);

/// Panics after a while, in a plain actor future.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct PanicPlainly(pub Duration);

/// Panics in a plain future, which runs apart from the actor.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct PanicDetached;

/// Stops the actor.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct Stop;

/// Blocks the thread.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Block(pub std::sync::mpsc::Receiver<()>);

/// Counts one on after a while, during which the actor takes no other message.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct CountAlone(pub Duration);

impl Handler<Count> for Counter {
    type Result = u64;

    fn handle(&mut self, _: Count, _: &mut Context<Self>) -> u64 {
        self.count += 1;
        self.count
    }
}

impl Handler<CountAfter> for Counter {
    type Result = Isolated<Self, u64>;

    fn handle(&mut self, CountAfter(delay): CountAfter, _: &mut Context<Self>) -> Self::Result {
        isolated(tokio::time::sleep(delay).into_actor(self).map(|(), counter, _| {
            counter.count += 1;
            counter.count
        }))
    }
}

impl Handler<Panic> for Counter {
    type Result = u64;

    fn handle(&mut self, _: Panic, _: &mut Context<Self>) -> u64 {
        panic!("in the handler")
    }
}

impl Handler<PanicAfter> for Counter {
    type Result = Isolated<Self, u64>;

    fn handle(&mut self, PanicAfter(delay): PanicAfter, _: &mut Context<Self>) -> Self::Result {
        isolated(panic_after(delay).into_actor(self))
    }
}

impl Handler<PanicApart> for Counter {
    type Result = Isolated<Self, u64>;

    fn handle(&mut self, PanicApart(delay): PanicApart, _: &mut Context<Self>) -> Self::Result {
        isolated_future(panic_after(delay))
    }
}

impl Handler<PanicPlainly> for Counter {
    type Result = ResponseActFuture<Self, u64>;

    fn handle(&mut self, PanicPlainly(delay): PanicPlainly, _: &mut Context<Self>) -> Self::Result {
        Box::pin(panic_after(delay).into_actor(self))
    }
}

impl Handler<PanicDetached> for Counter {
    type Result = ResponseFuture<u64>;

    fn handle(&mut self, _: PanicDetached, _: &mut Context<Self>) -> Self::Result {
        Box::pin(panic_after(Duration::ZERO))
    }
}

impl Handler<Stop> for Counter {
    type Result = u64;

    fn handle(&mut self, _: Stop, context: &mut Context<Self>) -> u64 {
        context.stop();
        self.count
    }
}

impl Handler<Block> for Counter {
    type Result = ();

    fn handle(&mut self, Block(released): Block, _: &mut Context<Self>) {
        let _ = released.recv();
    }
}

impl Handler<CountAlone> for Counter {
    type Result = AtomicResponse<Self, u64>;

    fn handle(&mut self, CountAlone(delay): CountAlone, _: &mut Context<Self>) -> Self::Result {
        AtomicResponse::new(Box::pin(tokio::time::sleep(delay).into_actor(self).map(|(), counter, _| {
            counter.count += 1;
            counter.count
        })))
    }
}

async fn panic_after(delay: Duration) -> u64 {
    tokio::time::sleep(delay).await;
    panic!("in a future")
}

/// Three restarts a minute, after 10, 20 and 40 ms exactly; once failed, failed until an operator comes.
pub fn spec() -> ActorSpec {
    let backoff = Backoff { initial: ms(10), max: ms(1_000), factor: 2.0, jitter: 0.0 };
    ActorSpec::new("counter").backoff(backoff).intensity(3, Duration::from_secs(60)).cool_down(None)
}

pub fn spawn(spec: ActorSpec) -> Mailbox<Counter> {
    spawn_by(&Supervisor::new(), spec)
}

pub fn spawn_by(supervisor: &Supervisor, spec: ActorSpec) -> Mailbox<Counter> {
    supervisor.spawn(spec, || async { Ok(Counter::default()) })
}

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Long enough for everything these tests wait for.
pub fn ample() -> Deadline {
    Deadline::within(Duration::from_secs(30))
}

/// The reason that an asker was given for a crash.
#[track_caller]
pub fn crash_of<T: Debug>(answer: Result<T, AskError>) -> String {
    match answer {
        Err(AskError::Crashed { reason }) => reason.to_string(),
        other => panic!("expected a crash, saw {other:?}"),
    }
}
