//! Actors driven directly: no HTTP, virtual time, injected faults.

mod chaos;
mod control;
mod counter;
mod deadlines;
mod drain;
mod events;
mod faults;
mod groups;
mod held_members;
mod ledger;
mod lifecycle;
mod mailbox;
mod panics;
mod pool;
mod pool_healing;
mod readiness;
mod restarts;
mod router;
mod scope;
mod testkit;
