//! A server as a child process that never outlives the test process, however that ends.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tempfile::TempDir;

use crate::harness::poll_until;

/// How long a server may take until it answers: RabbitMQ on a busy machine is the slowest.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often a server is started at other ports if it ends instead of answering.
const ATTEMPTS: usize = 3;

/// Where ports are looked for: below those that the kernel gives to outgoing connections, so that a server which is
/// down for a while does not find its port in use by a client.
const PORTS: std::ops::Range<u16> = 20_000..25_000;

/// Becomes the server, after it has left behind a watcher: one who waits at a pipe from the test process. A line tells
/// it that the server has been ended. If the pipe ends without one, the test process is gone: the watcher ends the
/// server with all that belongs to its process group and removes its folder. It is in a session of its own, because
/// signals to the group are not meant for it.
const GUARD: &str = r#"
exec 3<&0 </dev/null
(setsid /bin/sh -c '
  read -r end <&3 && exit
  tries=0
  while kill -s KILL -- "-$0" && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.05; done
  rm -rf -- "$1"
' $$ "$0" >/dev/null 2>&1 &)
exec 3<&-
exec "$@"
"#;

/// A port that no other test process on this machine uses as long as this lives.
#[derive(Debug)]
struct Port {
    number: u16,
    /// Locked by whoever has the port.
    _claim: File,
}

impl Port {
    fn free() -> Self {
        let claims = std::env::temp_dir().join("clientele-test-ports");
        fs::create_dir_all(&claims).expect("a folder for claims can be made");
        let free = |_| {
            let number = fastrand::u16(PORTS);
            let claim = File::create(claims.join(number.to_string())).ok()?;
            claim.try_lock().ok()?;
            TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
            Some(Self { number, _claim: claim })
        };
        (0..1000).find_map(free).expect("a port is free")
    }
}

/// Where a server lives: its folder and its ports, the same after a restart.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    ports: Vec<Port>,
}

impl Place {
    fn new(ports: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { folder, ports: (0..ports).map(|_| Port::free()).collect() }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The first port is the one at which the server is asked whether it answers.
    pub fn port(&self, index: usize) -> u16 {
        self.ports[index].number
    }

    pub fn address(&self, index: usize) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port(index)).into()
    }

    /// What the server has said.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder().join("output")).unwrap_or_default()).into_owned()
    }
}

/// A running process and the pipe by which its watcher learns that this process is gone.
#[derive(Debug)]
struct Running {
    process: Child,
    pipe: ChildStdin,
}

impl Running {
    fn start(command: &Command, place: &Place) -> Self {
        let output = File::options().create(true).append(true).open(place.folder().join("output"));
        let output = output.expect("its folder is there");
        let mut guarded = Command::new("/bin/sh");
        guarded.args(["-c", GUARD]).arg(place.folder()).arg(command.get_program()).args(command.get_args());
        guarded.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        guarded.current_dir(place.folder()).process_group(0).stdin(Stdio::piped());
        guarded.stdout(output.try_clone().expect("a handle can be doubled")).stderr(output);
        let mut process = guarded.spawn().expect("a shell starts");
        let pipe = process.stdin.take().expect("it is piped");
        Self { process, pipe }
    }

    /// Sends a signal to all processes of the server.
    fn signal(&self, name: &str) {
        signal(&format!("-{}", self.process.id()), name);
    }

    fn has_ended(&mut self) -> bool {
        self.process.try_wait().expect("its state can be asked").is_some()
    }

    fn kill(mut self) {
        self.signal("KILL");
        // Before the process is waited for: until then its number belongs to nobody else.
        let _ = self.pipe.write_all(b"ended\n");
        self.process.wait().expect("what was killed ends");
    }
}

fn signal(target: &str, name: &str) {
    // It may have ended by itself meanwhile: then there is nothing to be told.
    let sent = Command::new("kill").args(["-s", name, "--", target]).stderr(Stdio::null()).status();
    sent.expect("kill runs");
}

/// A server of one test or of several: killed, paused and restarted through a shared reference.
pub struct Server {
    place: Place,
    command: Command,
    answers: fn(SocketAddr) -> bool,
    running: Mutex<Option<Running>>,
}

impl Server {
    /// Starts a server at this many free ports and waits until it answers.
    ///
    /// `prepare` writes what it needs into its folder and says how it is started.
    pub fn start(ports: usize, prepare: impl Fn(&Place) -> Command, answers: fn(SocketAddr) -> bool) -> Self {
        let mut said = String::new();
        for _ in 0..ATTEMPTS {
            let place = Place::new(ports);
            let command = prepare(&place);
            let server = Self { place, command, answers, running: Mutex::new(None) };
            match server.run() {
                Ok(()) => return server,
                Err(log) => said = log,
            }
        }
        panic!("the server does not start: {said}");
    }

    /// Starts the process and waits until it answers.
    ///
    /// # Errors
    ///
    /// What it said, if it ends instead, as it does if another process was quicker at one of its ports.
    fn run(&self) -> Result<(), String> {
        let mut running = self.running.lock();
        let started = running.insert(Running::start(&self.command, &self.place));
        let until = Instant::now() + PATIENCE;
        loop {
            if started.has_ended() {
                return Err(self.place.log());
            }
            if (self.answers)(self.address()) {
                return Ok(());
            }
            assert!(Instant::now() < until, "{:?} does not answer: {}", self.command, self.place.log());
            // Not a guess at how long it takes: only so that waiting leaves the cores to those who work.
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.place.address(0)
    }

    /// The number of its main process.
    pub fn id(&self) -> u32 {
        self.running.lock().as_ref().expect("the server runs").process.id()
    }

    /// Ends it by SIGKILL, paused or not, and waits until its port is free. What is killed already stays so.
    pub fn kill(&self) {
        let Some(running) = self.running.lock().take() else { return };
        running.kill();
        poll_until(|| TcpStream::connect(self.address()).is_err(), "a killed server's port is closed");
    }

    /// Starts it again over its folder and at its ports, and waits until it answers. Kills it first if it runs.
    pub fn restart(&self) {
        self.kill();
        for attempt in 1..=ATTEMPTS {
            match self.run() {
                Ok(()) => return,
                Err(log) => assert!(attempt < ATTEMPTS, "the server does not start again: {log}"),
            }
        }
    }

    /// Holds it (SIGSTOP): connections are still accepted by the kernel, nothing is answered.
    pub fn pause(&self) {
        self.signal_all("STOP");
        poll_until(|| self.is_held(), "a paused server does nothing any more");
    }

    /// Whether each of its main process's threads has stopped: the signal is sent before they have.
    fn is_held(&self) -> bool {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", self.id())) else { return true };
        threads.flatten().all(|thread| {
            let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with('T'))
        })
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.signal_all("CONT");
    }

    /// Sends a signal to its main process alone.
    pub fn signal(&self, name: &str) {
        signal(&self.id().to_string(), name);
    }

    fn signal_all(&self, name: &str) {
        self.running.lock().as_ref().expect("the server runs").signal(name);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.get_mut().take() {
            running.kill();
        }
    }
}
