//! The limiter.

use std::fmt;

use crate::limiter::QuotaStats;

use super::family::Family;
use super::page::Page;

const REQUESTS: Family = Family::counter(
    "clientele_limiter_requests_total",
    &["policy", "outcome"],
    "Requests that were counted against a budget: allowed, or refused. None where there is no limit.",
);
const KEYS: Family = Family::gauge(
    "clientele_limiter_keys",
    &["policy"],
    "Users and addresses whose budgets are kept: those that are not full, about.",
);

pub(super) const FAMILIES: &[&Family] = &[&REQUESTS, &KEYS];

pub(super) fn write(page: &mut Page<'_>, quotas: &[QuotaStats]) -> fmt::Result {
    page.family(&REQUESTS, |samples| {
        for quota in quotas {
            samples.counter(&[quota.name, "allowed"], quota.allowed)?;
            samples.counter(&[quota.name, "refused"], quota.refused)?;
        }
        Ok(())
    })?;
    page.family(&KEYS, |samples| quotas.iter().try_for_each(|quota| samples.gauge(&[quota.name], quota.keys)))
}
