//! What stands behind HTTP: the actors, over the backends that the settings name.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::Arbiter;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::actors::audit::{AuditActor, Bell, RelayLease};
use crate::actors::auth::{AuthActor, AuthPolicy};
use crate::actors::customers::CustomerActor;
use crate::actors::groups::GroupActor;
use crate::actors::rate_limiter::{Quotas, RateLimiterActor};
use crate::actors::records::Records;
use crate::actors::supervision::{ActorSpec, Backoff, Deadline, Mailbox, StartError, Supervisor};
use crate::actors::{AllReplicas, Mailboxes, Routers};
use crate::broker::Broker;
use crate::cache::Cache;
use crate::config::Settings;
use crate::limiter::{Limiter, Quota};
use crate::model::session::Lifetimes;
use crate::model::time::Clock;
use crate::store::Store;
use crate::store::measured::MeasuredStore;

use super::StartupError;
use super::pools::{Pools, start_hashers};
use super::ports::Ports;

/// Messages that a hot actor works on at once. Each one costs the others a little; what waits for a password's hash is
/// bounded by the pool.
const MAX_IN_FLIGHT: usize = 256;

/// The absolute end of a session (§3).
const SESSION_END: Duration = Duration::from_secs(30 * 86_400);

/// The actors and what they stand on. Cheap to clone.
#[derive(Clone)]
pub struct Backend(Arc<Inner>);

struct Inner {
    supervisor: Supervisor,
    pools: Pools,
    records: Records,
    store: Arc<MeasuredStore>,
    cache: Arc<dyn Cache>,
    limiter: Arc<dyn Limiter>,
    fallback_limiter: Arc<dyn Limiter>,
    broker: Arc<dyn Broker>,
    policy: AuthPolicy,
    quotas: Quotas,
    audit: Mailbox<AuditActor>,
    audit_thread: Arbiter,
    lease: RelayLease,
    replicas: AllReplicas,
    workers: Mutex<Vec<Mailboxes>>,
    next_replica: AtomicUsize,
    /// For how long an actor may make no progress.
    stall: Duration,
    expected_workers: usize,
    worker_started: Notify,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backend").field("records", &self.0.records).finish_non_exhaustive()
    }
}

