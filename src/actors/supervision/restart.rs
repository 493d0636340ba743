//! When to restart, how long to wait before, and when to give up.
//!
//! Everything here is a pure function of what it is told: no clock is read and no dice are thrown.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Which ends of an incarnation are followed by a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// All of them.
    Permanent,
    /// Abnormal ones: a panic, a factory that failed. An actor that stops itself has finished.
    Transient,
    /// None.
    Temporary,
}

/// Delays that grow from restart to restart and are spread by chance, so that replicas do not return in step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The delay before the first restart.
    pub initial: Duration,
    /// The longest delay.
    pub max: Duration,
    /// What each further delay is multiplied by.
    pub factor: f64,
    /// The share of a delay, between 0 and 1, that chance may take away.
    pub jitter: f64,
}

impl Default for Backoff {
    /// 20 ms, doubling up to 30 s, of which chance takes up to a half.
    fn default() -> Self {
        Backoff { initial: Duration::from_millis(20), max: Duration::from_secs(30), factor: 2.0, jitter: 0.5 }
    }
}

impl Backoff {
    /// The delay before the `attempt`-th restart, counted from 1; `chance` lies between 0 and 1.
    pub fn delay(&self, attempt: usize, chance: f64) -> Duration {
        let growth = self.factor.powi(attempt.saturating_sub(1).min(1000) as i32);
        let seconds = (self.initial.as_secs_f64() * growth).min(self.max.as_secs_f64());
        Duration::try_from_secs_f64(seconds * (1.0 - self.jitter * chance)).unwrap_or(self.max)
    }
}

/// The rules by which a [`Ledger`] decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RestartPolicy {
    /// Which ends are followed by a restart.
    pub restart: Restart,
    /// How many restarts `period` may see.
    pub max_restarts: usize,
    /// The stretch of time in which restarts are counted.
    pub period: Duration,
    /// The delays between restarts.
    pub backoff: Backoff,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        RestartPolicy {
            restart: Restart::Permanent,
            max_restarts: 10,
            period: Duration::from_secs(60),
            backoff: Backoff::default(),
        }
    }
}

/// How an incarnation ended, as far as the decision depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whether it panicked or could not be made, rather than stopped itself.
    pub abnormal: bool,
    /// Whether it had answered a message before.
    pub served: bool,
}

/// What is to follow the end of an incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A new incarnation after this delay.
    Restart(Duration),
    /// None for now: the actor has failed.
    Fail,
    /// None at all: the actor has finished.
    Stop,
}

/// Remembers recent restarts and decides about the next.
///
/// After [`Verdict::Fail`] the actor is on probation: the next incarnation has to answer a message before
/// it ends, else it has failed again at once, whatever the intensity would allow.
///
/// Invariants: within any `period` there are no more than `max_restarts` restarts before a failure, so no more of them
/// than that are remembered; after a failure they are counted anew.
#[derive(Debug)]
pub struct Ledger {
    policy: RestartPolicy,
    recent: VecDeque<Instant>,
    on_probation: bool,
}

impl Ledger {
    /// An empty ledger that decides by `policy`.
    pub fn new(policy: RestartPolicy) -> Self {
        Ledger { policy, recent: VecDeque::new(), on_probation: false }
    }

    /// Forgets the past; an operator has taken responsibility.
    pub fn clear(&mut self) {
        self.recent.clear();
        self.on_probation = false;
    }

    /// Decides what follows an end seen at `now`; `chance`, between 0 and 1, spreads the delay.
    pub fn decide(&mut self, ended: Ended, now: Instant, chance: f64) -> Verdict {
        match self.policy.restart {
            Restart::Permanent => {}
            Restart::Transient if ended.abnormal => {}
            Restart::Transient | Restart::Temporary => return Verdict::Stop,
        }
        if self.on_probation && !ended.served {
            return Verdict::Fail;
        }
        self.on_probation = false;
        self.forget_before(now);
        self.recent.push_back(now);
        if self.recent.len() > self.policy.max_restarts {
            self.recent.clear();
            self.on_probation = true;
            return Verdict::Fail;
        }
        Verdict::Restart(self.policy.backoff.delay(self.recent.len(), chance))
    }

    fn forget_before(&mut self, now: Instant) {
        let period = self.policy.period;
        while self.recent.front().is_some_and(|&at| now.saturating_duration_since(at) > period) {
            self.recent.pop_front();
        }
    }
}
