//! Ten thousand messages, every hundredth of which panics: 9,900 are answered, 100 are told, none is lost.

use std::time::Duration;

use actix::prelude::*;
use clientele::actors::supervision::testkit::paused;
use clientele::actors::supervision::{
    ActorSpec, AskError, Backoff, Fault, Isolated, Mailbox, Pool, PoolSpec, Supervisor, Work, isolated,
};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};

use crate::counter::{ample, ms};

const MESSAGES: u64 = 10_000;

fn is_poisoned(number: u64) -> bool {
    number % 100 == 50
}

/// Gives back the number it is sent, unless that is poisoned.
struct Echo;

impl Actor for Echo {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Now(u64);

#[derive(Message)]
#[rtype(result = "u64")]
struct Soon(u64);

#[derive(Message)]
#[rtype(result = "u64")]
struct Plainly(u64);

impl Handler<Now> for Echo {
    type Result = u64;

    fn handle(&mut self, Now(number): Now, _: &mut Context<Self>) -> u64 {
        assert!(!is_poisoned(number), "poisoned");
        number
    }
}

impl Handler<Soon> for Echo {
    type Result = Isolated<Self, u64>;

    fn handle(&mut self, Soon(number): Soon, _: &mut Context<Self>) -> Self::Result {
        isolated(echo_soon(number).into_actor(self))
    }
}

impl Handler<Plainly> for Echo {
    type Result = ResponseActFuture<Self, u64>;

    fn handle(&mut self, Plainly(number): Plainly, _: &mut Context<Self>) -> Self::Result {
        Box::pin(echo_soon(number).into_actor(self))
    }
}

impl Work<Now> for Echo {
    fn work(&mut self, Now(number): Now) -> u64 {
        assert!(!is_poisoned(number), "poisoned");
        number
    }
}

async fn echo_soon(number: u64) -> u64 {
    tokio::time::sleep(Duration::from_micros(number * 7 % 5_000)).await;
    assert!(!is_poisoned(number), "poisoned");
    number
}

fn spec(replica: usize) -> ActorSpec {
    let backoff = Backoff { initial: ms(1), max: ms(5), factor: 2.0, jitter: 0.5 };
    ActorSpec::new("echo")
        .replica(replica)
        .mailbox(MESSAGES as usize)
        .backoff(backoff)
        .intensity(MESSAGES as usize, Duration::from_secs(60))
}

fn spawn(supervisor: &Supervisor) -> Mailbox<Echo> {
    supervisor.spawn(spec(0), || async { Ok(Echo) })
}

/// Sends all messages by `ask`, up to `askers` at a time, and checks what becomes of each.
async fn send_all<Answer>(askers: usize, ask: impl Fn(u64) -> Answer)
where
    Answer: Future<Output = Result<u64, AskError>>,
{
    let answers = stream::iter(0..MESSAGES).map(async |number| (number, ask(number).await));
    let answers: Vec<_> = answers.buffer_unordered(askers).collect().await;
    for (number, answer) in &answers {
        match answer {
            Ok(echo) => assert!(echo == number && !is_poisoned(*number), "{number}: {echo}"),
            Err(AskError::Crashed { .. }) => assert!(is_poisoned(*number), "{number} was not poisoned"),
            Err(other) => panic!("{number}: {other}"),
        }
    }
    let answered = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    assert_eq!((answered, answers.len() - answered), (9_900, 100));
}

#[test]
fn a_single_asker_is_answered() {
    paused(async {
        let supervisor = Supervisor::new();
        let echo = spawn(&supervisor);
        send_all(1, |number| echo.ask(ample(), Now(number))).await;
        let status = echo.status();
        assert_eq!((status.panics, status.restarts, status.mailbox_depth), (100, 100, 0));
    });
}

#[test]
fn many_askers_of_a_synchronous_handler_are_answered() {
    paused(async {
        let echo = spawn(&Supervisor::new());
        send_all(64, |number| echo.ask(ample(), Now(number))).await;
        assert_eq!(echo.status().panics, 100);
    });
}

#[test]
fn many_askers_of_an_isolated_handler_are_answered() {
    paused(async {
        let echo = spawn(&Supervisor::new());
        send_all(64, |number| echo.ask(ample(), Soon(number))).await;
        assert_eq!(echo.status().panics, 100);
    });
}

#[test]
fn many_askers_of_a_plain_asynchronous_handler_are_answered() {
    paused(async {
        let echo = spawn(&Supervisor::new());
        send_all(64, |number| echo.ask(ample(), Plainly(number))).await;
        assert_eq!(echo.status().panics, 100);
    });
}

#[test]
fn a_burst_is_answered() {
    paused(async {
        let echo = spawn(&Supervisor::new());
        send_all(MESSAGES as usize, |number| echo.ask(ample(), Now(number))).await;
    });
}

#[test]
fn askers_on_other_threads_are_answered() {
    System::new().block_on(async {
        let (supervisor, arbiters) = (Supervisor::new(), [Arbiter::new(), Arbiter::new()]);
        let replicas: Vec<_> = (0..4)
            .map(|replica| {
                let arbiter = arbiters[replica % arbiters.len()].handle();
                supervisor.spawn_on(&arbiter, spec(replica), || async { Ok(Echo) })
            })
            .collect();
        send_all(64, |number| replicas[number as usize % 4].ask(ample(), Now(number))).await;
        let drained = supervisor.shutdown(ample()).await;
        assert!(drained.iter().all(|(_, drained)| drained.dropped == 0), "{drained:?}");
        for arbiter in arbiters {
            arbiter.stop();
            arbiter.join().unwrap();
        }
    });
}

#[test]
fn askers_of_a_pool_are_answered() {
    System::new().block_on(async {
        let pool = Pool::start(PoolSpec::new("echo").threads(2).queue(64), || Ok(Echo));
        send_all(64, |number| pool.ask(ample(), Now(number))).await;
        let status = pool.status();
        assert_eq!((status.panics, status.done, status.threads_live), (100, 9_900, 2));
    });
}

#[test]
fn faults_of_all_sorts_lose_no_answer() {
    paused(async {
        let supervisor = Supervisor::new();
        let echo = spawn(&supervisor);
        let seed = 20_260_101;
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut asks = Vec::new();
        for number in (0..MESSAGES).filter(|&number| !is_poisoned(number)) {
            match dice.u32(..1_000) {
                0..3 => drop(echo.inject(Fault::Panic)),
                3..6 => drop(echo.inject(Fault::Stop)),
                6..9 => echo.restart(),
                9..12 => echo.suspend(),
                _ => echo.resume(),
            }
            asks.push(actix::spawn(echo.ask(ample(), Now(number))));
            if number % 32 == 0 {
                tokio::time::sleep(ms(1)).await;
            }
        }
        echo.resume();
        let drained = echo.drain(ample()).await;
        assert_eq!(drained.dropped, 0, "seed {seed}");
        let answers = join_all(asks).await;
        let lost = answers.iter().filter(|answer| !matches!(answer, Ok(Ok(_)))).count();
        assert_eq!(lost, 0, "seed {seed}: {:?}", echo.status());
    });
}
