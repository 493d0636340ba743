//! The actors and pools of a process, in the order of their start.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ArbiterHandle, Context};
use parking_lot::Mutex;

use super::cell::{Cell, Factory};
use super::child::{Child, Tended};
use super::event_log::EventLog;
use super::tenancy::Tenancy;
use super::ties::Ties;
use super::watch::{Stalls, Watch};
use super::{
    ActorSpec, ActorStatus, Deadline, Drained, Emitter, Events, Group, Mailbox, Pool, PoolStatus, RestartCause,
    StartError, State, Strategy,
};

/// So many actors that have ended in order are still shown.
const ENDED_KEPT: usize = 64;

/// Starts actors, knows them all, and ends them in order. Clones share what they know.
///
/// Invariants: an actor that ought to work and does not is never forgotten; whoever was started later is ended earlier;
/// no lock is held while an actor, a pool or a factory is called.
///
/// Actors live until they finish by their [`Restart`](super::Restart) policy, are drained, or lose their thread:
/// not for as long as somebody holds a mailbox.
#[derive(Clone, Default)]
pub struct Supervisor {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    known: Mutex<Known>,
    log: EventLog,
    stalls: Stalls,
    watch: Mutex<Option<Watch>>,
}

#[derive(Default)]
struct Known {
    actors: Vec<Arc<dyn Child>>,
    pools: Vec<(Arc<dyn Tended>, Emitter)>,
}

impl Supervisor {
    /// A supervisor of nobody yet.
    pub fn new() -> Self {
        Supervisor::default()
    }

    /// Starts an actor on the present thread; its mailbox takes messages from now on.
    ///
    /// `factory` makes each incarnation. It is called again after a failure, and may fail itself.
    ///
    /// # Panics
    /// Outside of an actix system, arbiter or worker, or another `LocalSet`.
    pub fn spawn<A, F, Fut>(&self, spec: ActorSpec, factory: F) -> Mailbox<A>
    where
        A: Actor<Context = Context<A>>,
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, StartError>> + 'static,
    {
        self.group(Strategy::OneForOne).spawn(spec, factory)
    }

    /// Starts an actor on the thread of `arbiter`. If that is gone, the actor is stopped from the start.
    pub fn spawn_on<A, F, Fut>(&self, arbiter: &ArbiterHandle, spec: ActorSpec, factory: F) -> Mailbox<A>
    where
        A: Actor<Context = Context<A>>,
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, StartError>> + 'static,
    {
        self.group(Strategy::OneForOne).spawn_on(arbiter, spec, factory)
    }

    /// A group, of nobody yet, whose members are replaced together as `strategy` says.
    pub fn group(&self, strategy: Strategy) -> Group {
        Group::new(self.clone(), strategy)
    }

