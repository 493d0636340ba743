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
use crate::guest::{About, Sample};
use crate::harness::TestServer;
use crate::target::Target;
use crate::toll::Toll;

/// Clients at once.
const GUESTS: usize = 16;

/// Requests under faults, at least.
const REQUESTS: usize = 10_000;

/// How long messages in flight may go on after a neighbour panicked: `ActorSpec::grace`.
const GRACE: Duration = Duration::from_secs(1);

/// What 99 of 100 requests to what is not broken may take, as a multiple of what they take while nothing is.
const TOLERABLE: f64 = 3.0;

/// Less than this tells nothing on a machine that does other things besides; three times as much is one stall (`STALL` of
/// the victims), by which a fault that reaches others shows.
const FLOOR: Duration = Duration::from_millis(50);

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
    let mut ratios = Vec::new();
    let mut refused = 0;
    for _ in 0..rounds {
        let mut targets = Target::all(server.backend());
        random.shuffle(&mut targets);
        let share = REQUESTS / targets.len() + 1;
        let mut calm = crowd.act(share / 4, async |_| ()).await.0;
        for target in &targets {
            let before = Toll::of(server.backend());
            let (samples, poisoned) = crowd.act(share, |samples| target.suffer(&mut random, samples, share)).await;
            let toll = Toll::of(server.backend()).since(before);
            refused += assert_paid_for(target, &samples, toll, poisoned);
            let after = crowd.act(share / 4, async |_| ()).await.0;
            assert!(calm.iter().chain(&after).all(|sample| !sample.refused), "nothing was broken, and yet refused");
            ratios.extend(slowed_down(target, &samples, calm.iter().chain(&after)));
            calm = after;
        }
    }
    println!("{refused} refused; 99th percentiles of what was not broken, calm to chaos: {ratios:.2?}");
    ratios.sort_unstable_by(f64::total_cmp);
    // In a phase that leaves only probes alone, two hiccups of the machine are the 99th percentile: one such may be.
    assert!(ratios[ratios.len().saturating_sub(2)] <= TOLERABLE, "{ratios:?}");

    reckoning::assert_all_is_well(&server).await;
    reckoning::assert_nothing_is_lost(&server, crowd).await;
    drop(server);
    reckoning::assert_threads_end(threads);
}

/// Every refusal is one that an actor counted or that a pool was made to cause, and every one is paid for by a fault. How
/// many there were.
///
/// A refused message is one refused request, since a request ends with the first. What faults may cost besides the messages
/// they poison are neighbours: an actor that stops itself takes with it what is in flight, at most one message of each
/// client, and any other end what does not finish within the grace; such a request has taken at least as long. A poisoned job of a pool fails those who share it;
/// one of nobody's, or of a commit, which is tried again, fails none.
#[track_caller]
fn assert_paid_for(target: &Target, samples: &[Sample], toll: Toll, poisoned: u64) -> u64 {
    let refused = samples.iter().filter(|sample| sample.refused).count() as u64;
    let name = target.name;
    println!("{name}: {} requests, {refused} refused, {poisoned} messages poisoned, {toll:?}", samples.len());
    assert_eq!(toll.expired, 0, "{name}: nothing waits for so long");
    let by_pools = refused.checked_sub(toll.refusals()).expect("who is refused by an actor is told so");
    assert!(by_pools <= poisoned * target.shared_by as u64, "{name}: {by_pools} were refused by pools, {toll:?}");
    let own = if target.shared_by == 0 { poisoned } else { 0 };
    assert!(toll.crashed >= own, "{name}: {toll:?}");
    let missed_the_grace = samples.iter().filter(|sample| sample.refused && sample.took >= GRACE).count() as u64;
    // Where the store fails it, AuditActor stops itself, too.
    let stops = if target.shared_by > 0 { toll.ends } else { target.stops };
    let (neighbours, rings) = (toll.crashed - own + toll.shed, toll.unheard);
    let bound = stops * GUESTS as u64 + missed_the_grace + rings;
    assert!(neighbours <= bound, "{name}: {neighbours} neighbours of {bound}, {toll:?}");
    refused
}

/// How much slower what is not broken was than it is in calm times; `None` if everything is broken.
fn slowed_down<'s>(target: &Target, chaos: &[Sample], calm: impl Iterator<Item = &'s Sample>) -> Option<f64> {
    // A sign-in takes as long as the hash, and as those before it in the queue: chance decides how many these are.
    let untouched = |sample: &&Sample| !target.touches(sample.about) && sample.about != About::SignIn;
    let chaos = ninety_ninth(chaos.iter().filter(untouched))?;
    let calm = ninety_ninth(calm.filter(untouched))?.max(FLOOR);
    Some(chaos.as_secs_f64() / calm.as_secs_f64())
}

fn ninety_ninth<'s>(samples: impl Iterator<Item = &'s Sample>) -> Option<Duration> {
    let mut times: Vec<Duration> = samples.map(|sample| sample.took).collect();
    times.sort_unstable();
    times.get((times.len().max(1) - 1) * 99 / 100).copied()
}