impl Backend {
    /// Opens the store and starts what there is one of. Replicas are started by each worker on its own thread.
    /// Needs a running actix system.
    ///
    /// # Errors
    /// The store does not open, or is newer than this program.
    pub async fn start(settings: &Settings, clock: Clock) -> Result<Self, StartupError> {
        let secrets = settings.token_secrets()?;
        let supervisor = Supervisor::new();
        let Ports { store, store_pools, cache, limiter, fallback_limiter, broker } =
            Ports::open(settings, &clock).await?;
        if let Some(pools) = &store_pools {
            supervisor.register_pool(&pools.readers);
            supervisor.register_pool(&pools.writer);
        }
        let bell = Bell::default();
        let records = Records::new(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&cache), bell.clone(), clock);
        let pools = Pools { passwords: start_hashers(settings.health_check_timeout), store: store_pools };
        supervisor.register_pool(&pools.passwords);
        let audit_thread = Arbiter::new();
        let spec = ActorSpec::new("audit").stall(settings.health_check_timeout);
        let lease = match &pools.store {
            Some(_) => RelayLease::sole(),
            None => RelayLease::shared(records.now()),
        };
        let audit = start_audit(&supervisor, &audit_thread, spec, records.clone(), &broker, &bell, &lease);
        supervisor.watch(settings.health_check_interval);
        Ok(Self(Arc::new(Inner {
            supervisor,
            pools,
            records,
            store,
            cache,
            limiter,
            fallback_limiter,
            broker,
            policy: AuthPolicy {
                access_secret: secrets.access.expose().as_bytes().into(),
                refresh_secret: secrets.refresh.expose().as_bytes().into(),
                access_lifetime: settings.jwt_expires_in,
                lifetimes: Lifetimes {
                    sliding: settings.jwt_refresh_expires_in,
                    absolute: SESSION_END.max(settings.jwt_refresh_expires_in),
                    grace: settings.refresh_grace,
                },
                address_max_failures: settings.login_address_max_failures,
            },
            quotas: quotas(settings),
            audit,
            audit_thread,
            lease,
            replicas: AllReplicas::default(),
            workers: Mutex::default(),
            next_replica: AtomicUsize::new(0),
            stall: settings.health_check_timeout,
            expected_workers: settings.workers(),
            worker_started: Notify::new(),
        })))
    }

    /// Starts one replica of each hot actor on the present thread. Each HTTP worker calls it once, so that a question
    /// crosses no threads.
    pub fn replicas(&self) -> Mailboxes {
        let inner = &self.0;
        let replica = inner.next_replica.fetch_add(1, Ordering::Relaxed);
        let spec = |name| {
            let spec = ActorSpec::new(name).replica(replica).max_in_flight(MAX_IN_FLIGHT).stall(inner.stall);
            // The embedded store is never away.
            if inner.pools.store.is_some() { spec } else { soon_again(spec) }
        };
        let mailboxes = Mailboxes {
            auth: inner.supervisor.spawn(
                spec("auth"),
                self.connected(|inner, records| AuthActor::new(records, inner.pools.passwords.clone(), &inner.policy)),
            ),
            customers: inner
                .supervisor
                .spawn(spec("customers"), self.connected(|_, records| CustomerActor::new(records))),
            groups: inner.supervisor.spawn(spec("groups"), self.connected(|_, records| GroupActor::new(records))),
            rate_limiter: inner.supervisor.spawn(spec("rate-limiter"), {
                let (limiter, fallback) = (Arc::clone(&inner.limiter), Arc::clone(&inner.fallback_limiter));
                let quotas = inner.quotas;
                move || {
                    let actor = RateLimiterActor::new(Arc::clone(&limiter), Arc::clone(&fallback), quotas);
                    std::future::ready(Ok(actor))
                }
            }),
            audit: inner.audit.clone(),
        };
        inner.workers.lock().push(mailboxes.clone());
        inner.worker_started.notify_waiters();
        mailboxes
    }

    /// Starts the replicas of an HTTP worker, and gives the routers by which it asks them and those of the others.
    pub fn routers(&self) -> Routers {
        self.0.replicas.join(self.replicas())
    }

    /// A factory that makes sure of the store before it makes the actor.
    fn connected<A>(
        &self,
        make: impl Fn(&Inner, Records) -> A + Clone + Send + 'static,
    ) -> impl Fn() -> futures_util::future::LocalBoxFuture<'static, Result<A, StartError>> + Send + 'static {
        let inner = Arc::clone(&self.0);
        move || {
            let (inner, make) = (Arc::clone(&inner), make.clone());
            Box::pin(async move {
                inner.store.ping().await?;
                Ok(make(&inner, inner.records.clone()))
            })
        }
    }

    /// Waits until every HTTP worker has its replicas.
    pub async fn started(&self) {
        loop {
            let notified = self.0.worker_started.notified();
            if self.workers().len() >= self.0.expected_workers {
                return;
            }
            notified.await;
        }
    }

    /// The mailboxes of each worker, in the order of their start.
    pub fn workers(&self) -> Vec<Mailboxes> {
        self.0.workers.lock().clone()
    }

    /// What watches over the actors.
    pub fn supervisor(&self) -> &Supervisor {
        &self.0.supervisor
    }

    /// The threads that blocking work goes to.
    pub fn pools(&self) -> &Pools {
        &self.0.pools
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    /// The store, and what was asked of it.
    pub(super) fn measured_store(&self) -> &MeasuredStore {
        &self.0.store
    }

    /// The cache.
    pub fn cache(&self) -> &dyn Cache {
        &*self.0.cache
    }

    /// The broker.
    pub fn broker(&self) -> &dyn Broker {
        &*self.0.broker
    }

    /// The limiter.
    pub fn limiter(&self) -> &dyn Limiter {
        &*self.0.limiter
    }

    /// Drains the actors. What is not relayed by then stays in the outbox, durably.
    pub async fn stop(&self, deadline: Deadline) {
        // First, so that another node relays at once what is told from now on.
        let _ = tokio::time::timeout_at(deadline.instant(), self.0.lease.give_back(self.store())).await;
        for (name, drained) in self.0.supervisor.shutdown(deadline).await {
            if drained.dropped > 0 || drained.timed_out {
                tracing::warn!(
                    name,
                    dropped = drained.dropped,
                    timed_out = drained.timed_out,
                    "an actor was cut short"
                );
            }
        }
        self.0.audit_thread.stop();
    }
}

/// An actor that depends on a server looks for it often: it must be back soon after the server is.
fn soon_again(spec: ActorSpec) -> ActorSpec {
    let backoff = Backoff { max: Duration::from_secs(1), ..Backoff::default() };
    spec.backoff(backoff).cool_down(Some(Duration::from_secs(1)))
}

/// There is one AuditActor, on a thread of its own: events have one order.
fn start_audit(
    supervisor: &Supervisor,
    thread: &Arbiter,
    spec: ActorSpec,
    records: Records,
    broker: &Arc<dyn Broker>,
    bell: &Bell,
    lease: &RelayLease,
) -> Mailbox<AuditActor> {
    let mailbox = supervisor.spawn_on(&thread.handle(), spec, {
        let (bell, broker, lease) = (bell.clone(), Arc::clone(broker), lease.clone());
        move || {
            std::future::ready(Ok(AuditActor::new(records.clone(), Arc::clone(&broker), bell.clone(), lease.clone())))
        }
    });
    bell.connect(mailbox.clone());
    mailbox
}

fn quotas(settings: &Settings) -> Quotas {
    let quota = |name, burst| Quota { name, burst, window: settings.rate_limit_window };
    Quotas {
        default: quota("default", settings.rate_limit_max_requests),
        auth: quota("auth", settings.rate_limit_auth_max_requests),
    }
}
