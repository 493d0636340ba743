//! The program in a terminal of its own, as `script` of util-linux makes one.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::harness::poll_until;

/// What takes a terminal's second screen, and what gives it back.
const TAKEN: &str = "\u{1b}[?1049h";
const GIVEN_BACK: &str = "\u{1b}[?1049l";

/// A terminal of 80 columns and 24 lines, with the program in it.
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    written: Arc<Mutex<String>>,
    pid_file: std::path::PathBuf,
}

impl Terminal {
    /// Runs the program with these arguments; its words are the terminal's.
    pub fn run(folder: &Path, arguments: &str, environment: &[(&str, &str)]) -> Self {
        let program = env!("CARGO_BIN_EXE_clientele");
        let pid_file = folder.join("top.pid");
        let session = format!(
            "stty rows 24 cols 80; sh -c 'echo $$ > {pid}; exec {program} {arguments}'; echo \"ended with $?\"; stty -a",
            pid = pid_file.display()
        );
        let mut child = Command::new("script")
            .args(["-qec", &session, "/dev/null"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").expect("the test has a path"))
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .envs(environment.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script of util-linux runs");
        let keyboard = child.stdin.take().expect("it is piped");
        let mut stdout = child.stdout.take().expect("it is piped");
        let written = Arc::new(Mutex::new(String::new()));
        let sink = written.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(read @ 1..) = stdout.read(&mut bytes) {
                sink.lock().expect("nobody panics with it").push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        Self { child, keyboard, written, pid_file }
    }

    /// Everything that was written to it, commands for the terminal included.
    pub fn written(&self) -> String {
        self.written.lock().expect("nobody panics with it").clone()
    }

    /// Waits until this is written, behind what was written before.
    #[track_caller]
    pub fn shows(&self, words: &str, behind: usize) -> usize {
        let mut at = None;
        poll_until(
            || {
                at = self.written().get(behind..).and_then(|written| written.find(words));
                at.is_some()
            },
            &format!("{words:?} is shown"),
        );
        behind + at.expect("it was found") + words.len()
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("it is open");
    }

    /// Sends the program a signal by its name.
    pub fn signal(&self, name: &str) {
        let pid = std::fs::read_to_string(&self.pid_file).expect("the program has started");
        assert!(Command::new("kill").args(["-s", name, pid.trim()]).status().expect("kill runs").success());
    }

    /// Waits for the program's end: with this code, the terminal as it was before.
    #[track_caller]
    pub fn ends_with(mut self, code: i32) -> String {
        let end = self.shows(&format!("ended with {code}"), 0);
        self.shows("echoe", end);
        poll_until(|| self.child.try_wait().expect("its state can be asked").is_some(), "the session is over");
        let written = self.written();
        let settings: Vec<_> = written[end..].split_whitespace().collect();
        assert!(settings.contains(&"icanon") && settings.contains(&"echo"), "raw no longer: {written}");
        let times = |command| written.matches(command).count();
        assert!(times(TAKEN) <= times(GIVEN_BACK), "the first screen is back: {written:?}");
        written
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
