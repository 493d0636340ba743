//! Driving real actors without HTTP, in virtual time.
//!
//! ```
//! use std::time::Duration;
//! use actix::prelude::*;
//! use clientele::actors::supervision::{ActorSpec, Deadline, Fault, testkit};
//!
//! struct Echo;
//! impl Actor for Echo {
//!     type Context = Context<Self>;
//! }
//! #[derive(Message)]
//! #[rtype(result = "u64")]
//! struct Say(u64);
//! impl Handler<Say> for Echo {
//!     type Result = u64;
//!     fn handle(&mut self, say: Say, _: &mut Context<Self>) -> u64 {
//!         say.0
//!     }
//! }
//!
//! testkit::run(async |supervisor| {
//!     let echo = supervisor.spawn(ActorSpec::new("echo"), || async { Ok(Echo) });
//!     let deadline = Deadline::within(Duration::from_secs(1));
//!     assert_eq!(echo.ask(deadline, Say(7)).await, Ok(7));
//!
//!     echo.inject(Fault::Panic);
//!     let recovered = testkit::until(&echo, |actor| actor.restarts == 1 && actor.ready).await;
//!     assert_eq!(recovered.panics, 1);
//!     assert_eq!(echo.ask(Deadline::within(Duration::from_secs(1)), Say(8)).await, Ok(8));
//!
//!     supervisor.shutdown(Deadline::within(Duration::from_secs(1))).await;
//! });
//! ```

mod leaks;
mod probe;

use std::time::Duration;

use actix::{Actor, Context, System};
use tokio::time::{Instant, sleep};

pub use self::leaks::assert_ended;
pub use self::probe::{Asked, Probe};
use super::{ActorStatus, Mailbox, Supervisor};

/// How long [`until`] and [`Probe::expect`] wait, in the time of the test.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often [`until`] looks.
const GLANCE: Duration = Duration::from_millis(1);

/// Runs `test` in an actix system whose clock stands still while there is work, and jumps to the next timer when
/// there is none: hours pass in milliseconds, and the same way each time.
///
/// Threads of a [`Pool`](super::Pool) do not count as work: see [`hold_clock`].
pub fn paused<T>(test: impl Future<Output = T>) -> T {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime without threads can be built")
    };
    System::with_tokio_rt(runtime).block_on(test)
}

/// Runs `test` as [`paused`] does, with a supervisor whose actors and pools have to be drained by the end.
///
/// # Panics
/// When the test does, or leaves an actor or a pool behind: see [`assert_ended`].
pub fn run<T>(test: impl AsyncFnOnce(Supervisor) -> T) -> T {
    paused(async {
        let supervisor = Supervisor::new();
        let outcome = test(supervisor.clone()).await;
        assert_ended(&supervisor);
        outcome
    })
}

/// Keeps the clock of [`paused`] from jumping until the hold is dropped: for the time that a test waits for
/// another thread, which the clock does not know of.
#[must_use = "the clock is held until this is dropped"]
pub fn hold_clock() -> ClockHold {
    let (release, released) = std::sync::mpsc::channel::<()>();
    // Tokio does not advance a paused clock while a blocking task is under way.
    tokio::task::spawn_blocking(move || released.recv());
    ClockHold { _release: release }
}

/// A clock that is held; see [`hold_clock`].
#[derive(Debug)]
pub struct ClockHold {
    _release: std::sync::mpsc::Sender<()>,
}

/// Waits until the actor's status is as `wanted`, and gives it.
///
/// # Panics
/// When it is not so within a minute; the message shows the status seen last.
pub async fn until<A>(mailbox: &Mailbox<A>, wanted: impl Fn(&ActorStatus) -> bool) -> ActorStatus
where
    A: Actor<Context = Context<A>>,
{
    let patience = Instant::now() + PATIENCE;
    loop {
        let status = mailbox.status();
        if wanted(&status) {
            return status;
        }
        assert!(Instant::now() < patience, "waited in vain; the actor: {status:#?}");
        sleep(GLANCE).await;
    }
}

/// Lets everything on this thread that can go on do so.
pub async fn settle() {
    sleep(GLANCE).await;
}
