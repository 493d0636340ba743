//! Which backends stand behind the ports: the embedded ones, or the servers that the settings name.

use std::sync::Arc;

use crate::broker::Broker;
use crate::broker::embedded::{EmbeddedBroker, EmbeddedBrokerOptions};
use crate::broker::rabbitmq::{InvalidUrl, RabbitBroker, RabbitOptions};
use crate::cache::Cache;
use crate::cache::memory::{MemoryCache, MemoryCacheOptions};
use crate::cache::redis::RedisCache;
use crate::config::Settings;
use crate::limiter::Limiter;
use crate::limiter::governor::GovernorLimiter;
use crate::limiter::redis::RedisLimiter;
use crate::model::COLLECTIONS;
use crate::model::time::Clock;
use crate::redis::{RedisLink, RedisOptions};
use crate::store::measured::MeasuredStore;
use crate::store::mongodb::{MongoOptions, MongoStore};
use crate::store::traced::TracedStore;
use crate::store::{Migration, Store};

use super::StartupError;
use super::data_folder::open_embedded_store;
use super::pools::StorePools;

/// What the actors stand on.
pub(super) struct Ports {
    pub(super) store: Arc<MeasuredStore>,
    /// Its threads, where it is the embedded one.
    pub(super) store_pools: Option<StorePools>,
    pub(super) cache: Arc<dyn Cache>,
    pub(super) limiter: Arc<dyn Limiter>,
    /// It counts in this process while `limiter` is out of reach.
    pub(super) fallback_limiter: Arc<dyn Limiter>,
    pub(super) broker: Arc<dyn Broker>,
}

impl Ports {
    /// Opens the store, and brings it to this program's version. Needs a running actix system.
    ///
    /// # Errors
    /// The store does not open, or is newer than this program.
    pub(super) async fn open(settings: &Settings, clock: &Clock) -> Result<Self, StartupError> {
        let (store, store_pools) = open_store(settings).await?;
        let store = match settings.traces {
            Some(_) => Arc::new(TracedStore::new(store)),
            None => store,
        };
        let store = Arc::new(MeasuredStore::new(store));
        store.migrate().await?;
        let fallback_limiter: Arc<dyn Limiter> = Arc::new(GovernorLimiter::new());
        let (cache, limiter) = match open_redis(settings)? {
            Some(link) => shared(link, clock),
            None => {
                let cache = MemoryCache::new(MemoryCacheOptions::default(), clock.clone());
                (Arc::new(cache) as Arc<dyn Cache>, Arc::clone(&fallback_limiter))
            }
        };
        Ok(Self { store, store_pools, cache, fallback_limiter, limiter, broker: open_broker(settings)? })
    }
}

/// The way to Redis, if there is one. It connects when it is first needed.
fn open_redis(settings: &Settings) -> Result<Option<Arc<RedisLink>>, StartupError> {
    let Some(url) = &settings.redis_url else { return Ok(None) };
    let options = RedisOptions {
        password: settings.redis_password.as_ref().map(|password| password.expose().to_owned()),
        key_prefix: settings.redis_key_prefix.clone(),
        ..RedisOptions::at(url.expose())
    };
    Ok(Some(Arc::new(RedisLink::open(options)?)))
}

/// The cache and the limiter of a node among many. They share the link: what the limiter asks also tells the cache what
/// others have changed.
fn shared(link: Arc<RedisLink>, clock: &Clock) -> (Arc<dyn Cache>, Arc<dyn Limiter>) {
    let cache = RedisCache::new(Arc::clone(&link), RedisCache::bounds(), clock.clone());
    (Arc::new(cache), Arc::new(RedisLimiter::new(link)))
}

/// The broker. It connects when it is first needed.
fn open_broker(settings: &Settings) -> Result<Arc<dyn Broker>, StartupError> {
    Ok(match rabbitmq(settings)? {
        Some(broker) => Arc::new(broker),
        None => Arc::new(EmbeddedBroker::new(EmbeddedBrokerOptions::default())),
    })
}

/// The broker on RabbitMQ, if there is one.
///
/// # Errors
/// The URL does not read.
pub(super) fn rabbitmq(settings: &Settings) -> Result<Option<RabbitBroker>, InvalidUrl> {
    let Some(url) = &settings.rabbitmq_url else { return Ok(None) };
    RabbitBroker::new(RabbitOptions::new(url.expose(), &settings.rabbitmq_queue_prefix)).map(Some)
}

/// Opens the store and brings it to this program's version.
///
/// # Errors
/// It does not open, or is newer than this program.
pub async fn migrate(settings: &Settings) -> Result<Migration, StartupError> {
    Ok(open_store(settings).await?.0.migrate().await?)
}

/// Opens the store, as it is.
async fn open_store(settings: &Settings) -> Result<(Arc<dyn Store>, Option<StorePools>), StartupError> {
    use_one_tls_provider();
    if let Some(uri) = &settings.mongodb_uri {
        let options =
            MongoOptions { pool_size: settings.mongodb_pool_size, ..MongoOptions::new(uri.expose(), COLLECTIONS) };
        return Ok((Arc::new(MongoStore::connect(options).await?), None));
    }
    let store = Arc::new(open_embedded_store(settings)?);
    let pools = StorePools { readers: store.readers().clone(), writer: store.writer().clone() };
    Ok((store, Some(pools)))
}

/// The drivers, also that of Redis, ask for the process's provider of TLS. If there is one already it is as good.
fn use_one_tls_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
