//! The text itself: each family as the catalogue has it, in both formats, and fit for promtool.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use clientele::app::metrics::{Family, Kind, families};
use reqwest::Method;

use crate::harness::{Client, TestServer};
use crate::traffic::traffic;

const OPEN_METRICS: &str = "application/openmetrics-text";

async fn scrape(client: &Client, accept: &str) -> String {
    let request = client.request(Method::GET, "//metrics").header("accept", accept);
    let answer = client.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

async fn busy_server() -> (TestServer, Client, String) {
    let server = TestServer::with(&[("RATE_LIMIT_MAX_REQUESTS", "100000")]);
    let admin = server.admin().await;
    let id = traffic(&admin, 1).await;
    (server, admin, id)
}

/// What is told of each family: its type, its help, the labels of its samples.
fn told(text: &str) -> BTreeMap<&str, (&str, &str, BTreeSet<&str>)> {
    let mut told = BTreeMap::<_, (&str, &str, BTreeSet<&str>)>::new();
    let mut family = "";
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            family = name;
            assert!(told.insert(name, ("", help, BTreeSet::new())).is_none(), "{name} is told twice");
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            assert_eq!(name, family);
            told.get_mut(name).expect("its help came before").0 = kind;
        } else {
            assert!(line.starts_with(family), "{line} stands under {family}");
            let labels = line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').expect("closed").0);
            let labels = labels.split("\",").filter_map(|label| label.split_once('=')).map(|(name, _)| name);
            let told = told.get_mut(family).expect("its help came before");
            told.2.extend(labels);
            told.2.insert("");
        }
    }
    told
}

#[tokio::test]
async fn every_family_of_the_catalogue_is_told_and_no_other() {
    let (_server, admin, _) = busy_server().await;
    let text = scrape(&admin, "text/plain").await;
    let expected: BTreeMap<_, _> = families()
        .map(|family: &Family| {
            let bounds = (family.kind == Kind::Histogram).then_some("le");
            let labels = family.labels.iter().copied().chain(bounds).chain([""]).collect();
            (family.name, (family.kind.as_str(), family.help, labels))
        })
        .collect();
    let told = told(&text);
    for (name, family) in &expected {
        assert_eq!(told.get(name), Some(family), "{name}");
    }
    assert_eq!(told.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn open_metrics_ends_with_its_mark_and_tells_the_same_samples() {
    let (_server, admin, _) = busy_server().await;
    let text = scrape(&admin, OPEN_METRICS).await;
    assert!(text.ends_with("# EOF\n"), "{}", &text[text.len().saturating_sub(100)..]);
    assert!(text.contains("# TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\n"), "{text}");
    let names = |text: &str| -> BTreeSet<String> {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        samples.map(|line| line.rsplit_once(' ').expect("a sample has a value").0.to_owned()).collect()
    };
    let plain = names(&scrape(&admin, "*/*").await);
    // The scrape before is itself counted by the next one.
    let missing: Vec<_> = names(&text).difference(&plain).cloned().collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn what_is_told_does_not_grow_with_what_is_kept() {
    let (_server, admin, id) = busy_server().await;
    let before = scrape(&admin, "*/*").await;
    for number in 2..12 {
        traffic(&admin, number).await;
    }
    let after = scrape(&admin, "*/*").await;
    assert!(!after.contains(&id) && !after.contains("@") && !after.contains("/nothing"), "{after}");
    let lines = |text: &str| text.lines().count();
    // The second scrape knows of the first: one endpoint more.
    assert!(lines(&after) <= lines(&before) + 30, "{} lines, then {}", lines(&before), lines(&after));
    assert!(after.len() < 512 << 10, "{} bytes", after.len());
}

#[tokio::test]
async fn promtool_has_nothing_to_say_against_it() {
    let (_server, admin, _) = busy_server().await;
    let text = scrape(&admin, "*/*").await;
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs; scripts/test installs it");
    let mut input = promtool.stdin.take().expect("its input is piped");
    input.write_all(text.as_bytes()).expect("promtool reads");
    drop(input);
    let output = promtool.wait_with_output().expect("promtool ends");
    let said = [&*output.stdout, &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success() && said.trim().is_empty(), "{}: {said}", output.status);
}
