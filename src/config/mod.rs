//! Settings: the original's environment names, typed and checked before anything starts.
//!
//! Four layers, each stronger than the one before: `config/default.toml`, a `.env` file, the environment, flags.
//! Nothing here changes the process's environment.

mod catalogue;
mod check;
mod choices;
mod error;
mod layers;
mod log_level;
mod network;
mod reader;
mod secret;
mod table;
mod token_secrets;
mod traces;
mod values;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use catalogue::{Setting, catalogue};
pub use choices::{AllowedOrigins, AppEnv, FirstAdmin, LogFormat, Registration};
pub use error::{Problem, SettingsError};
use layers::Layers;
pub use layers::Origin;
pub use log_level::{InvalidLogLevel, LogLevel};
pub use network::{InvalidNetwork, Network};
use reader::Reader;
pub use secret::Secret;
pub use table::Row;
pub use token_secrets::{TokenSecrets, TokenSecretsError};
pub use traces::TraceSettings;
pub(crate) use values::duration;

/// Every setting, each named after its environment name. `config/default.toml` tells units, bounds and defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `APP_ENV`, else `NODE_ENV`.
    pub app_env: AppEnv,
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0: a free one.
    pub port: u16,
    /// The version in every route's path.
    pub api_version: String,
    /// Whose pages may call the API.
    pub allowed_origins: AllowedOrigins,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// HTTP workers as given, 0: all CPUs; [`workers`](Self::workers) has the count.
    pub max_workers: usize,
    /// How long a stop may take until it is forced.
    pub shutdown_timeout: Duration,
    /// How often dependencies are checked.
    pub health_check_interval: Duration,
    /// How long one check may take.
    pub health_check_timeout: Duration,
    /// As given; [`token_secrets`](Self::token_secrets) has the one to sign with.
    pub jwt_secret: Option<Secret>,
    /// As given; [`token_secrets`](Self::token_secrets) has the one to sign with.
    pub jwt_refresh_secret: Option<Secret>,
    /// How long an access token is good for.
    pub jwt_expires_in: Duration,
    /// How long a refresh token is good for.
    pub jwt_refresh_expires_in: Duration,
    /// How long a refresh token that was just replaced still gets the current one.
    pub refresh_grace: Duration,
    /// Whether anyone may register.
    pub registration: Registration,
    /// `ADMIN_EMAIL` and `ADMIN_PASSWORD`, which come together or not at all.
    pub admin: Option<FirstAdmin>,
    /// The folder of the embedded store and of made secrets.
    pub data_dir: PathBuf,
    /// Where MongoDB is; `None`: the embedded store.
    pub mongodb_uri: Option<Secret>,
    /// Connections to MongoDB.
    pub mongodb_pool_size: u32,
    /// Where Redis is; `None`: the embedded cache and limiter.
    pub redis_url: Option<Secret>,
    /// The password for Redis.
    pub redis_password: Option<Secret>,
    /// What names of keys in Redis begin with.
    pub redis_key_prefix: String,
    /// Where RabbitMQ is; `None`: the embedded broker.
    pub rabbitmq_url: Option<Secret>,
    /// What names of queues begin with.
    pub rabbitmq_queue_prefix: String,
    /// The time over which a spent rate limit refills.
    pub rate_limit_window: Duration,
    /// Requests in a burst; 0: not limited.
    pub rate_limit_max_requests: u32,
    /// Requests in a burst on `/auth/*`, as given or derived from `rate_limit_max_requests`; 0: not limited.
    pub rate_limit_auth_max_requests: u32,
    /// Failed sign-ins from one address after which it has to wait; 0: any number.
    pub login_address_max_failures: u32,
    /// What `/metrics` asks for; `None`: nothing.
    pub metrics_token: Option<Secret>,
    /// What is logged.
    pub log_level: LogLevel,
    /// How it is written: as given, else by `app_env`.
    pub log_format: LogFormat,
    /// Where spans go and how; `None`: nothing is traced.
    pub traces: Option<TraceSettings>,
    warnings: Vec<String>,
    table: Vec<Row>,
}

impl Settings {
    /// Reads all layers. Reads files (`.env` and those that `NAME_FILE`s name), writes none.
    ///
    /// `flags` and `environment` are pairs of environment name and value; a `dotenv` that is not there counts as empty.
    ///
    /// # Errors
    /// [`SettingsError`] lists everything that is wrong.
    pub fn load(
        flags: Vec<(String, String)>,
        environment: impl IntoIterator<Item = (String, String)>,
        dotenv: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(Layers::read(flags, environment, dotenv));
        let mut settings = Self::read(&mut reader);
        check::check(&settings, &mut reader);
        settings.table = table::rows(&reader);
        let (problems, warnings) = reader.finish();
        settings.warnings = warnings;
        if problems.is_empty() { Ok(settings) } else { Err(SettingsError { problems }) }
    }

