//! Redis that has written down what it has acknowledged.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::certificate::{Certificate, certificate};
use super::child::{Place, Server};
use super::foreign::Foreign;

/// A Redis of the test's own, or the one of `TEST_REDIS_URL`.
pub struct Redis {
    server: Option<Server>,
    address: SocketAddr,
    url: String,
}

impl Redis {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Redis with more arguments, as `&["--requirepass", "secret"]`: its URL then has the password.
    pub fn start_with(arguments: &[&str]) -> Self {
        let server = Server::start(1, |place| command(place, arguments), answers);
        let address = server.address();
        let password = arguments.windows(2).find(|two| two[0] == "--requirepass");
        let user = password.map(|two| format!(":{}@", two[1])).unwrap_or_default();
        Self { server: Some(server), address, url: format!("redis://{user}{address}") }
    }

    /// Redis that is reached by TLS (`rediss`), with [`Redis::certificate`] for `localhost` and `127.0.0.1`.
    pub fn start_tls() -> Self {
        // It is asked in plain at the first port whether it answers; clients use the second.
        let prepare = |place: &Place| {
            let made = certificate(place.folder(), &["localhost", "127.0.0.1"]);
            let mut command = command(place, &["--tls-auth-clients", "no"]);
            command.args(["--tls-port", &place.port(1).to_string()]).arg("--tls-ca-cert-file").arg(made.authority);
            command.arg("--tls-cert-file").arg(made.chain).arg("--tls-key-file").arg(made.key);
            command
        };
        let server = Server::start(2, prepare, answers);
        let address = server.place().address(1);
        Self { server: Some(server), address, url: format!("rediss://{address}") }
    }

    /// By what a Redis with TLS proves who it is.
    pub fn certificate(&self) -> Certificate {
        Certificate::of(self.server().place().folder())
    }

    pub(super) fn foreign(url: String) -> Self {
        Self { server: None, address: Foreign::parse(&url, 6379).address(), url }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The URL by which it is reached at another address, that of a proxy.
    pub fn url_at(&self, address: SocketAddr) -> String {
        Foreign::parse(&self.url, 6379).at(address)
    }

    /// What kills, restarts, pauses it.
    fn server(&self) -> &Server {
        self.server.as_ref().expect("only a server of the test's own is stopped")
    }
}

super::stoppable!(Redis);

fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new("redis-server");
    command.args(["--port", &place.port(0).to_string(), "--bind", "127.0.0.1", "--daemonize", "no"]);
    command.arg("--dir").arg(place.folder());
    command.args(["--save", "", "--appendonly", "yes", "--appendfsync", "always"]).args(arguments);
    command
}

/// Whether it has read its file and takes commands; of strangers it wants a password first.
fn answers(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    ask().is_ok_and(|answer| [b"+PONG", b"-NOAU"].contains(&&answer))
}
