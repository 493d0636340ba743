//! Nothing that a test has started outlives it.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::poll_until;
use crate::harness::servers::{self, Nginx, Redis};

/// Set in the process that is to be killed.
const VICTIM: &str = "CLIENTELE_TEST_VICTIM";

#[test]
fn what_was_started_ends_with_the_process() {
    let program = std::env::current_exe().expect("a test is a program");
    let mut victim = Command::new(program)
        .args(["--exact", "lifetime::a_victim_starts_one_of_each", "--nocapture"])
        .env(VICTIM, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be run again");
    let lines = BufReader::new(victim.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let started: Vec<(SocketAddr, PathBuf)> = lines
        .filter_map(|line| {
            let (_, told) = line.split_once("victim at ")?;
            let (address, folder) = told.split_once(' ')?;
            Some((address.parse().expect("an address"), folder.into()))
        })
        .take(4)
        .collect();
    victim.kill().expect("it runs");
    victim.wait().expect("it ends");
    assert_eq!(started.len(), 4);
    for (address, folder) in &started {
        poll_until(|| TcpStream::connect(address).is_err(), "the server is gone");
        poll_until(|| !folder.exists(), "its folder is gone");
    }
    let folders: Vec<&Path> = started.iter().map(|(_, folder)| folder.as_path()).collect();
    poll_until(|| processes_of(&folders).is_empty(), "its processes are gone");
}

/// Nothing by itself: what runs it again kills it.
#[test]
fn a_victim_starts_one_of_each() {
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    let nginx = Nginx::start("events {} http { server { listen 127.0.0.1:@PORT@; } }");
    println!("victim at {} {}", nginx.address(), nginx.folder().display());
    let paused = Redis::start();
    paused.pause();
    println!("victim at {} {}", paused.address(), paused.folder().display());
    let mongodb = servers::MongoDb::start();
    println!("victim at {} {}", mongodb.address(), mongodb.folder().display());
    let rabbitmq = servers::RabbitMq::start();
    println!("victim at {} {}", rabbitmq.address(), rabbitmq.folder().display());
    loop {
        std::thread::park();
    }
}

#[test]
fn a_server_that_is_dropped_takes_its_folder_along() {
    let redis = Redis::start();
    let (address, folder) = (redis.address(), redis.folder().to_owned());
    assert!(!processes_of(&[&folder]).is_empty(), "they are found as long as they live");
    drop(redis);
    assert!(TcpStream::connect(address).is_err() && !folder.exists());
    poll_until(|| processes_of(&[&folder]).is_empty(), "its processes are gone");
}

#[test]
#[should_panic(expected = "FATAL CONFIG FILE ERROR")]
fn a_server_that_does_not_start_says_why() {
    Redis::start_with(&["--no-such-setting", "yes"]);
}

/// The command lines in which one of these folders is named, or which were started in one.
fn processes_of(folders: &[&Path]) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("processes are listed");
    let found = processes.filter_map(|entry| {
        let process = entry.ok()?.path();
        let command = String::from_utf8_lossy(&std::fs::read(process.join("cmdline")).ok()?).into_owned();
        let place = std::fs::read_link(process.join("cwd")).unwrap_or_default();
        let theirs = |folder: &&Path| command.contains(&*folder.to_string_lossy()) || place.starts_with(folder);
        folders.iter().any(theirs).then_some(command)
    });
    found.collect()
}
