//! The signs of life of one actor, readable from every thread.
//!
//! The cell and its incarnation write; mailboxes and views read. All of it is relaxed atomics but for the
//! last failure: a view may be a moment old, and none ever waits for the actor.
//!
//! Invariants: only whoever serves the mailbox writes, but for the tallies of what is refused; an actor is up or down since
//! some time, never both; it is told to be stalled only if nothing was taken for that long although something waited, or
//! its code did not return.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::clock::Moment;
use super::error::{LONGEST_RETRY, SHORTEST_RETRY};
use super::guard::Panic;
use super::tally::Tallies;
use super::{ActorSpec, ActorStatus, Emitter, Failure, FailureKind, Happening, RestartCause, StartError, State};

/// An actor that is away for less than this is still called ready.
const SHORT_ABSENCE: Duration = Duration::from_secs(1);

pub(super) struct Vitals {
    pub(super) spec: ActorSpec,
    pub(super) emitter: Emitter,
    pub(super) tallies: Tallies,
    pub(super) in_flight: AtomicUsize,
    /// Messages that were accepted and will not be answered, since the end was wanted or, unwanted, came.
    pub(super) unanswered: AtomicUsize,
    state: AtomicU8,
    restarts: AtomicU64,
    panics: AtomicU64,
    incarnation: AtomicU64,
    /// The actor came to its end by policy or on request, rather than with its thread.
    finished: AtomicBool,
    up_since: Moment,
    /// Set while no incarnation takes messages although one did before.
    down_since: Moment,
    resumes_at: Moment,
    /// Set while code of the actor runs: since when without a sign of progress.
    busy_since: Moment,
    progressed_at: Moment,
    /// Nanoseconds for each message taken from a backlog; 0: not known yet.
    pace_nanos: AtomicU64,
    last_failure: Mutex<Option<Failure>>,
}

impl Vitals {
    pub(super) fn new(spec: ActorSpec, emitter: Emitter) -> Self {
        let epoch = Instant::now();
        Vitals {
            spec,
            emitter,
            tallies: Tallies::default(),
            in_flight: AtomicUsize::new(0),
            unanswered: AtomicUsize::new(0),
            state: AtomicU8::new(State::Starting as u8),
            restarts: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            incarnation: AtomicU64::new(0),
            finished: AtomicBool::new(false),
            up_since: Moment::unset(epoch),
            down_since: Moment::unset(epoch),
            resumes_at: Moment::unset(epoch),
            busy_since: Moment::unset(epoch),
            progressed_at: Moment::unset(epoch),
            pace_nanos: AtomicU64::new(0),
            last_failure: Mutex::new(None),
        }
    }

    pub(super) fn state(&self) -> State {
        State::from_code(self.state.load(Relaxed))
    }

    /// Shows `state` from now on, and tells of it if it is another than before.
    pub(super) fn enter(&self, state: State) {
        if self.state.load(Relaxed) == state as u8 {
            return;
        }
        let from = State::from_code(self.state.swap(state as u8, Relaxed));
        self.emitter.emit(Happening::StateChanged { from, to: state });
    }

    /// The present pause ends at `until`; unset, only an operator ends it.
    pub(super) fn resume_at(&self, until: Option<Instant>) {
        match until {
            Some(until) => self.resumes_at.set(until),
            None => self.resumes_at.clear(),
        }
    }

    /// When those should come back who are refused in the present pause.
    pub(super) fn retry_after_pause(&self, now: Instant) -> Duration {
        self.resumes_in(now).unwrap_or(LONGEST_RETRY).max(SHORTEST_RETRY)
    }

    /// How long the present pause will last; `None` when nobody knows.
    pub(super) fn resumes_in(&self, now: Instant) -> Option<Duration> {
        Some(self.resumes_at.get()?.saturating_duration_since(now))
    }

    /// An incarnation is to be made; `cause` says why, if there was one before, and `lost` how many messages that took with it.
    pub(super) fn begin_incarnation(&self, cause: Option<RestartCause>, lost: usize) {
        let incarnation = self.incarnation.fetch_add(1, Relaxed) + 1;
        let Some(cause) = cause else { return };
        self.restarts.fetch_add(1, Relaxed);
        self.emitter.emit(Happening::Restarted { incarnation, cause, lost });
    }

    pub(super) fn incarnation(&self) -> u64 {
        self.incarnation.load(Relaxed)
    }

    pub(super) fn up(&self) {
        let now = Instant::now();
        self.up_since.set(now);
        self.down_since.clear();
        self.progressed_at.set(now);
    }

    /// No messages are taken from now on, until the next incarnation is [`up`](Vitals::up).
    pub(super) fn away(&self) {
        if self.up_since.get().is_some() {
            self.down_since.set(Instant::now());
        }
        self.up_since.clear();
    }

    pub(super) fn down(&self) {
        self.away();
        self.busy_since.clear();
        self.in_flight.store(0, Relaxed);
    }

