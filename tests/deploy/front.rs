//! nginx with the shipped configuration, in a folder of its own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{poll_until, status_of};
use crate::shipped;

/// A running nginx.
pub struct Front {
    child: Child,
    https: u16,
    http: u16,
    folder: TempDir,
}

impl Front {
    /// nginx before nodes at these addresses, with the shipped files, in which this is replaced too.
    pub fn start(nodes: &[&str], replaced: &[(&str, &str)]) -> Self {
        let (https, http) = (free_port(), free_port());
        let folder = configured(https, http, nodes, replaced);
        let child =
            nginx(folder.path()).args(["-g", "daemon off;"]).stderr(Stdio::null()).spawn().expect("nginx starts");
        let front = Self { child, https, http, folder };
        let clear = format!("{}/", front.clear_url());
        poll_until(|| status_of(&clear) == Some(308), "nginx listens");
        front
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.https)
    }

    /// `http://localhost:PORT`.
    pub fn clear_url(&self) -> String {
        format!("http://localhost:{}", self.http)
    }

    /// The port of TLS.
    pub fn port(&self) -> u16 {
        self.https
    }

    /// A client that follows nobody elsewhere.
    pub fn client(&self) -> reqwest::Client {
        client().build().expect("a client can be made")
    }

    /// A client that makes a connection for each request.
    pub fn client_without_memory(&self) -> reqwest::Client {
        client().pool_max_idle_per_host(0).build().expect("a client can be made")
    }

    /// Has the configuration read anew; returns when all workers are new.
    pub fn reload(&self) {
        let before = self.workers();
        let sent = nginx(self.folder.path()).args(["-s", "reload"]).output().expect("nginx runs");
        assert!(sent.status.success(), "{sent:?}");
        let all_new = || {
            let workers = self.workers();
            !workers.is_empty() && workers.iter().all(|worker| !before.contains(worker))
        };
        poll_until(all_new, "the workers are new");
    }

    /// The numbers of its workers.
    fn workers(&self) -> Vec<String> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("it runs");
        children.split_whitespace().map(str::to_owned).collect()
    }

    /// The lines of the access log.
    pub fn log(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.folder.path().join("access.log")).expect("there is a log");
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }

    /// What nginx complained of.
    pub fn errors(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // SIGTERM, so that the master takes its workers with it.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// What nginx says of the shipped configuration.
pub fn tested() -> Output {
    let folder = configured(free_port(), free_port(), &["127.0.0.1:4001", "127.0.0.1:4002", "127.0.0.1:4003"], &[]);
    nginx(folder.path()).arg("-t").output().expect("nginx is installed")
}

fn client() -> reqwest::ClientBuilder {
    let client = reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true);
    client.redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(40))
}

fn nginx(folder: &Path) -> Command {
    let path = "/usr/sbin:/usr/local/sbin:/usr/bin:/bin";
    let mut command = Command::new("nginx");
    command.env("PATH", path).arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    command
}

/// The shipped files in a folder of their own, with the paths, ports and nodes of this test, and a certificate.
fn configured(https: u16, http: u16, nodes: &[&str], replaced: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().to_str().expect("temporary folders have plain names");
    let mut texts: Vec<(String, String)> = [
        ("/etc/nginx/tls", format!("{path}/tls")),
        ("/run/nginx.pid", format!("{path}/nginx.pid")),
        ("/dev/stderr", format!("{path}/error.log")),
        ("/dev/stdout", format!("{path}/access.log")),
        ("listen 443", format!("listen 127.0.0.1:{https}")),
        ("listen 80", format!("listen 127.0.0.1:{http}")),
        ("listen [::]:443", format!("listen [::1]:{https}")),
        ("listen [::]:80", format!("listen [::1]:{http}")),
    ]
    .map(|(shipped, here)| (shipped.to_owned(), here))
    .to_vec();
    for number in 1..=3 {
        let node = format!("node{number}:4000");
        match nodes.get(number - 1) {
            Some(address) => texts.push((format!("server {node}"), format!("server {address}"))),
            None => texts.push((format!("server {node}"), format!("# server {node}"))),
        }
    }
    texts.extend(replaced.iter().map(|(shipped, here)| ((*shipped).to_owned(), (*here).to_owned())));
    let mut met = vec![false; texts.len()];
    for file in fs::read_dir(shipped("deploy/nginx")).expect("it is shipped") {
        let file = file.expect("the folder can be read");
        if file.path().extension().is_none_or(|kind| kind != "conf") {
            continue;
        }
        let mut text = fs::read_to_string(file.path()).expect("it is text");
        for ((shipped, here), met) in texts.iter().zip(&mut met) {
            *met |= text.contains(shipped);
            text = text.replace(shipped, here);
        }
        fs::write(folder.path().join(file.file_name()), text).expect("the folder can be written");
    }
    for ((shipped, _), met) in texts.iter().zip(met) {
        assert!(met, "{shipped} is not in the shipped files");
    }
    certify(&folder.path().join("tls"));
    folder
}

fn certify(folder: &Path) {
    fs::create_dir(folder).expect("the folder can be written");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .output()
        .expect("openssl is installed");
    assert!(made.status.success(), "{made:?}");
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    listener.local_addr().expect("it is bound").port()
}
