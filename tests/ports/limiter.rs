//! What every limiter owes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use clientele::limiter::governor::GovernorLimiter;
use clientele::limiter::redis::RedisLimiter;
use clientele::limiter::{Decision, Limiter, Quota, Subject};
use clientele::model::id::UserId;
use clientele::model::time::{Clock, Time};

/// A limiter and the clock it goes by.
struct Bench {
    limiter: Arc<dyn Limiter>,
    clock: Clock,
}

impl Bench {
    async fn check(&self, subject: Subject, quota: &Quota) -> Decision {
        self.limiter.check(subject, quota).await.expect("the backend is there")
    }

    async fn spend(&self, subject: Subject, quota: &Quota) {
        for number in 1..=quota.burst {
            let decision = self.check(subject, quota).await;
            assert!(decision.allowed, "{number} of {}: {decision:?}", quota.burst);
        }
    }
}

const HUNDRED: Quota = Quota { name: "default", burst: 100, window: Duration::from_secs(900) };
/// Its interval is no whole number of milliseconds.
const UNEVEN: Quota = Quota { name: "uneven", burst: 7, window: Duration::from_secs(10) };
const ONE: Quota = Quota { name: "one", burst: 1, window: Duration::from_secs(60) };
const OFF: Quota = Quota { name: "off", burst: 0, window: Duration::from_secs(60) };

fn user() -> Subject {
    Subject::User(UserId::new(Time::from_millis(0)))
}

fn address(text: &str) -> Subject {
    Subject::Address(text.parse::<IpAddr>().expect("an address"))
}

async fn a_burst_is_let_in_and_one_more_is_not(bench: Bench) {
    for quota in [HUNDRED, UNEVEN, ONE] {
        let subject = user();
        bench.spend(subject, &quota).await;
        let refused = bench.check(subject, &quota).await;
        assert!(!refused.allowed && refused.remaining == 0, "{refused:?}");
        assert_eq!(refused.quota, quota);
    }
}

async fn figures_tell_what_is_left_and_when_all_is_back(bench: Bench) {
    let subject = user();
    for taken in 1..=HUNDRED.burst {
        let decision = bench.check(subject, &HUNDRED).await;
        assert_eq!(decision.remaining, HUNDRED.burst - taken);
        assert_eq!(decision.reset, Duration::from_secs(9) * taken);
        assert_eq!(decision.retry_after, Duration::ZERO);
    }
    let refused = bench.check(subject, &HUNDRED).await;
    assert_eq!((refused.retry_after, refused.reset), (Duration::from_secs(9), HUNDRED.window));
}

async fn who_waits_as_long_as_told_is_let_in_and_who_comes_a_millisecond_early_is_not(bench: Bench) {
    for quota in [HUNDRED, UNEVEN, ONE] {
        let subject = user();
        bench.spend(subject, &quota).await;
        let refused = bench.check(subject, &quota).await;
        assert!(refused.retry_after > Duration::ZERO, "{refused:?}");
        bench.clock.advance(refused.retry_after - Duration::from_millis(1));
        let early = bench.check(subject, &quota).await;
        assert!(!early.allowed, "{refused:?} {early:?}");
        assert_eq!(early.retry_after, Duration::from_millis(1));
        bench.clock.advance(early.retry_after);
        let on_time = bench.check(subject, &quota).await;
        assert!(on_time.allowed, "{refused:?} {on_time:?}");
    }
}

async fn after_the_reset_the_whole_burst_is_back(bench: Bench) {
    for quota in [HUNDRED, UNEVEN, ONE] {
        let subject = user();
        bench.spend(subject, &quota).await;
        let refused = bench.check(subject, &quota).await;
        assert!(refused.reset <= quota.window + Duration::from_millis(1), "{refused:?}");
        bench.clock.advance(refused.reset + Duration::from_millis(1));
        bench.spend(subject, &quota).await;
    }
}

