//! The actors and pools of a process, in the order of their start.

use std::sync::Arc;

use actix::{Actor, ArbiterHandle, Context};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::cell::{Cell, Factory};
use super::tenancy::Tenancy;
use super::{ActorSpec, ActorStatus, Deadline, Drained, Mailbox, Pool, PoolStatus, StartError};

/// Starts actors, knows them all, and ends them in order. Clones share what they know.
///
/// Actors live until they finish by their [`Restart`](super::Restart) policy, are drained, or lose their thread:
/// not for as long as somebody holds a mailbox.
#[derive(Clone, Default)]
pub struct Supervisor {
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    actors: Vec<Arc<dyn Child>>,
    pools: Vec<Arc<dyn Fn() -> PoolStatus + Send + Sync>>,
}

/// What the supervisor needs of an actor, whatever its type.
trait Child: Send + Sync {
    fn status(&self) -> ActorStatus;
    /// The name, if the actor ought to take messages and does not.
    fn unready(&self) -> Option<String>;
    fn drain(&self, deadline: Deadline) -> BoxFuture<'static, Drained>;
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
        let (mailbox, tenancy) = self.open(spec);
        actix::spawn(Cell::new(tenancy, boxed(factory)).run());
        mailbox
    }

    /// Starts an actor on the thread of `arbiter`. If that is gone, the actor is stopped from the start.
    pub fn spawn_on<A, F, Fut>(&self, arbiter: &ArbiterHandle, spec: ActorSpec, factory: F) -> Mailbox<A>
    where
        A: Actor<Context = Context<A>>,
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, StartError>> + 'static,
    {
        let (mailbox, tenancy) = self.open(spec);
        let factory = boxed(factory);
        arbiter.spawn_fn(move || {
            actix::spawn(Cell::new(tenancy, factory).run());
        });
        mailbox
    }

    /// Has a pool appear among [`pools`](Supervisor::pools) and in readiness.
    pub fn register_pool<W: Unpin + 'static>(&self, pool: &Pool<W>) {
        let pool = pool.clone();
        self.known.lock().pools.push(Arc::new(move || pool.status()));
    }

    /// All actors in the order of their start, those that have ended included.
    pub fn statuses(&self) -> Vec<ActorStatus> {
        self.actors().iter().map(|child| child.status()).collect()
    }

    /// All registered pools, in the order of their registration.
    pub fn pools(&self) -> Vec<PoolStatus> {
        let pools = self.known.lock().pools.clone();
        pools.iter().map(|status| status()).collect()
    }

    /// The actors (`customers/1`) and pools (`passwords`) that ought to work and do not: failed, stalled, backing
    /// off for long, not yet started, or gone with their thread. Nobody: the process is ready.
    pub fn unready(&self) -> Vec<String> {
        let actors = self.actors();
        let actors = actors.iter().filter_map(|child| child.unready());
        let pools = self.pools().into_iter().filter(|pool| !pool.ready());
        actors.chain(pools.map(|pool| pool.name)).collect()
    }

    /// Drains all actors one by one, in the reverse order of their start, under one deadline.
    ///
    /// What an actor was started after, it may use until it has answered its last message.
    pub async fn shutdown(&self, deadline: Deadline) -> Vec<(String, Drained)> {
        let mut drained = Vec::new();
        for child in self.actors().into_iter().rev() {
            drained.push((child.status().full_name(), child.drain(deadline).await));
        }
        drained
    }

    fn open<A: Actor<Context = Context<A>>>(&self, spec: ActorSpec) -> (Mailbox<A>, Tenancy<A>) {
        let mailbox = Mailbox::open(spec);
        let tenancy = Tenancy::new(mailbox.shared().clone());
        self.enlist(Arc::new(mailbox.clone()));
        (mailbox, tenancy)
    }

    /// A worker thread that was replaced brings its actors again: the stopped namesake is forgotten.
    fn enlist(&self, child: Arc<dyn Child>) {
        let name = child.status().full_name();
        let mut known = self.known.lock();
        known.actors.retain(|other| {
            let other = other.status();
            other.state != super::State::Stopped || other.full_name() != name
        });
        known.actors.push(child);
    }

    fn actors(&self) -> Vec<Arc<dyn Child>> {
        self.known.lock().actors.clone()
    }
}

impl<A: Actor<Context = Context<A>>> Child for Mailbox<A> {
    fn status(&self) -> ActorStatus {
        Mailbox::status(self)
    }

    fn unready(&self) -> Option<String> {
        let status = Mailbox::status(self);
        (!status.ready && !self.shared().vitals.is_at_its_end()).then(|| status.full_name())
    }

    fn drain(&self, deadline: Deadline) -> BoxFuture<'static, Drained> {
        let mailbox = self.clone();
        Box::pin(async move { mailbox.drain(deadline).await })
    }
}

fn boxed<A, F, Fut>(factory: F) -> Factory<A>
where
    F: Fn() -> Fut + Send + 'static,
    Fut: Future<Output = Result<A, StartError>> + 'static,
{
    Box::new(move || Box::pin(factory()))
}
