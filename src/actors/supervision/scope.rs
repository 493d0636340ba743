//! What a message carries beside its content: until when its answer is of use, and the trace it belongs to.
//!
//! Both are ambient. [`Mailbox::ask`](super::Mailbox::ask) and [`Pool::ask`](super::Pool::ask) take them along, and
//! whatever runs for the message runs in its scope: the handler, each poll of its [`Isolated`](super::Isolated) answer,
//! the job in a pool. What is asked in there picks them up in turn.
//!
//! Invariants: an ask never outlives the one that it is made for; a span is opened only within a trace, which somebody
//! outside begins by a scope with a span of his own; a scope is left when its work returns, also by a panic.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use tracing::Span;
use tracing::field::Empty;

use super::tally::short_name;
use super::{ActorSpec, AskError, Deadline};

thread_local! {
    static AMBIENT: Cell<Ambient> = const { Cell::new(Ambient { deadline: None, traced: false }) };
}

/// What is known without asking the tracing subscriber, which costs more than all the rest.
#[derive(Clone, Copy)]
struct Ambient {
    deadline: Option<Deadline>,
    traced: bool,
}

/// What work is done for: a deadline and a span, each of which there may be none.
#[derive(Clone, Debug)]
pub struct Scope {
    deadline: Option<Deadline>,
    span: Span,
}

impl Scope {
    /// A scope; one whose span is not [disabled](Span::is_disabled) is a trace, in which each ask gets a span of its own.
    pub fn new(deadline: Option<Deadline>, span: Span) -> Self {
        Scope { deadline, span }
    }

    /// The scope of what runs now.
    pub fn current() -> Self {
        let deadline = AMBIENT.get().deadline;
        Scope { deadline, span: span_in_trace(Span::current) }
    }

    /// Does `work` in this scope.
    pub fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        let traced = !self.span.is_disabled();
        let _left = Left(AMBIENT.replace(Ambient { deadline: self.deadline, traced }));
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
