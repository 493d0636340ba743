//! `--help` and `--version`, and what is said of words that are no commands.

use tempfile::tempdir;

use crate::run::run;

/// Every command, and a word that its help has to explain.
const COMMANDS: [(&[&str], &str); 14] = [
    (&[], "supervised actors"),
    (&["serve"], "SIGTERM"),
    (&["admin"], "create"),
    (&["admin", "create"], "--password-stdin"),
    (&["audit"], "dead-letters"),
    (&["audit", "dead-letters"], "embedded broker"),
    (&["audit", "dead-letters", "list"], "--json"),
    (&["audit", "dead-letters", "replay"], "--all"),
    (&["migrate"], "Safe to repeat"),
    (&["config"], "check"),
    (&["config", "check"], "exit code 1"),
    (&["openapi"], "OpenAPI"),
    (&["healthcheck"], "exit code"),
    (&["top"], "exit code"),
];

#[test]
fn every_command_explains_itself() {
    let folder = tempdir().expect("a temporary folder can be made");
    for (command, word) in COMMANDS {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let help = run(folder.path(), &arguments).well();
        assert!(help.contains("Usage: clientele") && help.contains(word), "{arguments:?}: {help}");
    }
    let whole = run(folder.path(), &["--help"]).well();
    for (command, _) in &COMMANDS[1..] {
        assert!(whole.contains(command[0]), "{command:?} is not in: {whole}");
    }
    let left = std::fs::read_dir(folder.path()).expect("the folder is there").count();
    assert_eq!(left, 0, "help touches nothing");
}

#[test]
fn the_version_is_told() {
    let folder = tempdir().expect("a temporary folder can be made");
    let told = run(folder.path(), &["--version"]).well();
    assert_eq!(told, format!("clientele {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn words_that_are_no_commands_are_refused_with_the_usage() {
    let folder = tempdir().expect("a temporary folder can be made");
    for arguments in [&["dance"][..], &["--dance"], &["admin"], &["admin", "create"], &["--set", "PORT", "serve"]] {
        let refused = run(folder.path(), arguments);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("Usage:") || refused.stderr.contains("--help"), "{refused:?}");
    }
}
