//! What threads share, in every order in which they can come.
//!
//! The sources themselves are compiled here once more, with loom's mutexes, condition variables and atomics in place of
//! the real ones (`src/actors/supervision/sync.rs`). Each test is run again and again until no interleaving is left, and
//! one that hangs is found. Tokio's channels, by which answers are handed over, have been checked so by their authors.
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
            pub mod queue;

            #[path = "../../../../tests/interleavings/job_queue.rs"]
            mod queue_models;
        }
    }
}
