//! Supervision of actix actors that a panic, a stall or a flood cannot hurt.
//!
//! A [`Supervisor`] starts actors by an [`ActorSpec`] and a factory, and hands out their [`Mailbox`]es. Actors stay
//! ordinary actix actors (`Actor<Context = Context<Self>>`, `Handler<M>`); unmodified actix runs them. What is added:
//!
//! * **One durable bounded mailbox, disposable incarnations.** The queue belongs to a cell that outlives the actor.
//!   Each life is a fresh struct in a fresh context; nothing queued is lost by a restart.
//! * **A panic fails its own message alone.** Every poll of an incarnation, its factory, its `started`, its drop and
//!   each job of a pool runs under [`guarded`]. Neighbours in flight get a grace to finish, then the actor is replaced.
//! * **Restarts have limits.** They are delayed by a growing [`Backoff`], and too many of them make the actor
//!   [`Failed`](State::Failed): it refuses messages at once, rests for a cool-down, and then has one chance.
//! * **Actors that depend on each other** form a [`Group`] and are replaced together, in order.
//! * **Nobody waits for nothing.** Each ask has a [`Deadline`]. A full mailbox answers at once, with an honest guess
//!   of when to come back; a message whose deadline has passed, or whose asker is gone, is skipped and counted,
//!   and makes room in a full mailbox.
//! * **Replicas stand in for each other.** A [`Router`] asks the replica on its own thread while that takes messages,
//!   else the one that is best off; by key, always the same one while that is healthy.
//! * **A message has a scope.** Deadline and trace go on to whatever its handler asks in turn: [`Scope`].
//! * **Control is not blocked by a flood.** Commands (`restart`, `suspend`, `inspect`, `drain`…) have a lane of
//!   their own.
//! * **Blocking work** goes to a [`Pool`]: threads of a `SyncArbiter` behind a bounded queue.
//! * **Everything can be seen from outside**, without waiting for the actor: [`Supervisor::statuses`] tells how all are,
//!   [`Supervisor::events`] what happens to them.
//!
//! # The way of a message
//!
//! [`Mailbox::ask`] (`mailbox.rs`) wraps it (`envelope.rs`) and queues it (`queue.rs`). The cell (`cell/`) polls the
//! incarnation (`incarnation.rs`), in which the intake (`intake.rs`) takes messages out and calls the handlers. The
//! answer goes back to the asker (`reply.rs`). Figures are kept in `vitals.rs` and `tally.rs`.
//!
//! No lock is held while foreign code runs: handlers, factories, drops.
//!
//! This module knows nothing of the product it serves, and depends on no other module of the crate.

mod answers;
mod cell;
mod child;
mod clock;
mod control;
mod deadline;
mod distribution;
mod envelope;
mod error;
mod event;
mod event_log;
mod fate;
mod fault;
mod group;
mod guard;
mod histogram;
mod incarnation;
mod intake;
mod isolated;
mod mailbox;
mod pace;
mod pool;
mod queue;
mod rendezvous;
mod reply;
mod restart;
mod roster;
mod router;
mod scope;
mod spec;
mod state;
mod status;
mod supervisor;
mod sweep;
mod sync;
mod tally;
mod tenancy;
pub mod testkit;
mod ties;
mod vitals;
mod watch;

pub use self::answers::Answers;
pub use self::control::Drained;
pub use self::deadline::Deadline;
pub use self::distribution::Distribution;
pub use self::error::{AskError, StartError};
pub use self::event::{Event, Happening, RestartCause, ThreadLoss};
pub use self::event_log::{Emitter, Events, Missed};
pub use self::fault::{Fault, Injected, Injection};
pub use self::group::{Group, Strategy};
pub use self::guard::{Panic, guarded};
pub use self::histogram::Histogram;
pub use self::isolated::{Isolated, at_hand, isolated, isolated_future};
pub use self::mailbox::Mailbox;
pub use self::pool::{Pool, PoolFault, PoolSpec, Work};
pub use self::restart::{Backoff, Ended, Ledger, Restart, RestartPolicy, Verdict};
pub use self::router::{Replicas, Router};
pub use self::scope::{Scope, span_in_trace, work_began};
pub use self::spec::ActorSpec;
pub use self::state::State;
pub use self::status::{ActorStatus, Failure, FailureKind, MessageStatus, PoolStatus};
pub use self::supervisor::Supervisor;
