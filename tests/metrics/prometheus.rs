//! A real Prometheus that scrapes the real program by the files of `deploy`: whatever they ask for is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::dashboard::{deployed, names, queries};
use crate::harness::poll_until;
use crate::harness::process::Process;
use crate::traffic::traffic;

const TOKEN: &str = "let-prometheus-in";

/// A private Prometheus, over a folder and on a port of its own.
struct Prometheus {
    process: Child,
    url: String,
}

impl Prometheus {
    fn start(folder: &Path) -> Self {
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("series").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stderr(fs::File::create(folder.join("log")).expect("the folder can be written to"))
            .spawn()
            .expect("prometheus runs; scripts/test installs it");
        let mut prometheus = Self { process, url: String::new() };
        let id = prometheus.process.id();
        let mut port = None;
        poll_until(
            || {
                port = listening_port(id);
                port.is_some()
            },
            "Prometheus listens",
        );
        prometheus.url = format!("http://127.0.0.1:{}", port.expect("it listens"));
        prometheus
    }

    /// Asks its HTTP API; `None` while it is not there yet.
    fn api(&self, path: &str, query: Option<&str>) -> Option<Value> {
        // Its own runtime must not end within another.
        std::thread::scope(|scope| scope.spawn(|| self.get(path, query)).join().expect("no panic"))
    }

    fn get(&self, path: &str, query: Option<&str>) -> Option<Value> {
        let client = reqwest::blocking::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
        let mut request = client.get(format!("{}/api/v1/{path}", self.url));
        if let Some(query) = query {
            request = request.query(&[("query", query)]);
        }
        let text = request.send().ok()?.text().ok()?;
        serde_json::from_str(&text).ok()
    }

    /// The series that a query finds.
    fn query(&self, query: &str) -> Vec<Value> {
        let answer = self.api("query", Some(query)).expect("Prometheus answers");
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        answer["data"]["result"].as_array().expect("a vector").clone()
    }

    fn wait_for_scrapes(&self, count: usize) {
        let query = format!("count_over_time(clientele_ready[10m]) >= {count}");
        let seen = || {
            let answer = self.api("query", Some(&query));
            answer.is_some_and(|answer| answer["data"]["result"][0].is_object())
        };
        poll_until(seen, "Prometheus has scraped that often");
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The TCP port that a process listens on, by proc(5).
fn listening_port(id: u32) -> Option<u16> {
    let sockets: BTreeSet<String> = fs::read_dir(format!("/proc/{id}/fd"))
        .ok()?
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = fs::read_to_string(format!("/proc/{id}/net/tcp")).ok()?;
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        let listens = *state == "0A" && sockets.contains(*inode);
        listens.then(|| u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok())?
    })
}

/// Lays out the files of `deploy` in a folder, for this target, at a test's pace.
fn lay_out(folder: &Path, target: &str) {
    let token = folder.join("token");
    fs::write(&token, TOKEN).expect("the folder can be written to");
    let mut laid_out = fs::read_to_string(deployed("prometheus.yml")).expect("the file is there");
    let token = token.to_str().expect("temporary folders have plain names");
    for (usual, here) in
        [("15s", "500ms"), ("/etc/prometheus/clientele-metrics-token", token), ("127.0.0.1:4000", target)]
    {
        assert!(laid_out.contains(usual), "{usual} is in deploy/prometheus.yml");
        laid_out = laid_out.replace(usual, here);
    }
    fs::write(folder.join("prometheus.yml"), laid_out).expect("the folder can be written to");
    fs::create_dir(folder.join("prometheus")).expect("the folder can be written to");
    fs::copy(deployed("prometheus/alerts.yml"), folder.join("prometheus/alerts.yml")).expect("the rules are there");
}

fn promtool(folder: &Path, arguments: &[&str]) -> String {
    let promtool = Command::new("promtool").current_dir(folder).args(arguments).stdin(Stdio::null()).output();
    let Output { status, stdout, stderr } = promtool.expect("promtool runs; scripts/test installs it");
    let said = [stdout, stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(status.success(), "promtool {arguments:?}: {said}");
    said
}

#[tokio::test]
async fn every_query_of_the_dashboard_and_the_alerts_finds_what_it_asks_for() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let wanted = [("METRICS_TOKEN", TOKEN), ("RATE_LIMIT_MAX_REQUESTS", "1000000")];
    let program = Process::start(folder.path(), &wanted);
    let settings = tempfile::tempdir().expect("a temporary folder can be made");
    lay_out(settings.path(), program.url().strip_prefix("http://").expect("a plain address"));
    promtool(settings.path(), &["check", "config", "prometheus.yml"]);
    let prometheus = Prometheus::start(settings.path());
    let admin = program.admin().await;
    // What is counted before the first scrape is no growth: rates want something before and something after it.
    for (number, scrapes) in [(1, 2), (2, 4), (3, 6)] {
        traffic(&admin, number).await;
        prometheus.wait_for_scrapes(scrapes);
    }
    let answer = prometheus.api("label/__name__/values", None).expect("Prometheus answers");
    let known: BTreeSet<_> = answer["data"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    for (panel, query) in queries() {
        let unknown: Vec<_> = names(&query).into_iter().filter(|name| !known.contains(name)).collect();
        assert!(unknown.is_empty(), "{panel}: {unknown:?}");
        assert!(!prometheus.query(&query).is_empty(), "{panel} shows nothing: {query}");
    }
    let rules = prometheus.api("rules", None).expect("Prometheus answers");
    let rules = rules["data"]["groups"][0]["rules"].as_array().expect("a group of rules").clone();
    assert!(rules.len() >= 15, "{rules:?}");
    for rule in rules {
        let query = rule["query"].as_str().expect("a rule has a query");
        let unknown: Vec<_> = names(query).into_iter().filter(|name| !known.contains(name)).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", rule["name"]);
        prometheus.query(query);
        assert_eq!(rule["state"], "inactive", "nothing is wrong: {rule}");
        assert!(rule["lastError"].is_null(), "{rule}");
    }
    assert!(prometheus.query("up == 1").len() == 1, "the token is shown");
}

#[test]
fn every_alert_is_tried() {
    let rules = fs::read_to_string(deployed("prometheus/alerts.yml")).expect("the rules are there");
    let tries = fs::read_to_string(deployed("prometheus/alerts.test.yml")).expect("their tests are there");
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() >= 15, "{alerts:?}");
    for alert in alerts {
        assert!(tries.contains(&format!("alertname=\"{alert}\"")), "{alert} is not tried");
    }
    promtool(&deployed("prometheus"), &["check", "rules", "--lint=all", "--lint-fatal", "alerts.yml"]);
    let said = promtool(&deployed("prometheus"), &["test", "rules", "alerts.test.yml"]);
    assert!(said.contains("SUCCESS"), "{said}");
}
