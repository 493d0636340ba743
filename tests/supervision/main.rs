//! Actors driven directly: no HTTP, virtual time, injected faults.

mod chaos;
mod control;
mod counter;
mod deadlines;
mod drain;
mod events;
mod groups;
mod ledger;
mod lifecycle;
mod mailbox;
mod panics;
mod pool;
mod readiness;
mod restarts;
mod router;
mod testkit;