    pub(super) fn finish(&self) {
        self.finished.store(true, Relaxed);
    }

    /// Code of the actor begins to run at `now`.
    pub(super) fn busy(&self, now: Instant) {
        self.busy_since.set(now);
    }

    /// Whether code of the actor runs.
    pub(super) fn is_busy(&self) -> bool {
        self.busy_since.get().is_some()
    }

    /// Whether a message was taken so short a time ago that the actor cannot be stalled.
    pub(super) fn progressed_lately(&self, now: Instant) -> bool {
        self.progressed_at.age(now).is_some_and(|age| age <= self.spec.stall)
    }

    /// Code of the actor has returned.
    pub(super) fn idle(&self) {
        self.busy_since.clear();
    }

    /// A message is taken, just when code of the actor begins to run; `pace` is the time for each, if there is news
    /// of it.
    pub(super) fn progress(&self, pace: Option<Duration>) {
        self.progressed_at.copy(&self.busy_since);
        if let Some(pace) = pace {
            self.pace_nanos.store(u64::try_from(pace.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        }
    }

    /// Whether an incarnation has had a backlog for long enough to know its pace.
    pub(super) fn knows_pace(&self) -> bool {
        self.pace_nanos.load(Relaxed) > 0
    }

    /// When a backlog of `depth` messages will have been worked off, by the recent pace. An actor that has
    /// made no progress for a while is not believed to go on at its old pace.
    pub(super) fn retry_after(&self, depth: usize, now: Instant) -> Duration {
        let pace = Duration::from_nanos(self.pace_nanos.load(Relaxed));
        let expected = pace.saturating_mul(u32::try_from(depth).unwrap_or(u32::MAX));
        let silent = self.progressed_at.age(now).unwrap_or_default();
        expected.max(silent).clamp(SHORTEST_RETRY, LONGEST_RETRY)
    }

    pub(super) fn note_panic(&self) {
        self.panics.fetch_add(1, Relaxed);
    }

    pub(super) fn failed_by_panic(&self, panic: &Panic, during: Option<&'static str>) {
        self.failed(Failure::panic(panic, during));
    }

    pub(super) fn failed_to_start(&self, error: &StartError) {
        self.failed(Failure::now(FailureKind::Start, error.reason(), None, Some("factory")));
    }

    pub(super) fn stopped_itself(&self) {
        self.failed(Failure::now(FailureKind::Stop, "the actor stopped itself".into(), None, None));
    }

    fn failed(&self, failure: Failure) {
        *self.last_failure.lock() = Some(failure);
    }

    pub(super) fn last_failure(&self) -> Option<Failure> {
        self.last_failure.lock().clone()
    }

    /// Whether it is in order that this actor takes no messages any more.
    pub(super) fn is_at_its_end(&self) -> bool {
        self.finished.load(Relaxed) || self.state() == State::Draining
    }

    pub(super) fn status(&self, depth: usize, oldest: Option<Instant>) -> ActorStatus {
        let now = Instant::now();
        let state = self.state();
        let stalled = self.stalled(oldest, now);
        ActorStatus {
            name: self.spec.name.clone(),
            replica: self.spec.replica,
            state,
            ready: stalled.is_none() && self.takes_messages(state, now),
            stalled,
            mailbox_depth: depth,
            mailbox_bound: self.spec.mailbox,
            oldest: oldest.map(|at| now.saturating_duration_since(at)),
            in_flight: self.in_flight.load(Relaxed),
            restarts: self.restarts.load(Relaxed),
            panics: self.panics.load(Relaxed),
            incarnation: self.incarnation(),
            uptime: self.up_since.age(now).unwrap_or_default(),
            last_failure: self.last_failure(),
            messages: self.tallies.statuses(),
        }
    }

    fn takes_messages(&self, state: State, now: Instant) -> bool {
        match state {
            State::Running => true,
            // A short restart is routine; an actor that has never run is not there yet.
            State::Starting => self.down_since.age(now).is_some_and(|away| away < SHORT_ABSENCE),
            State::BackingOff => {
                let away = self.down_since.age(now).zip(self.resumes_in(now));
                away.is_some_and(|(since, left)| since + left < SHORT_ABSENCE)
            }
            State::Failed | State::Suspended | State::Draining | State::Stopped => false,
        }
    }

    /// No progress for too long: either the actor's code does not return, or nobody takes what waits.
    pub(super) fn stalled(&self, oldest: Option<Instant>, now: Instant) -> Option<Duration> {
        let busy = self.busy_since.age(now);
        let waiting = match (self.state(), oldest) {
            (State::Running | State::Draining, Some(oldest)) => {
                let since = self.progressed_at.get().map_or(oldest, |at| at.max(oldest));
                Some(now.saturating_duration_since(since))
            }
            _ => None,
        };
        busy.max(waiting).filter(|&silent| silent > self.spec.stall)
    }
}
