//! One run of the program, to its end.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::process::command;

/// A first administrator that was not asked for would be in the way.
const UNASKED: [&str; 2] = ["ADMIN_EMAIL", "ADMIN_PASSWORD"];

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// What it wrote, if it ended well.
    #[track_caller]
    pub fn well(self) -> String {
        assert_eq!((self.code, &*self.stderr), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// What it complained of, if it ended with exit code 1.
    #[track_caller]
    pub fn refused(self) -> String {
        assert_eq!((self.code, &*self.stdout), (Some(1), ""), "{self:?}");
        self.stderr
    }
}

/// The program with these arguments over this folder, with no administrator in its settings.
pub fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut program = command(folder);
    program.args(arguments);
    for name in UNASKED {
        program.env_remove(name);
    }
    program
}

/// Runs the program to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Run {
    finish(program(folder, arguments), "")
}

/// Runs it with more in its environment.
pub fn run_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut program = program(folder, arguments);
    program.envs(environment.iter().copied());
    finish(program, "")
}

/// Runs this command to its end, with this on its standard input.
pub fn finish(mut program: Command, input: &str) -> Run {
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    // It may end without having read it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("the program speaks UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
