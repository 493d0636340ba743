//! One message there and back: plain and supervised by turns, so that whatever else the machine does meets both.

use std::time::{Duration, Instant};

use actix::{Actor, Arbiter, SyncArbiter};
use clientele::actors::supervision::{ActorSpec, Deadline, Pool, PoolSpec, Supervisor};
use futures_util::future::{LocalBoxFuture, join_all};
use serde_json::{Map, Value, json};

use super::echo::{Echo, Say, Toiler};

const ROUNDS: usize = 31;

/// How long one way is measured in one round, about.
const STRETCH: Duration = Duration::from_millis(40);

/// Asks made to find out how many fit into a stretch.
const TRIAL: usize = 500;

/// Asks so many times in a row, with so many askers.
type Way = Box<dyn Fn(usize, usize) -> LocalBoxFuture<'static, ()>>;

/// Nanoseconds for each way and number of askers, and what the layer costs as a ratio.
pub async fn measure() -> Value {
    // As a handler of HTTP is: a task of the thread, not the future that drives it.
    let measuring = actix::spawn(async {
        let (supervisor, near, far) = (Supervisor::new(), Arbiter::current(), Arbiter::new());
        let mut report = Map::new();
        report.insert("same_thread".into(), compare(on(&supervisor, &near, 0)).await);
        report.insert("across_threads".into(), compare(on(&supervisor, &far.handle(), 1)).await);
        report.insert("pool".into(), compare(pooled()).await);
        far.stop();
        report.into()
    });
    measuring.await.expect("asking panics nowhere")
}

/// A plain actor and a supervised one on the same arbiter.
fn on(supervisor: &Supervisor, arbiter: &actix::ArbiterHandle, replica: usize) -> [(&'static str, Way); 2] {
    let plain = Echo::start_in_arbiter(arbiter, |_| Echo);
    let supervised = supervisor.spawn_on(arbiter, ActorSpec::new("echo").replica(replica), || async { Ok(Echo) });
    let until = Deadline::within(Duration::from_secs(3_600));
    [
        ("plain", way(move |number| plain.send(Say(number)))),
        ("supervised", way(move |number| supervised.ask(until, Say(number)))),
    ]
}

/// A plain `SyncArbiter` and a supervised pool, of one thread each.
fn pooled() -> [(&'static str, Way); 2] {
    let plain = SyncArbiter::start(1, || Toiler);
    let supervised = Pool::start(PoolSpec::new("toilers").threads(1).queue(256), || Ok(Toiler));
    let until = Deadline::within(Duration::from_secs(3_600));
    [
        ("plain", way(move |number| plain.send(Say(number)))),
        ("supervised", way(move |number| supervised.ask(until, Say(number)))),
    ]
}

fn way<F, E>(ask: impl Fn(u64) -> F + Clone + 'static) -> Way
where
    F: Future<Output = Result<u64, E>> + 'static,
    E: std::fmt::Debug + 'static,
{
    Box::new(move |askers, asks| {
        let ask = ask.clone();
        Box::pin(async move {
            let asking = (0..askers).map(|_| {
                let ask = ask.clone();
                actix::spawn(async move {
                    for number in 0..asks as u64 {
                        assert_eq!(ask(number).await.expect("an answer"), number);
                    }
                })
            });
            for asker in join_all(asking).await {
                asker.expect("an asker got its answers");
            }
        })
    })
}

/// The ways in turn, alone and in company.
async fn compare(ways: [(&'static str, Way); 2]) -> Value {
    let mut report = Map::new();
    for (label, askers) in [("one_asker", 1), ("64_askers", 64)] {
        let mut asks = [0; 2];
        for ((_, way), asks) in ways.iter().zip(&mut asks) {
            time(way, askers, TRIAL).await;
            let once = time(way, askers, TRIAL).await;
            *asks = (STRETCH.as_nanos() as f64 / once / askers as f64).ceil() as usize;
        }
        let mut times = [const { Vec::new() }; 2];
        let mut ratios = Vec::new();
        for round in 0..ROUNDS {
            // Who comes first changes from round to round.
            for turn in [round % 2, (round + 1) % 2] {
                times[turn].push(time(&ways[turn].1, askers, asks[turn]).await);
            }
            ratios.push(times[1][round] / times[0][round]);
        }
        let mut figures = Map::new();
        for ((name, _), times) in ways.iter().zip(times) {
            figures.insert(format!("{name}_ns"), json!(median(times).round()));
        }
        figures.insert("ratio".into(), json!((median(ratios) * 1_000.0).round() / 1_000.0));
        report.insert(label.into(), figures.into());
    }
    report.into()
}

/// Nanoseconds for each ask, all askers together.
async fn time(way: &Way, askers: usize, asks: usize) -> f64 {
    let begun = Instant::now();
    way(askers, asks).await;
    begun.elapsed().as_nanos() as f64 / (asks * askers) as f64
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}
