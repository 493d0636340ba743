//! The five real actors under HTTP load while they are broken in every way, at random.
//!
//! A phase breaks one target (an actor with all its replicas, a pool, or the threads themselves) in each way there is, in
//! an order that chance decides, while [`GUESTS`] clients use every kind of route. Between the phases nothing is broken.
//!
//! `CHAOS_SEED` repeats the choices of an earlier run, `CHAOS_ROUNDS` makes more of them.

mod crowd;
mod guest;
#[path = "../harness/mod.rs"]
mod harness;
mod reckoning;
mod target;
mod toll;
mod victims;

use std::time::Duration;

use crate::crowd::Crowd;
use crate::guest::Sample;
use crate::harness::TestServer;
use crate::target::Target;
use crate::toll::{Toll, losses};

/// Clients at once.
const GUESTS: usize = 16;

/// Requests under faults, at least.
const REQUESTS: usize = 10_000;

/// What 99 of 100 requests to what is not broken may take, as a multiple of what they take while nothing is.
const TOLERABLE: f64 = 3.0;

#[actix_web::test]
async fn whatever_is_injected_only_the_poisoned_message_pays() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    let seed = number("CHAOS_SEED").unwrap_or_else(|| fastrand::u64(..));
    let rounds = number("CHAOS_ROUNDS").unwrap_or(1);
    println!("to repeat: CHAOS_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);

    let threads = reckoning::threads();
    let server = TestServer::with(&[("RATE_LIMIT_MAX_REQUESTS", "1000000"), ("LOG_LEVEL", "off")]);
    let mut crowd = Crowd::gather(&server, GUESTS, &mut random).await;
    let (mut untouched, mut undisturbed) = (Vec::new(), Vec::new());
    let mut refused = 0;
    for _ in 0..rounds {
        let mut targets = Target::all(server.backend());
        random.shuffle(&mut targets);
        let share = REQUESTS / targets.len() + 1;
        let mut calm = crowd.act(share / 4, async |_| ()).await.0;
        for target in &targets {
            let (before, mut events) = (Toll::of(server.backend()), server.backend().supervisor().events());
            let (samples, poisoned) = crowd.act(share, |samples| target.suffer(&mut random, samples, share)).await;
            reckoning::all_run(&server).await;
            let toll = Toll::of(server.backend()).since(before);
            refused += assert_paid_for(target, &samples, toll, poisoned, &losses(&mut events));
            let after = crowd.act(share / 4, async |_| ()).await.0;
            assert!(calm.iter().chain(&after).all(|sample| !sample.refused), "nothing was broken, and yet refused");
            let alike = |sample: &&Sample| !target.touches(sample.about);
            untouched.extend(samples.iter().filter(alike).map(|sample| sample.took));
            undisturbed.extend(calm.iter().chain(&after).filter(alike).map(|sample| sample.took));
            calm = after;
        }
    }
    println!("{refused} refused");
    assert_not_slower(untouched, undisturbed);

    reckoning::assert_all_is_well(&server).await;
    reckoning::assert_nothing_is_lost(&server, crowd).await;
    drop(server);
    reckoning::assert_threads_end(threads);
}

/// Every refusal is one that an actor counted or that a pool was made to cause, and every one is paid for by a fault. How
/// many there were.
///
/// A refused message is one refused request, since a request ends with the first. What faults may cost besides the messages
/// they poison are neighbours: those that were in flight when their incarnation ended, which tells how many these were, at
/// most one of each client and the ring that nobody waits for. A poisoned job of a pool fails those who share it; one of
/// nobody's, or of a commit, which is tried again, fails none. Behind a job that is held up a pool refuses others, and counts
/// them; a read that it refuses fails those who share it.
#[track_caller]
fn assert_paid_for(target: &Target, samples: &[Sample], toll: Toll, poisoned: u64, lost: &[usize]) -> u64 {
    let refused = samples.iter().filter(|sample| sample.refused).count() as u64;
    let name = target.name;
    println!("{name}: {} requests, {refused} refused, {poisoned} poisoned, {toll:?}, lost {lost:?}", samples.len());
    assert_eq!(toll.expired, 0, "{name}: nothing waits for so long");
    assert_eq!(toll.shed, 0, "{name}: nobody is away for so long that a message is refused");
    let by_pools = refused.checked_sub(toll.refusals()).expect("who is refused by an actor is told so");
    let refusals = || samples.iter().filter(|sample| sample.refused).collect::<Vec<_>>();
    let bound = poisoned * target.shared_by as u64 + toll.shed_by_pools * GUESTS as u64;
    assert!(by_pools <= bound, "{name}: {by_pools} by pools, {toll:?}, {:?}", refusals());
    let own = if target.shared_by == 0 { poisoned } else { 0 };
    assert_eq!(toll.crashed, own + lost.iter().sum::<usize>() as u64, "{name}: {toll:?}, lost {lost:?}");
    assert!(lost.iter().all(|&lost| lost <= GUESTS + 1), "{name}: lost {lost:?}");
    refused
}

/// What no fault touched was answered as fast as the same is in the calm before and after.
#[track_caller]
fn assert_not_slower(mut chaos: Vec<Duration>, mut calm: Vec<Duration>) {
    let requests = (chaos.len(), calm.len());
    let (chaos, calm) = (ninety_ninth(&mut chaos), ninety_ninth(&mut calm));
    let ratio = chaos.as_secs_f64() / calm.as_secs_f64();
    println!(
        "99th percentile of what was not broken: {chaos:.2?}, in calm times {calm:.2?}: {ratio:.2} ({requests:?})"
    );
    assert!(ratio <= TOLERABLE, "{ratio}");
}

fn ninety_ninth(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * 99 / 100]
}
