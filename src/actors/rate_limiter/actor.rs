//! The rules of budgets. The counts themselves are in the limiter, one over all replicas.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context};

use crate::actors::records::handlers;
use crate::limiter::{Decision, Limiter, Quota};

use super::messages::{Policy, TakeRequest};

/// How much each budget holds.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// That of the API as a whole.
    pub default: Quota,
    /// That of `/auth/*`.
    pub auth: Quota,
}

/// Answers whether a request may go on.
#[derive(Debug)]
pub struct RateLimiterActor(Rc<Budgets>);

impl RateLimiterActor {
    /// An actor that counts with `limiter`, and with `fallback` while that is out of reach.
    pub fn new(limiter: Arc<dyn Limiter>, fallback: Arc<dyn Limiter>, quotas: Quotas) -> Self {
        Self(Rc::new(Budgets { limiter, fallback, quotas, falls_back: Cell::new(false) }))
    }
}

impl Actor for RateLimiterActor {
    type Context = Context<Self>;
}

handlers! {
    RateLimiterActor:
    TakeRequest => take, at hand: take_now;
}

/// What RateLimiterActor does.
#[derive(Debug)]
struct Budgets {
    limiter: Arc<dyn Limiter>,
    fallback: Arc<dyn Limiter>,
    quotas: Quotas,
    /// Whether the last request was counted by the fallback.
    falls_back: Cell<bool>,
}

impl Budgets {
    fn quota(&self, policy: Policy) -> &Quota {
        match policy {
            Policy::Default => &self.quotas.default,
            Policy::Auth => &self.quotas.auth,
        }
    }

    fn take_now(&self, TakeRequest { subject, policy }: &TakeRequest) -> Option<Decision> {
        self.limiter.check_now(*subject, self.quota(*policy))
    }

    async fn take(&self, TakeRequest { subject, policy }: TakeRequest) -> Decision {
        let quota = self.quota(policy);
        match self.limiter.check(subject, quota).await {
            Ok(decision) => {
                if self.falls_back.replace(false) {
                    tracing::info!("the limiter is back; counting with the others");
                }
                decision
            }
            Err(error) => {
                // Not with each request: there may be thousands in a second.
                if !self.falls_back.replace(true) {
                    tracing::warn!(%error, "the limiter is out of reach; counting in this process");
                }
                let counted = self.fallback.check_now(subject, quota);
                counted.expect("the fallback counts in this process")
            }
        }
    }
}