    /// Reads `.env` in the working directory, this process's environment and `flags` over the defaults.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_process(flags: Vec<(String, String)>) -> Result<Self, SettingsError> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
        Self::load(flags, environment, Some(Path::new(".env")))
    }

    fn read(reader: &mut Reader) -> Self {
        let app_env = read_app_env(reader);
        let rate_limit_max_requests = reader.value("RATE_LIMIT_MAX_REQUESTS", values::number(0..=u32::MAX));
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        Self {
            app_env,
            host: reader.value("HOST", values::host),
            port: reader.value("PORT", values::number(0..=u16::MAX)),
            api_version: reader.value("API_VERSION", values::api_version),
            allowed_origins: reader.value("ALLOWED_ORIGINS", values::allowed_origins),
            trusted_proxies: reader.value("TRUSTED_PROXIES", values::networks),
            max_workers: reader.value("MAX_WORKERS", values::number(0..=1_024)),
            shutdown_timeout: reader.value("SHUTDOWN_TIMEOUT", values::millis(0..=3_600_000)),
            health_check_interval: reader.value("HEALTH_CHECK_INTERVAL", values::millis(100..=3_600_000)),
            health_check_timeout: reader.value("HEALTH_CHECK_TIMEOUT", values::millis(10..=600_000)),
            jwt_secret: reader.secret("JWT_SECRET"),
            jwt_refresh_secret: reader.secret("JWT_REFRESH_SECRET"),
            jwt_expires_in: reader.value("JWT_EXPIRES_IN", values::duration("1s", "30d")),
            jwt_refresh_expires_in: reader.value("JWT_REFRESH_EXPIRES_IN", values::duration("1s", "365d")),
            refresh_grace: reader.value("REFRESH_GRACE", values::duration("0s", "10m")),
            registration: reader.value(
                "REGISTRATION",
                values::choice([("open", Registration::Open), ("closed", Registration::Closed)]),
            ),
            admin: read_first_admin(reader),
            data_dir: reader.value("DATA_DIR", |text| Ok(PathBuf::from(text))),
            mongodb_uri: reader.optional("MONGODB_URI", values::url(&["mongodb", "mongodb+srv"])),
            mongodb_pool_size: reader.value("MONGODB_POOL_SIZE", values::number(1..=10_000)),
            redis_url: reader
                .optional("REDIS_URL", values::urls(&["redis", "rediss", "redis+cluster", "rediss+cluster"])),
            redis_password: reader.secret("REDIS_PASSWORD"),
            redis_key_prefix: reader.value("REDIS_KEY_PREFIX", values::name_prefix),
            rabbitmq_url: reader.optional("RABBITMQ_URL", values::url(&["amqp"])),
            rabbitmq_queue_prefix: reader.value("RABBITMQ_QUEUE_PREFIX", values::name_prefix),
            rate_limit_window: reader.value("RATE_LIMIT_WINDOW", values::millis(1_000..=86_400_000)),
            rate_limit_max_requests,
            rate_limit_auth_max_requests: reader
                .optional("RATE_LIMIT_AUTH_MAX_REQUESTS", values::number(0..=u32::MAX))
                .unwrap_or_else(|| derived_auth_limit(rate_limit_max_requests)),
            login_address_max_failures: reader.value("LOGIN_ADDRESS_MAX_FAILURES", values::number(0..=u32::MAX)),
            metrics_token: reader.optional("METRICS_TOKEN", values::bearer_token),
            log_level: reader.value("LOG_LEVEL", values::log_level),
            log_format: reader.optional("LOG_FORMAT", values::choice(formats)).unwrap_or(match app_env {
                AppEnv::Development => LogFormat::Text,
                AppEnv::Production => LogFormat::Json,
            }),
            traces: traces::read(reader),
            warnings: Vec::new(),
            table: Vec::new(),
        }
    }

    /// What is odd about the settings, but no reason not to start: for the log.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Every setting with its value, in the order of `config/default.toml`, secrets masked.
    pub fn table(&self) -> &[Row] {
        &self.table
    }

    /// Whether the store is a file of this process alone.
    pub fn has_embedded_store(&self) -> bool {
        self.mongodb_uri.is_none()
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    /// How many HTTP workers there are: `MAX_WORKERS`, or one for each CPU. At least one.
    pub fn workers(&self) -> usize {
        match self.max_workers {
            0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            count => count,
        }
    }

    /// The secrets that tokens are signed with. In development one that was not given is made, once, and kept in
    /// `DATA_DIR/secrets`, so that tokens outlive a restart; starts at the same time agree on it.
    ///
    /// # Errors
    /// [`TokenSecretsError`]: the folder or a file in it cannot be made or read.
    pub fn token_secrets(&self) -> Result<TokenSecrets, TokenSecretsError> {
        TokenSecrets::of(self)
    }
}

fn read_app_env(reader: &mut Reader) -> AppEnv {
    let choice = values::choice([("development", AppEnv::Development), ("production", AppEnv::Production)]);
    let node_env = reader.value("NODE_ENV", &choice);
    reader.optional("APP_ENV", &choice).unwrap_or(node_env)
}

fn read_first_admin(reader: &mut Reader) -> Option<FirstAdmin> {
    let email = reader.optional("ADMIN_EMAIL", values::email);
    let password = reader.optional("ADMIN_PASSWORD", |text| {
        let fits = (8..=128).contains(&text.chars().count());
        fits.then(|| Secret::new(text)).ok_or_else(|| "8 to 128 characters".into())
    });
    for (name, other) in [("ADMIN_EMAIL", "ADMIN_PASSWORD"), ("ADMIN_PASSWORD", "ADMIN_EMAIL")] {
        if reader.given(name).is_none() && reader.given(other).is_some() {
            reader.refuse(Problem::missing(name, format!("one that goes with {other}")));
        }
    }
    email.zip(password).map(|(email, password)| FirstAdmin { email, password })
}

/// A fifth of the main limit, at least 20; off where that is off.
const fn derived_auth_limit(main_limit: u32) -> u32 {
    match main_limit / 5 {
        _ if main_limit == 0 => 0,
        fifth if fifth < 20 => 20,
        fifth => fifth,
    }
}
