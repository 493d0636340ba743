//! The store.

use std::fmt;

use crate::store::Store;
use crate::store::measured::MeasuredStore;

use super::family::Family;
use super::page::Page;

const OPERATIONS: Family = Family::counter(
    "clientele_store_operations_total",
    &["operation", "outcome"],
    "What the store was asked to do and how it ended: ok, conflict, unreachable (or its queue full), timed_out, failed.",
);
const DURATION: Family = Family::histogram(
    "clientele_store_operation_duration_seconds",
    &["operation"],
    "How long operations took, the wait in queues included.",
);
const GROUPS: Family = Family::counter(
    "clientele_store_groups_total",
    &[],
    "Groups of commits that shared one transaction and one flush to disk.",
);
const GROUPED: Family = Family::counter(
    "clientele_store_grouped_commits_total",
    &[],
    "Commits in these groups: divided by the groups, the commits to a flush.",
);
const FILE: Family = Family::gauge("clientele_store_file_bytes", &[], "Size of the database.").bytes();
const LOG: Family = Family::gauge("clientele_store_log_bytes", &[], "Size of its write-ahead log.").bytes();
const PAGES: Family =
    Family::gauge("clientele_store_page_cache_bytes", &[], "The most that its page caches hold in memory.").bytes();

pub(super) const FAMILIES: &[&Family] = &[&OPERATIONS, &DURATION, &GROUPS, &GROUPED, &FILE, &LOG, &PAGES];

pub(super) fn write(page: &mut Page<'_>, store: &MeasuredStore) -> fmt::Result {
    let operations = store.operations();
    page.family(&OPERATIONS, |samples| {
        for stats in &operations {
            for (outcome, count) in stats.outcomes {
                samples.counter(&[stats.operation, outcome], count)?;
            }
        }
        Ok(())
    })?;
    page.family(&DURATION, |samples| {
        operations.iter().try_for_each(|stats| samples.histogram(&[stats.operation], &stats.duration))
    })?;
    let stats = store.stats();
    page.counter(&GROUPS, stats.groups)?;
    page.counter(&GROUPED, stats.grouped_commits)?;
    page.gauge(&FILE, stats.file_bytes)?;
    page.gauge(&LOG, stats.log_bytes)?;
    page.gauge(&PAGES, store.memory_used())
}