    /// Watches over a pool too: it appears among [`pools`](Supervisor::pools), in readiness and in the events.
    pub fn register_pool<W: Unpin + 'static>(&self, pool: &Pool<W>) {
        let emitter = self.inner.log.emitter(pool.status().name);
        pool.report_to(emitter.clone());
        self.inner.known.lock().pools.push((Arc::new(pool.clone()), emitter));
    }

    /// What happens to actors and pools from now on.
    pub fn events(&self) -> Events {
        self.inner.log.follow()
    }

    /// What happened after the event numbered `sequence`, as far as it is kept (the newest 256), and from now on.
    ///
    /// A number that was never given here is that of another process: all that is kept is news then.
    pub fn events_after(&self, sequence: u64) -> Events {
        self.inner.log.follow_after(sequence)
    }

    /// Restarts what has this name: all replicas of an actor (`customers`), one of them (`customers/1`), or the
    /// workers of a pool, as [`Mailbox::restart`] does. A failed actor is tried again.
    ///
    /// How many were restarted; 0: nobody has this name, or all who have are stopped.
    pub fn restart(&self, name: &str) -> usize {
        let actors = self.inner.actors_named(name);
        actors.iter().for_each(|child| child.restart(RestartCause::Operator));
        actors.len() + self.inner.pools_named(name).iter().map(|pool| pool.restart()).sum::<usize>()
    }

    /// Whether there is somebody of this name to [restart](Supervisor::restart): an actor or a replica that is not stopped,
    /// or a pool.
    pub fn knows(&self, name: &str) -> bool {
        !(self.inner.actors_named(name).is_empty() && self.inner.pools_named(name).is_empty())
    }

    /// Takes a [`look`](Supervisor::look) each `interval`, on a thread of its own, until the
    /// [`shutdown`](Supervisor::shutdown) or the end of the last clone.
    ///
    /// # Panics
    /// When the operating system gives no thread.
    pub fn watch(&self, interval: Duration) {
        let watch = Watch::start(Arc::downgrade(&self.inner), interval, Inner::look);
        *self.inner.watch.lock() = Some(watch);
    }

    /// Looks at everybody once: tells of stalls that are new and of those that are over, and has pools put threads in
    /// the place of those that ended or are stuck.
    pub fn look(&self) {
        self.inner.look();
    }

    /// All actors in the order of their start, the 64 newest of those included that have finished or were drained, and
    /// all that went with their thread and have not come back.
    pub fn statuses(&self) -> Vec<ActorStatus> {
        self.inner.actors().iter().map(|child| child.status()).collect()
    }

    /// All registered pools, in the order of their registration.
    pub fn pools(&self) -> Vec<PoolStatus> {
        self.inner.pools().iter().map(|(pool, _)| pool.status()).collect()
    }

    /// The actors (`customers/1`) and pools (`passwords`) that ought to work and do not: failed, stalled, backing
    /// off for long, not yet started, or gone with their thread. Nobody: the process is ready.
    pub fn unready(&self) -> Vec<String> {
        let actors = self.inner.actors();
        let actors = actors.iter().filter_map(|child| child.unready()).map(|name| name.to_string());
        let pools = self.pools().into_iter().filter(|pool| !pool.ready());
        actors.chain(pools.map(|pool| pool.name)).collect()
    }

    /// Drains all actors one by one, in the reverse order of their start, and then the pools, in that of their
    /// registration, under one deadline.
    ///
    /// What an actor was started after, it may use until it has answered its last message. Everybody is watched over
    /// until then, so that no job waits for a thread that is stuck.
    pub async fn shutdown(&self, deadline: Deadline) -> Vec<(String, Drained)> {
        let mut drained = Vec::new();
        for child in self.inner.actors().into_iter().rev() {
            drained.push((child.full_name().to_string(), child.drain(deadline).await));
        }
        for (pool, emitter) in self.inner.pools().into_iter().rev() {
            drained.push((emitter.actor().to_string(), pool.drain(deadline).await));
        }
        *self.inner.watch.lock() = None;
        drained
    }

    /// An actor that is yet to be run.
    pub(super) fn open<A: Actor<Context = Context<A>>>(
        &self,
        spec: ActorSpec,
        factory: Factory<A>,
        ties: Option<&Ties>,
    ) -> (Mailbox<A>, Cell<A>) {
        let emitter = self.inner.log.emitter(spec.full_name());
        let mailbox = Mailbox::open(spec, emitter);
        let tenancy = Tenancy::new(mailbox.shared().clone());
        let child: Arc<dyn Child> = Arc::new(mailbox.clone());
        let membership = ties.map(|ties| ties.admit(child.clone()));
        self.inner.enlist(child);
        (mailbox, Cell::new(tenancy, factory, membership))
    }
}

impl Inner {
    fn actors(&self) -> Vec<Arc<dyn Child>> {
        self.known.lock().actors.clone()
    }

    fn pools(&self) -> Vec<(Arc<dyn Tended>, Emitter)> {
        self.known.lock().pools.clone()
    }

    /// The replicas of this name that are not stopped.
    fn actors_named(&self, name: &str) -> Vec<Arc<dyn Child>> {
        let is_meant = |child: &Arc<dyn Child>| child.is_named(name) && child.state() != State::Stopped;
        self.actors().into_iter().filter(is_meant).collect()
    }

    /// The pools of this name.
    fn pools_named(&self, name: &str) -> Vec<Arc<dyn Tended>> {
        let named = self.pools().into_iter().filter(|(_, emitter)| **emitter.actor() == *name);
        named.map(|(pool, _)| pool).collect()
    }

    /// A worker thread that was replaced brings its actors again: the stopped namesake is forgotten, and so are those
    /// that came to an end in order, but for the newest.
    fn enlist(&self, child: Arc<dyn Child>) {
        let mut known = self.known.lock();
        let ended = known.actors.iter().filter(|other| other.has_finished()).count();
        let mut surplus = ended.saturating_sub(ENDED_KEPT);
        let (kept, forgotten) = std::mem::take(&mut known.actors).into_iter().partition(|other| {
            let is_surplus = surplus > 0 && other.has_finished();
            surplus -= usize::from(is_surplus);
            !is_surplus && (other.full_name() != child.full_name() || other.state() != State::Stopped)
        });
        known.actors = kept;
        known.actors.push(child);
        drop(known);
        drop::<Vec<_>>(forgotten);
    }

    fn look(&self) {
        for actor in self.actors() {
            self.stalls.note(actor.emitter(), actor.stalled());
        }
        for (pool, emitter) in self.pools() {
            self.stalls.note(&emitter, pool.status().stalled);
            pool.tend();
        }
    }
}
