//! Servers to test against, each with a data folder and a port of its own, and clients that talk to them.
#![allow(dead_code, unused_imports, reason = "each test binary uses its own part")]

pub mod client;
pub mod process;
pub mod servers;
pub mod trail;
pub mod writer;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use clientele::app::{Application, Backend};
use clientele::config::Settings;
use clientele::testkit;
pub use clientele::testkit::SOON;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;

pub use client::Client;

/// The administrator that every test server is started with.
pub const ADMIN: (&str, &str) = ("admin@example.com", "an administrator's password");

/// The settings of a server over the embedded store.
pub const EMBEDDED: &[(&str, &str)] = &[("MONGODB_URI", "")];

/// Settings for a test: those of the test kit, the administrator, and what the test wants beside that.
pub fn settings(folder: &Path, wanted: &[(&str, &str)]) -> Settings {
    let administrator = [("ADMIN_EMAIL", ADMIN.0), ("ADMIN_PASSWORD", ADMIN.1)];
    let backends = backends(folder);
    let unless_wanted = |name: &str| wanted.iter().all(|(other, _)| *other != name);
    let backends = backends.iter().filter(|(name, _)| unless_wanted(name));
    let backends: Vec<_> = backends.map(|(name, value)| (*name, value.as_str())).collect();
    testkit::settings(folder, &[&administrator, &backends[..], wanted].concat())
}

/// The servers that this run is to stand on, by `TEST_BACKENDS`: some of `mongodb`, `redis` and `rabbitmq`, comma separated;
/// none by default. Who has the same data folder has the same data there.
fn backends(folder: &Path) -> Vec<(&'static str, String)> {
    let wanted = std::env::var("TEST_BACKENDS").unwrap_or_default();
    let name: String = folder.to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
    let settings = |backend: &str| match backend {
        "mongodb" => vec![("MONGODB_URI", servers::mongodb().uri(&name))],
        "redis" => vec![("REDIS_URL", servers::redis().url()), ("REDIS_KEY_PREFIX", name.clone())],
        "rabbitmq" => vec![("RABBITMQ_URL", servers::rabbitmq().url()), ("RABBITMQ_QUEUE_PREFIX", name.clone())],
        other => panic!("TEST_BACKENDS names {other:?}"),
    };
    wanted.split(',').filter(|backend| !backend.is_empty()).flat_map(settings).collect()
}

/// A server in this process, on a thread of its own, so that a test can reach its actors as well as its port.
pub struct TestServer {
    url: String,
    backend: Backend,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    folder: TempDir,
}

impl TestServer {
    /// A server with the usual settings.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A server over the embedded store, whatever the others are run on: for tests that meddle with it.
    pub fn embedded() -> Self {
        Self::with(EMBEDDED)
    }

    /// A server with these settings beside the usual ones.
    pub fn with(wanted: &[(&str, &str)]) -> Self {
        Self::over(tempfile::tempdir().expect("a temporary folder can be made"), wanted)
    }

    /// A server over a data folder that is there already.
    pub fn over(folder: TempDir, wanted: &[(&str, &str)]) -> Self {
        let settings = settings(folder.path(), wanted);
        let (stop, stopped) = oneshot::channel();
        let (started, ready) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix::System::new().block_on(async move {
                let application = Application::build(settings).await.expect("the server starts");
                started.send((application.address(), application.backend().clone())).expect("the test waits");
                let stop = async {
                    let _ = stopped.await;
                };
                application.run_until(stop).await.expect("the server runs and stops");
            });
        });
        let (address, backend) = ready.recv().expect("the server starts");
        let server = Self { url: format!("http://{address}"), backend, stop: Some(stop), thread: Some(thread), folder };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&self) {
        let url = format!("{}/health/ready", self.url);
        poll_until(|| status_of(&url) == Some(200), "the server is ready");
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The parts behind HTTP.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// A client that is not signed in.
    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// A client that is signed in as the administrator.
    pub async fn admin(&self) -> Client {
        self.client().signed_in(ADMIN.0, ADMIN.1).await
    }

    /// A client that is signed in as a new user who holds these roles.
    pub async fn user(&self, email: &str, roles: &[&str]) -> Client {
        let client = self.client().registered(email).await;
        if roles != ["member"] {
            let answer =
                self.admin().await.patch(&format!("/users/{}", client.user_id()), json!({"roles": roles})).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        client
    }

    /// Stops gracefully and gives the data folder back.
    pub fn stop(mut self) -> TempDir {
        self.join();
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a temporary folder can be made"))
    }

    fn join(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("the server stops without a panic");
            }
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.join();
    }
}

/// Looks again and again until `condition` holds; panics if it does not soon.
pub fn poll_until(mut condition: impl FnMut() -> bool, what: &str) {
    let until = std::time::Instant::now() + SOON;
    while !condition() {
        assert!(std::time::Instant::now() < until, "it is not so that {what}");
        // Not a guess at how long it takes: only so that waiting leaves the cores to those who work.
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// The same in a task, so that what else runs on its thread goes on; with this much `patience`.
pub async fn wait_until(patience: Duration, condition: impl Fn() -> bool, what: &str) {
    let until = std::time::Instant::now() + patience;
    while !condition() {
        assert!(std::time::Instant::now() < until, "it is not so that {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The status of a GET; `None` if nobody answers. Without an async client, so that it works in every test.
pub fn status_of(url: &str) -> Option<u16> {
    let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
    let mut stream = TcpStream::connect(host).ok()?;
    stream.set_read_timeout(Some(SOON)).ok()?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}
