//! Nodes behind nginx.

use tempfile::TempDir;

use crate::front::free_port;
use crate::harness::process::{Process, command};

/// What all nodes are told alike, beside what every test server is told.
const ALIKE: [(&str, &str); 3] = [
    ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ("JWT_SECRET", "the secret of access tokens in this test"),
    ("JWT_REFRESH_SECRET", "the secret of refresh tokens in this test"),
];

/// A node with a place of its own that it keeps when it is started anew.
pub struct Node {
    process: Option<Process>,
    port: String,
    wanted: Vec<(String, String)>,
    folder: TempDir,
}

impl Node {
    /// A node with these settings beside the usual ones.
    pub fn start(wanted: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let wanted =
            ALIKE.iter().chain(wanted).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut node = Self { process: None, port: free_port().to_string(), wanted, folder };
        node.run();
        node
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Stops gracefully, ends, and starts anew; returns when it is ready.
    pub fn restart(&mut self) {
        self.stop();
        self.run();
    }

    /// Stops gracefully, and ends.
    pub fn stop(&mut self) {
        let process = self.process.take().expect("it runs");
        process.signal("TERM");
        assert_eq!(process.ended().code(), Some(0));
    }

    /// Starts again; returns when it is ready.
    pub fn run(&mut self) {
        let mut program = command(self.folder.path());
        program.env("PORT", &self.port).envs(self.wanted.iter().map(|(name, value)| (name, value)));
        self.process = Some(Process::run(program));
    }
}
