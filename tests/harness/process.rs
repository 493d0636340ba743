//! The program itself as a child process: to be signalled, killed and started again over the same data.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

use super::{ADMIN, Client, SOON, poll_until, status_of};

/// A running `clientele serve`.
pub struct Process {
    child: Child,
    url: String,
    lines: Receiver<String>,
    /// What it has logged so far.
    pub log: Vec<String>,
}

impl Process {
    /// Starts the program over a data folder and waits until it is ready.
    pub fn start(folder: &Path, wanted: &[(&str, &str)]) -> Self {
        let mut program = command(folder);
        program.envs(wanted.iter().copied());
        Self::run(program)
    }

    /// Starts the program by this command and waits until it is ready.
    pub fn run(mut program: Command) -> Self {
        let mut child = program.stdout(Stdio::piped()).spawn().expect("the program starts");
        let (sender, lines) = channel();
        let stdout = child.stdout.take().expect("its output is piped");
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut process = Self { child, url: String::new(), lines, log: Vec::new() };
        let line = process.line_with("listening on http");
        let (_, url) = line.split_once("listening on ").expect("the line has it");
        // In JSON the message ends with a quotation mark.
        process.url = url.trim().split('"').next().expect("an address").to_owned();
        let ready = format!("{}/health/ready", process.url);
        poll_until(|| status_of(&ready) == Some(200), "the program is ready");
        process
    }

    /// Waits for a log line with this text in it.
    pub fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(SOON);
            let line = line.unwrap_or_else(|error| panic!("{error} waiting for {text:?}; it said: {:#?}", self.log));
            self.log.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    pub async fn admin(&self) -> Client {
        self.client().signed_in(ADMIN.0, ADMIN.1).await
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Sends a signal by its name, `TERM` or `INT`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end.
    pub fn ended(mut self) -> ExitStatus {
        let child = &mut self.child;
        let mut status = None;
        poll_until(
            || {
                status = child.try_wait().expect("its state can be asked");
                status.is_some()
            },
            "the program has ended",
        );
        status.expect("it has ended")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with the settings of a test, whatever the environment of the test itself says.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clientele"));
    command.env_clear().current_dir(folder).envs([
        ("DATA_DIR", folder.to_str().expect("temporary folders have plain names")),
        ("PORT", "0"),
        ("MAX_WORKERS", "2"),
        ("RATE_LIMIT_MAX_REQUESTS", "0"),
        ("LOGIN_ADDRESS_MAX_FAILURES", "0"),
        ("ADMIN_EMAIL", ADMIN.0),
        ("ADMIN_PASSWORD", ADMIN.1),
    ]);
    command
}
