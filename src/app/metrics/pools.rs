//! Pools: threads for blocking work.

use std::fmt;

use crate::actors::supervision::{Distribution, PoolStatus};

use super::family::Family;
use super::page::Page;

const POOL: &[&str] = &["pool"];

const THREADS: Family = Family::gauge("clientele_pool_threads", POOL, "Threads that take jobs.");
const EXPECTED: Family = Family::gauge("clientele_pool_threads_expected", POOL, "Threads the pool was started with.");
const STUCK: Family =
    Family::gauge("clientele_pool_threads_stuck", POOL, "Threads that are stuck with a job and have been replaced.");
const LOST: Family = Family::counter("clientele_pool_threads_lost_total", POOL, "Threads that ended by themselves.");
const REPLACED: Family =
    Family::counter("clientele_pool_threads_replaced_total", POOL, "Threads started in the place of others.");
const RESTARTS: Family = Family::counter(
    "clientele_pool_restarts_total",
    POOL,
    "Times that all workers were to be made anew, for an operator.",
);
const DEPTH: Family = Family::gauge("clientele_pool_queue_depth", POOL, "Jobs that wait.");
const BOUND: Family = Family::gauge("clientele_pool_queue_bound", POOL, "Jobs that may wait.");
const OLDEST: Family = Family::gauge(
    "clientele_pool_oldest_job_age_seconds",
    POOL,
    "Age of the job that waits longest; 0 where none does.",
)
.seconds();
const RUNNING: Family = Family::gauge("clientele_pool_running", POOL, "Jobs at work.");
const STALLED: Family = Family::gauge(
    "clientele_pool_stalled_seconds",
    POOL,
    "For how long the longest job has been at work, once that is longer than allowed; else 0.",
)
.seconds();
const JOBS: Family = Family::counter(
    "clientele_pool_jobs_total",
    &["pool", "outcome"],
    "What became of jobs: ok, crashed (a panic), expired (deadline passed), abandoned (nobody waited any more: in store-writer, for what another commit was flushed with), shed (refused).",
);
const WAIT: Family =
    Family::histogram("clientele_pool_wait_seconds", POOL, "How long jobs were in the queue that were taken up.");
const RUN: Family = Family::histogram("clientele_pool_run_seconds", POOL, "How long jobs were at work.");

pub(super) const FAMILIES: &[&Family] = &[
    &THREADS, &EXPECTED, &STUCK, &LOST, &REPLACED, &RESTARTS, &DEPTH, &BOUND, &OLDEST, &RUNNING, &STALLED, &JOBS,
    &WAIT, &RUN,
];

pub(super) fn write(page: &mut Page<'_>, pools: &[PoolStatus]) -> fmt::Result {
    gauges(page, &THREADS, pools, |pool| pool.threads_live as f64)?;
    gauges(page, &EXPECTED, pools, |pool| pool.threads_expected as f64)?;
    gauges(page, &STUCK, pools, |pool| pool.threads_stuck as f64)?;
    counters(page, &LOST, pools, |pool| pool.threads_lost)?;
    counters(page, &REPLACED, pools, |pool| pool.threads_replaced)?;
    counters(page, &RESTARTS, pools, |pool| pool.restarts)?;
    gauges(page, &DEPTH, pools, |pool| pool.queue_depth as f64)?;
    gauges(page, &BOUND, pools, |pool| pool.queue_bound as f64)?;
    gauges(page, &OLDEST, pools, |pool| pool.oldest.unwrap_or_default().as_secs_f64())?;
    gauges(page, &RUNNING, pools, |pool| pool.running as f64)?;
    gauges(page, &STALLED, pools, |pool| pool.stalled.unwrap_or_default().as_secs_f64())?;
    page.family(&JOBS, |samples| {
        for pool in pools {
            let outcomes = [
                ("ok", pool.done),
                ("crashed", pool.panics),
                ("expired", pool.expired),
                ("abandoned", pool.abandoned),
                ("shed", pool.shed),
            ];
            for (outcome, count) in outcomes {
                samples.counter(&[&pool.name, outcome], count)?;
            }
        }
        Ok(())
    })?;
    histograms(page, &WAIT, pools, |pool| &pool.wait)?;
    histograms(page, &RUN, pools, |pool| &pool.run)
}

fn gauges(
    page: &mut Page<'_>,
    family: &'static Family,
    pools: &[PoolStatus],
    value: impl Fn(&PoolStatus) -> f64,
) -> fmt::Result {
    page.family(family, |samples| pools.iter().try_for_each(|pool| samples.gauge(&[&pool.name], value(pool))))
}

fn counters(
    page: &mut Page<'_>,
    family: &'static Family,
    pools: &[PoolStatus],
    value: impl Fn(&PoolStatus) -> u64,
) -> fmt::Result {
    page.family(family, |samples| pools.iter().try_for_each(|pool| samples.counter(&[&pool.name], value(pool))))
}

fn histograms(
    page: &mut Page<'_>,
    family: &'static Family,
    pools: &[PoolStatus],
    durations: impl Fn(&PoolStatus) -> &Distribution,
) -> fmt::Result {
    page.family(family, |samples| pools.iter().try_for_each(|pool| samples.histogram(&[&pool.name], durations(pool))))
}
