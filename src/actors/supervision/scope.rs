//! What a message carries beside its content: until when its answer is of use, when the work it is part of began, and the
//! trace it belongs to.
//!
//! All are ambient. [`Mailbox::ask`](super::Mailbox::ask) and [`Pool::ask`](super::Pool::ask) take them along, and
//! whatever runs for the message runs in its scope: the handler, each poll of its [`Isolated`](super::Isolated) answer,
//! the job in a pool. What is asked in there picks them up in turn.
//!
//! Invariants: an ask never outlives the one that it is made for; a span is opened only within a trace, which somebody
//! outside begins by a scope with a span of his own; a scope is left when its work returns, also by a panic.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tracing::Span;
use tracing::field::Empty;

use super::tally::short_name;
use super::{ActorSpec, AskError, Deadline};

thread_local! {
    static AMBIENT: Cell<Ambient> = const { Cell::new(Ambient { deadline: None, begun: None, traced: false }) };
}

/// What is known without asking the tracing subscriber, which costs more than all the rest.
#[derive(Clone, Copy)]
struct Ambient {
    deadline: Option<Deadline>,
    begun: Option<Instant>,
    traced: bool,
}

/// What work is done for: since when, and a deadline and a span, each of which there may be none.
#[derive(Clone, Debug)]
pub struct Scope {
    deadline: Option<Deadline>,
    begun: Instant,
    span: Span,
}

impl Scope {
    /// A scope; one whose span is not [disabled](Span::is_disabled) is a trace, in which each ask gets a span of its own.
    /// Its work began when that did which runs now, or now where nothing does.
    pub fn new(deadline: Option<Deadline>, span: Span) -> Self {
        Scope { deadline, begun: work_began(), span }
    }

    /// The scope of what nobody waits for: work of its own, which begins now.
    pub(super) fn apart() -> Self {
        Scope { deadline: None, begun: Instant::now(), span: Span::none() }
    }

    /// The scope of what runs now.
    pub fn current() -> Self {
        Scope { deadline: current_deadline(), begun: work_began(), span: span_in_trace(Span::current) }
    }

    /// Does `work` in this scope.
    pub fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        let traced = !self.span.is_disabled();
        let ambient = Ambient { deadline: self.deadline, begun: Some(self.begun), traced };
        let _left = Left(AMBIENT.replace(ambient));
        let _span = traced.then(|| self.span.enter());
        work()
    }

    /// Does the work of `future` in this scope.
    pub async fn around<F: Future>(&self, mut future: Pin<&mut F>) -> F::Output {
        poll_fn(|task| self.run(|| future.as_mut().poll(task))).await
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// Notes how long the message had to wait.
    pub(super) fn delivered(&self, wait: Duration) {
        if !self.span.is_disabled() {
            self.span.record("wait_us", u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// Notes why there is no answer.
    pub(super) fn failed(&self, error: &AskError) {
        if !self.span.is_disabled() {
            self.span.record("otel.status_code", "ERROR");
            self.span.record("error.type", error.kind());
        }
    }
}

/// Brings back the scope of before.
struct Left(Ambient);

impl Drop for Left {
    fn drop(&mut self) {
        AMBIENT.set(self.0);
    }
}

/// Opens a span, if what runs now belongs to a trace. Costs some nanoseconds if not.
pub fn span_in_trace(open: impl FnOnce() -> Span) -> Span {
    if AMBIENT.get().traced { open() } else { Span::none() }
}

/// When the work began that runs now: the outermost ask, or the scope that somebody outside made for all of it. Now, if
/// nothing is worked on. By the machine's own clock, also where tests turn the runtime's.
pub fn work_began() -> Instant {
    AMBIENT.get().begun.unwrap_or_else(Instant::now)
}

/// The deadline of what runs now.
pub(super) fn current_deadline() -> Option<Deadline> {
    AMBIENT.get().deadline
}

/// The span of an `M` on its way to an actor, through the mailbox and the handler, to the answer.
pub(super) fn ask_span<M>(actor: &ActorSpec) -> Span {
    span_in_trace(|| {
        let message = short_name::<M>();
        tracing::info_span!(
            "ask",
            otel.name = format!("ask {message}"),
            actor = actor.name,
            replica = actor.replica,
            message,
            wait_us = Empty,
            otel.status_code = Empty,
            "error.type" = Empty,
        )
    })
}

/// The span of an `M` that is a job, from the queue of its pool to the answer.
pub(super) fn job_span<M>(pool: &str) -> Span {
    span_in_trace(|| {
        let message = short_name::<M>();
        tracing::info_span!(
            "job",
            otel.name = format!("job {message}"),
            pool,
            message,
            wait_us = Empty,
            otel.status_code = Empty,
            "error.type" = Empty,
        )
    })
}
