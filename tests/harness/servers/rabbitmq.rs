//! RabbitMQ with everything of its own: folder, cookie, ports, and the port mapper of Erlang.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::child::{Place, Server};
use super::foreign::Foreign;

const SETTINGS: &str = "loopback_users = none
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 50MB
log.console = false
log.file.level = warning
cluster_formation.peer_discovery_backend = classic_config
";

/// Its port mapper stays in the process group, so that both end together: RabbitMQ alone would start one that stays.
const LAUNCH: &str = r#"
epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 &
tries=0
until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do
  tries=$((tries + 1)); [ $tries -lt 500 ] || exit 1
  sleep 0.02
done
exec "$0"
"#;

/// A RabbitMQ of the test's own, or the one of `TEST_RABBITMQ_URL`.
pub struct RabbitMq {
    server: Option<Server>,
    address: SocketAddr,
    url: String,
}

impl RabbitMq {
    /// Starts one: some five seconds, so tests had better share `servers::rabbitmq()` unless they stop it.
    pub fn start() -> Self {
        let server = Server::start(3, prepare, answers);
        let address = server.address();
        Self { server: Some(server), address, url: format!("amqp://guest:guest@{address}/%2f") }
    }

    pub(super) fn foreign(url: String) -> Self {
        Self { server: None, address: Foreign::parse(&url, 5672).address(), url }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The URL by which it is reached at another address, that of a proxy.
    pub fn url_at(&self, address: SocketAddr) -> String {
        Foreign::parse(&self.url, 5672).at(address)
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("only a server of the test's own is stopped")
    }
}

super::stoppable!(RabbitMq);

fn prepare(place: &Place) -> Command {
    let folder = place.folder();
    let home = installed();
    for name in ["mnesia", "log", "home"] {
        fs::create_dir_all(folder.join(name)).expect("a folder can be made");
    }
    for (name, text) in
        [("rabbitmq.conf", SETTINGS), ("advanced.config", "[].\n"), ("enabled_plugins", "[].\n"), ("env.conf", "")]
    {
        fs::write(folder.join(name), text).expect("a file can be written");
    }
    let mut command = Command::new("/bin/sh");
    command.args(["-c", LAUNCH]).arg(home.join("sbin/rabbitmq-server"));
    for (name, file) in [
        // The cookie by which nodes know each other is kept there.
        ("HOME", "home"),
        ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config"),
        ("RABBITMQ_CONF_ENV_FILE", "env.conf"),
        ("RABBITMQ_MNESIA_BASE", "mnesia"),
        ("RABBITMQ_LOG_BASE", "log"),
        ("RABBITMQ_PID_FILE", "pid"),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
        ("RABBITMQ_GENERATED_CONFIG_DIR", "generated"),
        ("RABBITMQ_FEATURE_FLAGS_FILE", "feature_flags"),
    ] {
        command.env(name, folder.join(file));
    }
    command.env("RABBITMQ_HOME", home).env("LANG", "C.UTF-8");
    command.envs([
        ("RABBITMQ_NODENAME", format!("test{}@localhost", place.port(0)).as_str()),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
        ("RABBITMQ_NODE_PORT", &place.port(0).to_string()),
        ("RABBITMQ_DIST_PORT", &place.port(1).to_string()),
        ("ERL_EPMD_PORT", &place.port(2).to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1"),
        // So that the script becomes the server instead of waiting for it.
        ("RUNNING_UNDER_SYSTEMD", "yes"),
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
        ),
    ]);
    command
}

/// Where Debian's package keeps the one version that is installed.
fn installed() -> PathBuf {
    let versions = fs::read_dir(Path::new("/usr/lib/rabbitmq/lib")).expect("rabbitmq-server is installed");
    let mut homes = versions.map(|entry| entry.expect("a folder can be listed").path());
    let is_server =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rabbitmq_server-"));
    homes.find(is_server).expect("rabbitmq-server is installed")
}

/// Whether it greets a client by `Connection.Start`, which is method 10 of class 10.
fn answers(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        let mut answer = [0; 11];
        stream.read_exact(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    ask().is_ok_and(|answer| answer[0] == 1 && answer[7..] == [0, 10, 0, 10])
}
