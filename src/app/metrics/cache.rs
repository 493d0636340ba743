//! The cache.

use std::fmt;

use crate::cache::CacheStats;

use super::family::Family;
use super::page::Page;

const HITS: Family = Family::counter("clientele_cache_hits_total", &[], "Reads that were served at once.");
const MISSES: Family = Family::counter("clientele_cache_misses_total", &[], "Reads that had to wait for a load.");
const LOADS: Family =
    Family::counter("clientele_cache_loads_total", &[], "Loads begun: fewer than misses where reads shared one.");
const STALE: Family = Family::counter(
    "clientele_cache_stale_total",
    &[],
    "Reads that were served what was past its time because the load failed.",
);
const EVICTIONS: Family =
    Family::counter("clientele_cache_evictions_total", &[], "Documents that made room for others.");
const ENTRIES: Family = Family::gauge("clientele_cache_entries", &[], "Documents kept, about.");
const DOCUMENTS: Family =
    Family::gauge("clientele_cache_documents_bytes", &[], "What they weigh together, about.").bytes();

pub(super) const FAMILIES: &[&Family] = &[&HITS, &MISSES, &LOADS, &STALE, &EVICTIONS, &ENTRIES, &DOCUMENTS];

pub(super) fn write(page: &mut Page<'_>, stats: CacheStats) -> fmt::Result {
    page.counter(&HITS, stats.hits)?;
    page.counter(&MISSES, stats.misses)?;
    page.counter(&LOADS, stats.loads)?;
    page.counter(&STALE, stats.stale)?;
    page.counter(&EVICTIONS, stats.evictions)?;
    page.gauge(&ENTRIES, stats.entries)?;
    page.gauge(&DOCUMENTS, stats.bytes)
}
