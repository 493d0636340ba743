//! A server that speaks MongoDB's protocol and keeps what it has acknowledged.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::child::{Place, Server};
use super::foreign::Foreign;

/// Without discovery, so that a proxy is not passed by; and looks for a server that is back as often as is allowed.
const OPTIONS: &str = "directConnection=true&heartbeatFrequencyMS=500";

/// A server of the test's own, or the one of `TEST_MONGODB_URI`.
pub struct MongoDb {
    server: Option<Server>,
    address: SocketAddr,
    /// Without a database.
    uri: String,
}

impl MongoDb {
    pub fn start() -> Self {
        Self::start_by(quick_or_exact)
    }

    /// Starts the slower build if it is installed. The quicker one goes on refusing a unique value that a changed document
    /// has given up. Not to be killed: it does not flush each commit, with which it would stall for seconds.
    pub fn start_exact() -> Self {
        Self::start_by(exact_or_quick)
    }

    /// Starts one that is no member of a replica set.
    pub fn start_alone() -> Self {
        Self::start_by(|place| {
            let mut alone = quick_or_exact(place);
            alone.arg("--standalone");
            alone
        })
    }

    fn start_by(command: fn(&Place) -> Command) -> Self {
        let server = Server::start(1, command, answers);
        let address = server.address();
        Self { server: Some(server), address, uri: format!("mongodb://{address}/?{OPTIONS}") }
    }

    pub(super) fn foreign(uri: String) -> Self {
        Self { server: None, address: Foreign::parse(&uri, 27017).address(), uri }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URI of one of its databases.
    pub fn uri(&self, database: &str) -> String {
        let uri = Foreign::parse(&self.uri, 27017);
        let options = uri.rest.split_once('?').map_or("", |(_, options)| options);
        format!("{}/{database}?{options}", uri.base())
    }

    /// The same by way of another address, that of a proxy.
    pub fn uri_at(&self, address: SocketAddr, database: &str) -> String {
        Foreign::parse(&self.uri(database), 27017).at(address)
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("only a server of the test's own is stopped")
    }
}

super::stoppable!(MongoDb);

/// The quicker build of SecantusDB if it is installed, else the one that a fresh machine has at once.
fn quick_or_exact(place: &Place) -> Command {
    let mut command = command(place, quick().exists());
    // Without it, it loses what it has acknowledged when it is killed.
    command.arg("--sync-on-commit");
    command
}

fn exact_or_quick(place: &Place) -> Command {
    command(place, !exact().exists())
}

fn quick() -> PathBuf {
    let quick = std::env::var_os("CLIENTELE_SECANTUS").map(PathBuf::from);
    quick.unwrap_or_else(|| cache().join("secantus/bin/secantusd-rs"))
}

fn exact() -> PathBuf {
    cache().join("tools-secantus/bin/secantusd-py")
}

fn cache() -> PathBuf {
    Path::new(&std::env::var_os("HOME").expect("a user has a home")).join(".cache/clientele")
}

fn command(place: &Place, is_quick: bool) -> Command {
    let mut command = Command::new(if is_quick { quick() } else { exact() });
    if is_quick {
        command.args(["--cache-size", "256M"]);
    }
    command.args(["--port", &place.port(0).to_string(), "--log-level", "WARNING", "--enable-test-commands"]);
    command.arg("--storage-path").arg(place.folder().join("data"));
    command
}

/// Whether it answers `hello`.
fn answers(address: SocketAddr) -> bool {
    let hello = b"\x10hello\x00\x01\x00\x00\x00\x02$db\x00\x06\x00\x00\x00admin\x00";
    let document_length = (4 + hello.len() + 1) as u32;
    let mut message = Vec::new();
    // Header: length, request, answer to, OP_MSG; then flags and one section of kind 0.
    for number in [16 + 4 + 1 + document_length, 1, 0, 2013, 0] {
        message.extend_from_slice(&number.to_le_bytes());
    }
    message.push(0);
    message.extend_from_slice(&document_length.to_le_bytes());
    message.extend_from_slice(hello);
    message.push(0);
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(&message)?;
        stream.read_exact(&mut [0; 16])
    };
    ask().is_ok()
}
