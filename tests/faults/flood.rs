//! More than the server can do, from clients that come at their own pace, whether or not they are answered.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::Client;
use crate::harness::client::{Answer, PASSWORD};
use crate::harness::process::Process;
use crate::latency::{BEARABLE, ninety_ninth};

/// Clients that ask again as soon as they are answered: as many as keep the hashing thread busy and are not refused.
const PEAK_CLIENTS: usize = 6;

/// How long the peak is measured, and how long the flood lasts.
const STRETCH: Duration = Duration::from_secs(3);

/// How many times the peak the flood is.
const TIMES: f64 = 5.0;

/// The share of the peak that is still done. `bench/run flood` holds the release build to 0.9; here other tests run beside.
const GOODPUT: f64 = 0.5;

/// Passwords that may wait for each thread that hashes.
const QUEUE: f64 = 16.0;

/// How much the memory of the server may grow.
const GROWTH_MIB: u64 = 64;

#[derive(Default)]
struct Outcome {
    accepted: Vec<Duration>,
    refused: Vec<Duration>,
}

#[actix_web::test]
async fn a_flood_is_refused_at_once_and_what_can_be_done_is_done() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let server = Process::start(folder.path(), &[("LOG_LEVEL", "info,access=off")]);
    let client = server.client();
    client.clone().registered("ada@example.com").await;
    let calm = peak(&client).await;
    let before = rss_mib(&server);

    let (outcome, highest) = flood(&server, &client, calm * TIMES).await;
    // Other tests come and go meanwhile.
    let peak = calm.min(peak(&client).await);
    let goodput = outcome.accepted.len() as f64 / STRETCH.as_secs_f64();
    let (accepted, refused) = (outcome.accepted.len(), outcome.refused.len());
    println!(
        "peak {peak:.0}/s, goodput {goodput:.0}/s, {accepted} accepted, {refused} refused; {before} to {highest} MiB"
    );
    assert!(refused > accepted, "five times the peak is too much: {accepted} accepted, {refused} refused");
    assert!(goodput > GOODPUT * peak, "peak {peak:.0}/s, goodput {goodput:.0}/s");
    let (accepted, refused) = (ninety_ninth(outcome.accepted), ninety_ninth(outcome.refused));
    println!("99 of 100 were accepted within {accepted:?}, refused within {refused:?}");
    assert!(refused < BEARABLE, "99 % of the refusals within {refused:?}");
    // Whoever is accepted waits for those who are in the queue, each of whom takes what a sign-in takes.
    let turn = Duration::from_secs_f64((QUEUE + 1.0) / peak);
    assert!(accepted < 3 * turn + BEARABLE, "99 % of the sign-ins within {accepted:?}, a whole queue takes {turn:?}");
    assert!(highest < before + GROWTH_MIB, "from {before} MiB to {highest} MiB");
}

/// Sign-ins a second of clients that wait for their answers.
async fn peak(client: &Client) -> f64 {
    let until = Instant::now() + STRETCH;
    let signing_in = (0..PEAK_CLIENTS).map(async |_| {
        let mut done = 0;
        while Instant::now() < until {
            done += u32::from(sign_in(client).await.status == 200);
        }
        done
    });
    let done: u32 = join_all(signing_in).await.into_iter().sum();
    f64::from(done) / STRETCH.as_secs_f64()
}

/// So many sign-ins a second, each at its time. What came of them, and the server's memory at its highest.
async fn flood(server: &Process, client: &Client, rate: f64) -> (Outcome, u64) {
    let outcome = Rc::new(RefCell::new(Outcome::default()));
    let mut clock = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let (mut asking, mut highest) = (Vec::new(), 0);
    for number in 0..(rate * STRETCH.as_secs_f64()) as usize {
        clock.tick().await;
        let (client, outcome) = (client.clone(), Rc::clone(&outcome));
        asking.push(actix_web::rt::spawn(async move {
            let asked = Instant::now();
            let answer = sign_in(&client).await;
            let took = asked.elapsed();
            if answer.status == 200 {
                return outcome.borrow_mut().accepted.push(took);
            }
            assert_eq!(answer.failure(), (503, 5001), "{answer:?}");
            let retry_after: u64 = answer.header("retry-after").parse().expect("a number of seconds");
            assert!((1..=5).contains(&retry_after), "a full queue is worked off in less: {answer:?}");
            outcome.borrow_mut().refused.push(took);
        }));
        if number % 20 == 0 {
            highest = highest.max(rss_mib(server));
        }
    }
    for one in asking {
        one.await.expect("each is answered as the contract has it");
    }
    (outcome.take(), highest)
}

async fn sign_in(client: &Client) -> Answer {
    client.post("/auth/login", json!({"email": "ada@example.com", "password": PASSWORD})).await
}

fn rss_mib(server: &Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).expect("the server runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("the kernel tells");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib >> 10
}
