//! The `Dockerfile`: it copies what there is, all that is needed, and starts what is built.

use std::path::Path;
use std::process::Command;

use walkdir::WalkDir;

use crate::harness::process::command;
use crate::{shipped, text_of};

/// The instructions, each on one line.
fn instructions() -> Vec<String> {
    let text = text_of("Dockerfile").replace("\\\n", " ");
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// What stands behind this word in the instruction that begins so.
fn instruction(word: &str) -> String {
    let found = instructions().into_iter().rev().find_map(|line| Some(line.strip_prefix(word)?.trim().to_owned()));
    found.unwrap_or_else(|| panic!("there is no {word}"))
}

/// What is copied from the repository.
fn copied() -> Vec<String> {
    let lines = instructions().into_iter().filter(|line| line.starts_with("COPY ") && !line.contains("--from"));
    let sources = lines.flat_map(|line| {
        let words: Vec<String> = line.split_whitespace().skip(1).map(str::to_owned).collect();
        words[..words.len() - 1].to_vec()
    });
    sources.collect()
}

#[test]
fn what_is_copied_is_there_and_not_ignored() {
    let ignored = text_of(".dockerignore");
    for source in copied() {
        assert!(shipped(&source).exists(), "{source}");
        assert!(ignored.lines().any(|line| line == format!("!{source}")), "{source} is ignored");
    }
}

#[test]
fn whatever_the_sources_include_is_copied() {
    let copied = copied();
    let files = WalkDir::new(shipped("src")).into_iter().map(|entry| entry.expect("the sources can be read"));
    for file in files.filter(|file| file.path().extension().is_some_and(|kind| kind == "rs")) {
        let text = std::fs::read_to_string(file.path()).expect("it is text");
        for included in text.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let path = file.path().parent().expect("it is in a folder").join(included);
            let path = path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let inside =
                path.strip_prefix(shipped("").canonicalize().expect("it is there")).expect("it is ours").to_owned();
            assert!(copied.iter().any(|source| inside.starts_with(Path::new(source))), "{}", inside.display());
        }
    }
}

#[test]
fn it_starts_what_is_built_as_nobody_in_particular() {
    let user = instruction("USER ");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    assert_eq!(instruction("STOPSIGNAL "), "SIGTERM");
    assert_eq!(instruction("ENTRYPOINT "), r#"["/clientele"]"#);
    let program = command(Path::new("/"));
    assert_eq!(Path::new(program.get_program()).file_name().expect("a name"), "clientele");
    let health = instruction("HEALTHCHECK ");
    let (_, words) = health.split_once(" CMD ").expect("a command");
    let health: Vec<String> = serde_json::from_str(words).expect("a list of words");
    let start: Vec<String> = serde_json::from_str(&instruction("CMD ")).expect("a list of words");
    assert_eq!(health[0], "/clientele");
    for arguments in [&health[1..], &start[..]] {
        let help = Command::new(program.get_program()).args(arguments).arg("--help").output().expect("it runs");
        assert!(help.status.success(), "{help:?}");
    }
}

#[test]
fn it_is_built_by_the_compiler_that_the_manifest_asks_for() {
    let manifest = text_of("Cargo.toml");
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("it asks for one");
    let base = instructions().into_iter().find(|line| line.starts_with("FROM rust:")).expect("a stage that builds");
    assert!(base.starts_with(&format!("FROM rust:{}-", version.trim_matches('"'))), "{base}");
    for build in instructions().iter().filter(|line| line.contains("cargo build")) {
        assert!(build.contains("--locked --release --bin clientele"), "{build}");
    }
    let package =
        manifest.lines().find_map(|line| line.strip_prefix("version = ")).expect("a version").trim_matches('"');
    assert!(text_of("docker-compose.yml").contains(&format!("image: clientele:{package}\n")), "{package}");
}