async fn the_bucket_refills_evenly(bench: Bench) {
    let subject = user();
    bench.spend(subject, &HUNDRED).await;
    bench.clock.advance(Duration::from_secs(90));
    let mut let_in = 0;
    while bench.check(subject, &HUNDRED).await.allowed {
        let_in += 1;
    }
    assert_eq!(let_in, 10);
}

async fn subjects_and_quotas_have_buckets_of_their_own(bench: Bench) {
    let (one, other) = (user(), user());
    bench.spend(one, &UNEVEN).await;
    assert!(!bench.check(one, &UNEVEN).await.allowed);
    assert!(bench.check(other, &UNEVEN).await.allowed);
    assert!(bench.check(one, &HUNDRED).await.allowed);
    let same_name = Quota { burst: 9, ..UNEVEN };
    assert!(bench.check(one, &same_name).await.allowed);
}

async fn addresses_of_one_client_share_a_bucket(bench: Bench) {
    bench.spend(address("2001:db8:0:1::1"), &ONE).await;
    assert!(!bench.check(address("2001:db8:0:1:dead:beef::2"), &ONE).await.allowed);
    assert!(bench.check(address("2001:db8:0:2::1"), &ONE).await.allowed);
    bench.spend(address("192.0.2.1"), &ONE).await;
    assert!(!bench.check(address("::ffff:192.0.2.1"), &ONE).await.allowed);
}

async fn a_burst_of_zero_is_no_limit(bench: Bench) {
    let subject = user();
    for _ in 0..1_000 {
        assert_eq!(bench.check(subject, &OFF).await, Decision::unlimited(OFF));
    }
}

async fn workers_share_one_budget(bench: Bench) {
    let subject = user();
    let workers = (0..8).map(|_| {
        let limiter = Arc::clone(&bench.limiter);
        tokio::spawn(async move {
            let mut let_in = 0;
            for _ in 0..50 {
                let_in += u32::from(limiter.check(subject, &HUNDRED).await.expect("the backend is there").allowed);
            }
            let_in
        })
    });
    let mut let_in = 0;
    for worker in workers.collect::<Vec<_>>() {
        let_in += worker.await.expect("a worker does not panic");
    }
    assert_eq!(let_in, HUNDRED.burst);
}

async fn an_answer_without_waiting_counts_as_any_other(bench: Bench) {
    let subject = user();
    if let Some(decision) = bench.limiter.check_now(subject, &HUNDRED) {
        assert_eq!(decision.remaining, 99);
        assert_eq!(bench.check(subject, &HUNDRED).await.remaining, 98);
    }
}

fn clock() -> Clock {
    Clock::manual(Time::from_millis(1_774_260_000_000))
}

fn embedded() -> Bench {
    let clock = clock();
    Bench { limiter: Arc::new(GovernorLimiter::with_clock(clock.clone())), clock }
}

fn on_redis() -> Bench {
    let clock = clock();
    Bench { limiter: Arc::new(RedisLimiter::with_clock(super::redis::link(), clock.clone())), clock }
}

/// Runs the suite on all backends.
macro_rules! suite {
    ($($test:ident),+ $(,)?) => {
        suite!(governor, super::embedded(), [$($test),+]);
        suite!(redis, super::on_redis(), [$($test),+]);
    };
    ($backend:ident, $make:expr, [$($test:ident),+]) => {
        mod $backend {
            $(#[tokio::test]
            async fn $test() {
                super::$test($make).await;
            })+
        }
    };
}

suite!(
    a_burst_is_let_in_and_one_more_is_not,
    figures_tell_what_is_left_and_when_all_is_back,
    who_waits_as_long_as_told_is_let_in_and_who_comes_a_millisecond_early_is_not,
    after_the_reset_the_whole_burst_is_back,
    the_bucket_refills_evenly,
    subjects_and_quotas_have_buckets_of_their_own,
    addresses_of_one_client_share_a_bucket,
    a_burst_of_zero_is_no_limit,
    workers_share_one_budget,
    an_answer_without_waiting_counts_as_any_other,
);
