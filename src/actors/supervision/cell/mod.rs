//! The durable side of an actor: it outlives the incarnations, drives them, and decides what follows their ends.
//!
//! [`Cell::run`] alternates between lives and pauses (`phases.rs`), and in each of them obeys commands (`orders.rs`).

mod orders;
mod phases;

use actix::{Actor, Context};
use futures_util::future::LocalBoxFuture;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::time::Instant;

use self::orders::Draining;
use super::control::{Drained, Visit};
use super::guard::discard;
use super::incarnation::End;
use super::restart::{Ended, Ledger, Verdict};
use super::tenancy::Tenancy;
use super::ties::Membership;
use super::vitals::Vitals;
use super::{Happening, RestartCause, StartError, State};

/// Makes incarnations. It is asynchronous, so that an actor connects before it takes its first message.
pub(super) type Factory<A> = Box<dyn Fn() -> LocalBoxFuture<'static, Result<A, StartError>> + Send>;

/// Boxes what makes incarnations.
pub(super) fn boxed<A, F, Fut>(factory: F) -> Factory<A>
where
    F: Fn() -> Fut + Send + 'static,
    Fut: Future<Output = Result<A, StartError>> + 'static,
{
    Box::new(move || Box::pin(factory()))
}

/// The task behind a mailbox.
///
/// Invariants: while it runs, no message is lost but by a panic of its own handler, by its deadline, or told so;
/// foreign code runs only under a guard; when it is dropped, the mailbox is closed.
pub(super) struct Cell<A: Actor<Context = Context<A>>> {
    tenancy: Tenancy<A>,
    factory: Factory<A>,
    ledger: Ledger,
    /// Its place among those it depends on, or who depend on it.
    membership: Option<Membership>,
    /// Why the next incarnation is made, if it is not the first.
    cause: Option<RestartCause>,
    /// Messages that went down with the incarnation before.
    lost: usize,
    /// Visits that wait for the incarnation that is being made.
    visits: Vec<Visit<A>>,
    suspended: bool,
    draining: Option<Draining>,
}

/// How a life went.
struct Life {
    end: End,
    served: bool,
    /// Messages in flight that went down with it.
    lost: usize,
}

/// What follows a life.
enum Next {
    Live,
    Pause(State, Option<Duration>),
    Finish,
}

impl<A: Actor<Context = Context<A>>> Cell<A> {
    pub(super) fn new(tenancy: Tenancy<A>, factory: Factory<A>, membership: Option<Membership>) -> Self {
        Cell {
            ledger: Ledger::new(tenancy.vitals.spec.policy),
            tenancy,
            factory,
            membership,
            cause: None,
            lost: 0,
            visits: Vec::new(),
            suspended: false,
            draining: None,
        }
    }

    /// Lives, dies and lives again, until the actor is drained or has finished.
    pub(super) async fn run(mut self) {
        loop {
            let life = self.live().await;
            self.vitals().down();
            self.note(&life.end);
            self.tell_group(&life.end);
            self.lost = life.lost;
            if self.draining.is_some() {
                self.vitals().unanswered.fetch_add(life.lost, Relaxed);
            }
            if let End::Drained { timed_out } = life.end {
                return self.finish(timed_out);
            }
            match self.next(&life) {
                Next::Live => {}
                Next::Pause(state, delay) => {
                    if let Some(End::Drained { timed_out }) = self.pause(state, delay).await {
                        return self.finish(timed_out);
                    }
                }
                Next::Finish => return self.finish(false),
            }
        }
    }

    fn next(&mut self, life: &Life) -> Next {
        let abnormal = match life.end {
            End::Panicked(..) | End::StartFailed(_) => true,
            End::Stopped | End::Drained { .. } => false,
            End::Replaced => {
                if matches!(self.cause, Some(RestartCause::Operator)) {
                    self.ledger.clear();
                }
                return Next::Live;
            }
        };
        let ended = Ended { abnormal, served: life.served };
        let verdict = self.ledger.decide(ended, Instant::now(), fastrand::f64());
        self.log(verdict);
        let spec = &self.vitals().spec;
        match verdict {
            Verdict::Restart(delay) => Next::Pause(State::BackingOff, Some(delay)),
            Verdict::Stop => Next::Finish,
            // What was accepted is still to be answered: the deadline of the drain ends this, not the intensity.
            Verdict::Fail if self.draining.is_some() => Next::Pause(State::BackingOff, Some(spec.policy.backoff.max)),
            Verdict::Fail => {
                if let Some(membership) = &self.membership {
                    membership.failed();
                }
                Next::Pause(State::Failed, spec.cool_down)
            }
        }
    }

    fn note(&mut self, end: &End) {
        match end {
            End::Panicked(panic, during) => self.vitals().failed_by_panic(panic, *during),
            End::StartFailed(error) => self.vitals().failed_to_start(error),
            End::Stopped => self.vitals().stopped_itself(),
            End::Replaced | End::Drained { .. } => return,
        }
        self.cause = self.vitals().last_failure().map(RestartCause::Failure);
    }

    /// Once this actor drains, its end is foreseen, and nobody is to be replaced for it.
    fn tell_group(&self, end: &End) {
        let unforeseen = matches!(end, End::Panicked(..) | End::StartFailed(_) | End::Stopped);
        if let Some(membership) = &self.membership {
            membership.ended(unforeseen && self.draining.is_none());
        }
    }

    fn log(&self, verdict: Verdict) {
        let vitals = self.vitals();
        let Some(failure) = vitals.last_failure() else { return };
        let actor = vitals.spec.full_name();
        let (incarnation, kind, reason) = (vitals.incarnation(), failure.kind.as_str(), &*failure.reason);
        let (location, during) = (failure.location.as_deref(), failure.during);
        match verdict {
            Verdict::Restart(delay) => {
                tracing::warn!(%actor, incarnation, kind, reason, location, during, ?delay, "restarting an actor");
            }
            Verdict::Fail => {
                let cool_down = vitals.spec.cool_down;
                tracing::error!(%actor, incarnation, kind, reason, location, during, ?cool_down, "an actor has failed");
                vitals.emitter.emit(Happening::Failed { failure, cool_down });
            }
            Verdict::Stop => {
                tracing::info!(%actor, incarnation, kind, reason, location, during, "an actor has finished");
            }
        }
    }

    /// The end, wanted or by policy. Whoever drains is told how many messages were not answered.
    fn finish(mut self, timed_out: bool) {
        discard(std::mem::take(&mut self.visits));
        self.vitals().finish();
        self.tenancy.end();
        let dropped = self.vitals().unanswered.load(Relaxed);
        let draining = self.draining.take();
        for done in draining.into_iter().flat_map(|draining| draining.done) {
            let _ = done.send(Drained { dropped, timed_out });
        }
    }

    fn vitals(&self) -> &Vitals {
        &self.tenancy.vitals
    }
}
