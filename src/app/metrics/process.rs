//! The process: what it is, whether it serves, and what it takes of the machine.

use std::fmt;

use crate::telemetry;

use super::family::Family;
use super::page::Page;

const BUILD: Family = Family::gauge("clientele_build_info", &["version"], "1; its label tells the version.");
const READY: Family = Family::gauge(
    "clientele_ready",
    &[],
    "Whether requests are served: 1, or 0 while the server starts or stops, the store is away, or an actor or pool is not ready.",
);
const LINES: Family = Family::counter(
    "clientele_log_lines_dropped_total",
    &[],
    "Log lines dropped because standard output was read too slowly.",
);
const SPANS: Family = Family::counter(
    "clientele_trace_spans_dropped_total",
    &[],
    "Spans dropped because the collector was slow or away.",
);
const CPU: Family =
    Family::counter("process_cpu_seconds_total", &[], "Time on a CPU, in user and kernel mode.").seconds();
const RESIDENT: Family = Family::gauge("process_resident_memory_bytes", &[], "Resident memory.").bytes();
const VIRTUAL: Family = Family::gauge("process_virtual_memory_bytes", &[], "Virtual memory.").bytes();
const OPEN_FDS: Family = Family::gauge("process_open_fds", &[], "File descriptors that are open.");
const MAX_FDS: Family = Family::gauge("process_max_fds", &[], "File descriptors that may be open; 0: any number.");
const THREADS: Family = Family::gauge("process_threads", &[], "Threads.");
const START: Family =
    Family::gauge("process_start_time_seconds", &[], "When the process started, since 1970.").seconds();
const ALLOCATED: Family =
    Family::gauge("clientele_allocator_allocated_bytes", &[], "What the program holds on the heap.").bytes();
const ACTIVE: Family =
    Family::gauge("clientele_allocator_active_bytes", &[], "The allocator's pages that hold it.").bytes();
const HELD: Family = Family::gauge(
    "clientele_allocator_resident_bytes",
    &[],
    "The allocator's pages that are resident, its own and unused ones included.",
)
.bytes();
const MAPPED: Family =
    Family::gauge("clientele_allocator_mapped_bytes", &[], "The pages that the allocator has mapped.").bytes();
const RETAINED: Family = Family::gauge(
    "clientele_allocator_retained_bytes",
    &[],
    "Address space that the allocator keeps without pages behind it.",
)
.bytes();

pub(super) const FAMILIES: &[&Family] = &[
    &BUILD, &READY, &LINES, &SPANS, &CPU, &RESIDENT, &VIRTUAL, &OPEN_FDS, &MAX_FDS, &THREADS, &START, &ALLOCATED,
    &ACTIVE, &HELD, &MAPPED, &RETAINED,
];

pub(super) fn write(page: &mut Page<'_>, ready: bool) -> fmt::Result {
    page.family(&BUILD, |samples| samples.gauge(&[env!("CARGO_PKG_VERSION")], 1_u64))?;
    page.gauge(&READY, u64::from(ready))?;
    page.counter(&LINES, telemetry::dropped_lines())?;
    page.counter(&SPANS, telemetry::dropped_spans())?;
    let process = telemetry::process();
    page.counter(&CPU, process.cpu_seconds)?;
    page.gauge(&RESIDENT, process.resident_bytes)?;
    page.gauge(&VIRTUAL, process.virtual_bytes)?;
    page.gauge(&OPEN_FDS, process.open_fds)?;
    page.gauge(&MAX_FDS, process.max_fds)?;
    page.gauge(&THREADS, process.threads)?;
    page.gauge(&START, process.start_time_seconds)?;
    let allocator = telemetry::allocator();
    page.gauge(&ALLOCATED, allocator.allocated)?;
    page.gauge(&ACTIVE, allocator.active)?;
    page.gauge(&HELD, allocator.resident)?;
    page.gauge(&MAPPED, allocator.mapped)?;
    page.gauge(&RETAINED, allocator.retained)
}
