//! Certificates for tests of TLS, made by the `openssl` command.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A key of a curve: made in no time, unlike one of RSA.
const KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// The files of a server that proves who it is, all PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The authority that clients are told to trust.
    pub authority: PathBuf,
    /// The server's certificate, signed by the authority.
    pub chain: PathBuf,
    /// The server's private key.
    pub key: PathBuf,
}

impl Certificate {
    /// The one that was made in this folder.
    pub fn of(folder: &Path) -> Self {
        let [authority, chain, key] = ["authority.pem", "server.pem", "server.key"].map(|name| folder.join(name));
        Self { authority, chain, key }
    }
}

/// Makes an authority of its own and a server's certificate for these names and addresses, good for two days, in a
/// folder that is there already.
pub fn certificate(folder: &Path, names: &[&str]) -> Certificate {
    let alternatives = names.iter().map(|name| match name.parse::<IpAddr>() {
        Ok(address) => format!("IP:{address}"),
        Err(_) => format!("DNS:{name}"),
    });
    let alternatives = alternatives.collect::<Vec<_>>().join(",");
    // Without a configuration of the machine's, which may add extensions of its own.
    fs::write(folder.join("openssl.cnf"), "[req]\ndistinguished_name = name\n[name]\n").expect("a file can be written");
    request(
        folder,
        "/CN=clientele test authority",
        &["critical,CA:TRUE", "critical,keyCertSign,cRLSign"],
        &["-keyout", "authority.key", "-out", "authority.pem"],
    );
    let names = format!("subjectAltName={alternatives}");
    let signed = ["-CA", "authority.pem", "-CAkey", "authority.key", "-keyout", "server.key", "-out", "server.pem"];
    let server = ["-addext", "extendedKeyUsage=serverAuth", "-addext", &names];
    request(
        folder,
        "/CN=clientele test server",
        &["critical,CA:FALSE", "critical,digitalSignature"],
        &[&signed[..], &server].concat(),
    );
    Certificate::of(folder)
}

/// Makes a key and a certificate with these constraints and this usage.
fn request(folder: &Path, subject: &str, [constraints, usage]: &[&str; 2], arguments: &[&str]) {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(["req", "-x509", "-config", "openssl.cnf", "-noenc", "-days", "2"]).args(KEY);
    command.args(["-subj", subject, "-addext", &format!("basicConstraints={constraints}")]);
    command.args(["-addext", &format!("keyUsage={usage}")]).args(arguments);
    let made = command.output().expect("openssl is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
