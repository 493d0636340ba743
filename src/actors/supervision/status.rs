//! What operators, readiness and tests are shown of actors and pools.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::guard::Panic;
use super::{Distribution, State};

/// One actor at one moment.
#[derive(Clone, Debug)]
pub struct ActorStatus {
    /// The name shared by all replicas.
    pub name: String,
    /// Which replica this is.
    pub replica: usize,
    /// What the actor is doing.
    pub state: State,
    /// Whether messages sent now will be taken soon.
    pub ready: bool,
    /// For how long there has been no progress although messages wait, when that is longer than allowed.
    pub stalled: Option<Duration>,
    /// Messages waiting.
    pub mailbox_depth: usize,
    /// Messages that may wait.
    pub mailbox_bound: usize,
    /// The age of the message that waits longest.
    pub oldest: Option<Duration>,
    /// Asynchronous handlers at work.
    pub in_flight: usize,
    /// Incarnations that followed another one.
    pub restarts: u64,
    /// Panics caught, wherever in the actor.
    pub panics: u64,
    /// The number of the present incarnation, counted from 1; 0 before the first.
    pub incarnation: u64,
    /// How long the present incarnation has been taking messages; zero while there is none.
    pub uptime: Duration,
    /// Why the actor ended last.
    pub last_failure: Option<Failure>,
    /// What became of its messages, by type, sorted by name.
    pub messages: Vec<MessageStatus>,
}

impl ActorStatus {
    /// Name and replica, as in `customers/1`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.name, self.replica)
    }
}

/// Messages of one type that one actor was sent.
#[derive(Clone, Debug)]
pub struct MessageStatus {
    /// The message type, without its path.
    pub name: &'static str,
    /// Answered.
    pub ok: u64,
    /// Ended by a panic, or together with their incarnation.
    pub crashed: u64,
    /// Skipped because their deadline had passed.
    pub expired: u64,
    /// Skipped because nobody waited for the answer any more.
    pub abandoned: u64,
    /// Refused, or dropped unhandled, by a full, failed or stopped actor.
    pub shed: u64,
    /// How long they were in the mailbox.
    pub wait: Distribution,
    /// How long it took from ask to answer.
    pub total: Distribution,
    /// Median time in the mailbox.
    pub wait_p50: Duration,
    /// 99th percentile of the time in the mailbox.
    pub wait_p99: Duration,
    /// Median time from ask to answer.
    pub total_p50: Duration,
    /// 99th percentile of the time from ask to answer.
    pub total_p99: Duration,
}

/// How an incarnation ended that was not meant to.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The sort of end.
    pub kind: FailureKind,
    /// The panic's message or the factory's error. Fit for logs, not for clients.
    pub reason: Arc<str>,
    /// The panic's place, as `file:line`.
    pub location: Option<Arc<str>>,
    /// What was being done: a message type, `factory` or `started`.
    pub during: Option<&'static str>,
    /// When.
    pub at: SystemTime,
}

/// The sort of end an incarnation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It panicked.
    Panic,
    /// It could not be made.
    Start,
    /// It stopped itself.
    Stop,
}

impl Failure {
    /// A failure that happens now.
    pub(super) fn now(
        kind: FailureKind,
        reason: Arc<str>,
        location: Option<Arc<str>>,
        during: Option<&'static str>,
    ) -> Self {
        #[expect(clippy::disallowed_methods, reason = "told to operators; nothing is decided by it")]
        let at = SystemTime::now();
        Failure { kind, reason, location, during, at }
    }

    /// A panic that happens now.
    pub(super) fn panic(panic: &Panic, during: Option<&'static str>) -> Self {
        let location = Some(panic.location.clone()).filter(|location| !location.is_empty());
        Failure::now(FailureKind::Panic, panic.reason.clone(), location, during)
    }
}

impl FailureKind {
    /// The name used in logs, metrics and views.
    pub const fn as_str(self) -> &'static str {
        match self {
            FailureKind::Panic => "panic",
            FailureKind::Start => "start",
            FailureKind::Stop => "stop",
        }
    }
}

/// One pool at one moment.
#[derive(Clone, Debug)]
pub struct PoolStatus {
    /// The pool's name.
    pub name: String,
    /// Threads the pool was started with.
    pub threads_expected: usize,
    /// Threads that take jobs.
    pub threads_live: usize,
    /// Threads that were stuck with a job for too long; others have taken their places.
    pub threads_stuck: usize,
    /// Threads that ended by themselves.
    pub threads_lost: u64,
    /// Threads started in the place of others.
    pub threads_replaced: u64,
    /// Jobs waiting.
    pub queue_depth: usize,
    /// Jobs that may wait.
    pub queue_bound: usize,
    /// The age of the job that waits longest.
    pub oldest: Option<Duration>,
    /// Jobs at work.
    pub running: usize,
    /// For how long the longest job has been at work, when that is longer than allowed and its thread not replaced.
    pub stalled: Option<Duration>,
    /// Jobs answered.
    pub done: u64,
    /// Jobs that panicked.
    pub panics: u64,
    /// Times that all workers were to be made anew, for an operator.
    pub restarts: u64,
    /// Why a job, a worker's making or a thread failed last.
    pub last_failure: Option<Failure>,
    /// Jobs refused because the queue was full.
    pub shed: u64,
    /// Jobs skipped because their deadline had passed.
    pub expired: u64,
    /// Jobs skipped because nobody waited for the answer any more.
    pub abandoned: u64,
    /// How long jobs were in the queue that were taken up.
    pub wait: Distribution,
    /// How long they were at work.
    pub run: Distribution,
    /// Median time at work.
    pub run_p50: Duration,
    /// 99th percentile of the time at work.
    pub run_p99: Duration,
}

impl PoolStatus {
    /// Whether as many threads as there should be live and none of them is stuck.
    pub fn ready(&self) -> bool {
        self.threads_live == self.threads_expected && self.stalled.is_none()
    }
}
