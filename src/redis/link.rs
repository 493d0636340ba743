//! The link to Redis: one connection that all share, made anew by a thread of its own when it is lost.

use std::fmt;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::{Notify, oneshot, watch};

use super::client::{Client, Connection, Entry};
use super::news::{Follower, Position};
use super::options::{InvalidRedisUrl, RedisOptions};
use super::script::{FromRedis, Script};
use super::state::{News, State, Up};
use crate::model::id::ObjectId;

/// How many entries of the log are taken in at once. Who is further behind begins with an empty cache.
const MOST_NEWS: &str = "256";

/// The first pause before another attempt to connect, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Reaches Redis, and keeps up with the log of changes. Any thread may ask it; it fails at once while Redis is away.
pub struct RedisLink {
    core: Arc<Core>,
    /// Dropped with the link, which ends its thread.
    _ends: oneshot::Sender<()>,
}

struct Core {
    client: Client,
    options: RedisOptions,
    /// The key of the log.
    log: String,
    log_entries: String,
    /// Who this node is in the log. Random: a node that starts again is another.
    node: String,
    news: Script,
    state: State,
    /// Told when a connection was lost.
    fallen: Notify,
    /// Whether the first attempt to connect has ended.
    tried: watch::Sender<bool>,
}

impl RedisLink {
    /// A link that connects by itself from now on; Redis need not be there yet.
    ///
    /// # Errors
    /// [`InvalidRedisUrl`].
    ///
    /// # Panics
    /// The machine has no thread left.
    pub fn open(options: RedisOptions) -> Result<Self, InvalidRedisUrl> {
        let core = Arc::new(Core {
            client: Client::new(&options)?,
            log: options.key("changes"),
            log_entries: options.log_entries.to_string(),
            node: format!("{:016x}", fastrand::u64(..)),
            news: Script::new("return { 0, news() }"),
            state: State::new(),
            fallen: Notify::new(),
            tried: watch::Sender::new(false),
            options,
        });
        let (ends, ended) = oneshot::channel();
        let tended = Arc::clone(&core);
        let tend = move || {
            // The driver's tasks live here too: they outlast whoever asks, and end with the link.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a thread may have a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = tended.tend() => {}
                    _ = ended => {}
                }
            });
        };
        thread::Builder::new().name("redis-link".to_owned()).spawn(tend).expect("there is room for a thread");
        Ok(Self { core, _ends: ends })
    }

    /// Whether there is a connection.
    pub fn is_up(&self) -> bool {
        self.core.state.is_up()
    }

    /// The name of a key of this deployment.
    pub fn key(&self, name: &str) -> String {
        self.core.options.key(name)
    }

    /// Tells a follower what others change, from now on.
    pub fn follow(&self, follower: Weak<dyn Follower>) {
        self.core.state.follow(follower);
    }

    /// Whether all changes that were told before `moment` have been heard of.
    pub fn is_synced_since(&self, moment: Instant) -> bool {
        self.core.state.is_synced_since(moment)
    }

    /// Hears of all changes that were told before `moment`, if that has not been done. All who want it at the same time share
    /// one question. False if Redis is out of reach.
    pub async fn sync_since(&self, moment: Instant) -> bool {
        if self.is_synced_since(moment) {
            return true;
        }
        let flight = self.core.state.join_or_begin(moment, || {
            let core = Arc::clone(&self.core);
            async move { core.sync().await.is_ok() }.boxed().shared()
        });
        flight.await
    }

    /// Runs a script, and hears of all changes with its answer. Its own keys begin at `KEYS[2]`, its arguments at `ARGV[5]`.
    ///
    /// # Errors
    /// [`LinkError`]. The script may have run.
    pub async fn run<T: FromRedis>(&self, script: &Script, keys: &[&str], args: &[&str]) -> Result<T, LinkError> {
        self.core.run(script, keys, args).await
    }

    /// Tells the other nodes that these documents were changed: before this returns, or, while Redis is out of reach, before
    /// this node trusts what it has at hand again.
    pub async fn tell(&self, changed: &[(&'static str, ObjectId)]) {
        self.core.tell(changed).await;
    }
}

impl Drop for RedisLink {
    fn drop(&mut self) {
        self.core.state.forget_flight();
    }
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLink").field("options", &self.core.options).field("is_up", &self.is_up()).finish()
    }
}

