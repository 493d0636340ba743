//! What threads share, in every order in which they can come.
//!
//! Five sources are compiled here once more, with loom's mutexes, condition variables and atomics in place of the real ones
//! (`src/actors/supervision/sync.rs`): the mailbox's queue, the pool's queue and crew, the armory of faults, and moments.
//! Each model has two or three threads and a handful of steps, and is run until no interleaving of these is left (two of
//! them: of those with at most two or three preemptions); one that hangs is found. What these sources use of tokio (a
//! notification, a watched value) takes part as it is: it is not taken apart into its own steps. Everything else
//! that threads share, such as tallies and states, is not modelled.
#![allow(dead_code, reason = "not all of the sources' interface is used here")]

mod sync;

/// The sources under test, at their own paths; the models stand where they see what these show to their neighbours alone.
#[path = "../../src/actors"]
mod actors {
    pub mod supervision {
        pub(crate) use crate::sync;

        pub mod clock;
        pub mod queue;

        #[path = "../../../tests/interleavings/clock.rs"]
        mod clock_models;
        #[path = "../../../tests/interleavings/queue.rs"]
        mod queue_models;

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
