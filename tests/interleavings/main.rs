//! What threads share, in every order in which they can come.
//!
//! Nine sources are compiled here once more, with loom's locks, condition variables, threads and atomics in place of the
//! real ones (`src/actors/supervision/sync.rs`): the mailbox's queue, the pool's queue and crew, the armory of faults,
//! moments, the ties of groups, the log of events, the roster of replicas, and the watch. Each model has two or three
//! threads and a handful of steps, and is run until no interleaving of these is left (six of them: of those with at most
//! so many preemptions as stands there); one that hangs is found. What these sources use of tokio is trusted (`Notify`, a
//! watched value; as is the `oneshot` by which answers go back): others may come before and after each call of it, but it is
//! not taken apart into its own steps. Nor are `Arc` and `Weak` of the standard library. Everything else that threads share,
//! such as tallies and states, is not modelled: single atomics, of which none is read to decide about another.
#![allow(dead_code, reason = "not all of the sources' interface is used here")]

mod sync;

/// The sources under test, at their own paths; the models stand where they see what these show to their neighbours alone.
#[path = "../../src/actors"]
mod actors {
    pub mod supervision {
        pub(crate) use crate::sync;

        pub use event::{Event, Happening, RestartCause};
        use event_log::Emitter;
        use state::State;

        pub mod clock;
        pub mod event;
        pub mod event_log;
        pub mod guard;
        pub mod queue;
        pub mod roster;
        pub mod state;
        pub mod ties;
        pub mod watch;

        #[path = "../../../tests/interleavings/clock.rs"]
        mod clock_models;
        #[path = "../../../tests/interleavings/event_log.rs"]
        mod event_log_models;
        #[path = "../../../tests/interleavings/queue.rs"]
        mod queue_models;
        #[path = "../../../tests/interleavings/roster.rs"]
        mod roster_models;
        #[path = "../../../tests/interleavings/ties.rs"]
        mod ties_models;
        #[path = "../../../tests/interleavings/watch.rs"]
        mod watch_models;

        /// Of an actor, what its group needs.
        pub mod child {
            use std::sync::Arc;

            use super::RestartCause;

            pub trait Child: Send + Sync {
                fn full_name(&self) -> &Arc<str>;
                fn restart(&self, cause: RestartCause);
            }
        }

        /// Of a failure, what an event needs.
        #[derive(Clone, Debug)]
        pub struct Failure {
            pub reason: std::sync::Arc<str>,
        }

        pub mod fault {
            pub mod armory;

            #[path = "../../../../tests/interleavings/armory.rs"]
            mod armory_models;
        }

        pub mod pool {
            pub mod crew;
            pub mod queue;

            #[path = "../../../../tests/interleavings/crew.rs"]
            mod crew_models;
            #[path = "../../../../tests/interleavings/job_queue.rs"]
            mod queue_models;
        }
    }
}