impl Core {
    async fn run<T: FromRedis>(&self, script: &Script, keys: &[&str], args: &[&str]) -> Result<T, LinkError> {
        let Up { number, connection, position } = self.up().await?;
        let position = position.to_string();
        let keys = [&[self.log.as_str()], keys].concat();
        let args = [&[position.as_str(), &self.node, MOST_NEWS, &self.log_entries], args].concat();
        let sent = Instant::now();
        let answer = connection.run::<(T, News)>(script, &keys, &args, self.options.patience).await;
        let (answer, news) = answer.inspect_err(|error| self.lost(number, error))?;
        if !self.state.heard(number, sent, &news) {
            self.lost(number, &LinkError::Senseless);
            return Err(LinkError::Senseless);
        }
        Ok(answer)
    }

    async fn sync(&self) -> Result<(), LinkError> {
        self.run::<i64>(&self.news, &[], &[]).await.map(|_| ())
    }

    async fn tell(&self, changed: &[(&'static str, ObjectId)]) {
        if changed.is_empty() {
            return;
        }
        let mut entry = super::news::Changed::default();
        entry.add(changed);
        let entry = entry.told();
        // Ends: each failure takes the connection away, and without one it is kept.
        while let Some(Up { number, connection, .. }) = self.state.up_or_keep(changed) {
            match connection.append(&self.entry(&entry), self.options.patience).await {
                Ok(_) => return,
                Err(error) => self.lost(number, &error),
            }
        }
    }

    fn entry<'a>(&'a self, changed: &'a str) -> Entry<'a> {
        Entry { log: &self.log, most: self.options.log_entries, node: &self.node, changed }
    }

    /// The connection. Only the very first one is waited for.
    async fn up(&self) -> Result<Up, LinkError> {
        if let Some(up) = self.state.up() {
            return Ok(up);
        }
        if !*self.tried.borrow() {
            let mut tried = self.tried.subscribe();
            // Past its time it is as good as refused.
            let _ = tokio::time::timeout(self.options.patience, tried.wait_for(|tried| *tried)).await;
        }
        self.state.up().ok_or(LinkError::Down)
    }

    fn lost(&self, number: u64, error: &LinkError) {
        if self.state.lost(number) {
            tracing::warn!(%error, "the connection to Redis is lost; reads go to the store, and each node counts requests for itself");
            self.fallen.notify_one();
        }
    }

    /// Keeps a connection, for ever.
    async fn tend(&self) {
        let mut pause = PAUSES.0;
        let mut is_told = false;
        loop {
            let connected = self.connect().await;
            self.tried.send_replace(true);
            match connected {
                Ok(()) => {
                    tracing::info!("connected to Redis");
                    (pause, is_told) = (PAUSES.0, false);
                    self.watch().await;
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_told, true) {
                        tracing::warn!(%error, "Redis is out of reach; trying again until it is there");
                    }
                    tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
                    pause = (2 * pause).min(PAUSES.1);
                }
            }
        }
    }

    /// Connects, tells what is pending, and takes the end of the log as this node's place in it.
    async fn connect(&self) -> Result<(), LinkError> {
        let connection: Connection = self.client.connect(self.options.patience).await?;
        loop {
            let pending = self.state.pending();
            let sent = Instant::now();
            let position = connection.append(&self.entry(&pending.told()), self.options.patience).await?;
            let position = Position::parse(&position).ok_or(LinkError::Senseless)?;
            if self.state.connected(&connection, &pending, position, sent) {
                return Ok(());
            }
        }
    }

    /// Returns when the connection is lost. Finds out by itself when nobody else asks.
    async fn watch(&self) {
        let heartbeat = self.options.heartbeat;
        loop {
            tokio::select! {
                () = self.fallen.notified() => return,
                () = tokio::time::sleep(heartbeat) => {}
            }
            let lately = Instant::now().checked_sub(heartbeat);
            if lately.is_none_or(|lately| !self.state.is_synced_since(lately)) {
                // A failure is known by the connection's fall.
                let _ = self.sync().await;
            }
        }
    }
}

/// Redis could not be asked, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// There is no connection.
    #[error("there is no connection to Redis")]
    Down,
    /// It did not answer in time.
    #[error("Redis did not answer in time")]
    TimedOut,
    /// It answered what nobody asked for.
    #[error("Redis gave an answer that makes no sense")]
    Senseless,
    /// It refused, or the connection broke.
    #[error("Redis failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl LinkError {
    pub(super) fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(error))
    }
}
