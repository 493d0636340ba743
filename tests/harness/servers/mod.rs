//! Real servers to test against: each with free ports, a folder of its own, and an end with the test process, however
//! that ends. They can be killed, paused and restarted, and be cut off by a [`proxy::Proxy`].

pub mod certificate;
mod child;
mod foreign;
pub mod mongodb;
pub mod nginx;
pub mod proxy;
pub mod rabbitmq;
pub mod redis;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

pub use certificate::certificate;
pub use mongodb::MongoDb;
pub use nginx::Nginx;
pub use proxy::Proxy;
pub use rabbitmq::RabbitMq;
pub use redis::Redis;

/// What can be done to a server of the test's own.
macro_rules! stoppable {
    ($server:ty) => {
        impl $server {
            /// Ends it by SIGKILL and waits for its end.
            pub fn kill(&self) {
                self.server().kill();
            }

            /// Starts it again, at its port and over what it kept, and waits until it answers. Kills it first if it runs.
            pub fn restart(&self) {
                self.server().restart();
            }

            /// Holds it: it answers nothing, though connections are still accepted by the kernel.
            pub fn pause(&self) {
                self.server().pause();
            }

            /// Lets it go on.
            pub fn resume(&self) {
                self.server().resume();
            }

            /// The number of its main process.
            pub fn id(&self) -> u32 {
                self.server().id()
            }

            /// Its folder, gone when it is dropped.
            pub fn folder(&self) -> &std::path::Path {
                self.server().place().folder()
            }

            /// What it has said.
            pub fn log(&self) -> String {
                self.server().place().log()
            }
        }
    };
}
use stoppable;

/// The Redis that the tests of this process share; that of `TEST_REDIS_URL` if it is set. Never to be stopped.
pub fn redis() -> &'static Redis {
    static SHARED: OnceLock<Redis> = OnceLock::new();
    SHARED.get_or_init(|| given("TEST_REDIS_URL").map_or_else(Redis::start, Redis::foreign))
}

/// The RabbitMQ that the tests of this process share; that of `TEST_RABBITMQ_URL` if it is set. Never to be stopped.
pub fn rabbitmq() -> &'static RabbitMq {
    static SHARED: OnceLock<RabbitMq> = OnceLock::new();
    SHARED.get_or_init(|| given("TEST_RABBITMQ_URL").map_or_else(RabbitMq::start, RabbitMq::foreign))
}

/// The MongoDB that the tests of this process share; that of `TEST_MONGODB_URI` if it is set. Never to be stopped.
pub fn mongodb() -> &'static MongoDb {
    static SHARED: OnceLock<MongoDb> = OnceLock::new();
    SHARED.get_or_init(|| given("TEST_MONGODB_URI").map_or_else(MongoDb::start_exact, MongoDb::foreign))
}

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|url| !url.is_empty())
}

/// A name that no other test has, of this run or another: for databases, and as prefix of keys and queues.
pub fn unique(name: &str) -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{}-{number}-{:08x}", std::process::id(), fastrand::u32(..))
}
