//! `docker-compose.yml`, held against the settings, nginx, the secrets and the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use clientele::config::{Network, catalogue};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::process::command;
use crate::{shipped, text_of};

fn composition() -> Value {
    serde_saphyr::from_str(&text_of("docker-compose.yml")).expect("it is YAML")
}

/// The entries of a mapping.
fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().expect("a mapping").iter().map(|(name, value)| (name.as_str(), value))
}

/// The texts of a list; none if it is absent.
fn texts(value: &Value) -> Vec<&str> {
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().map(|text| text.as_str().expect("a text")).collect()
}

/// The services whose name begins so.
fn services<'a>(all: &'a Value, prefix: &str) -> Vec<(&'a str, &'a Value)> {
    entries(&all["services"]).filter(|(name, _)| name.starts_with(prefix)).collect()
}

/// The secrets that a service takes, by their names.
fn secrets(service: &Value) -> Vec<&str> {
    let list = service["secrets"].as_array().map_or(&[][..], Vec::as_slice);
    list.iter().map(|secret| secret.as_str().or(secret["source"].as_str()).expect("a name")).collect()
}

/// Secrets as `deploy/make-secrets` makes them.
fn made_secrets() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let made = Command::new(shipped("deploy/make-secrets")).arg(folder.path()).output().expect("it runs");
    assert!(made.status.success(), "{made:?}");
    folder
}

#[test]
fn every_service_is_pinned_watched_bounded_and_hardened() {
    for (name, service) in services(&composition(), "") {
        let image = service["image"].as_str().expect("an image");
        let (_, tag) = image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: {image} has no tag"));
        assert!(tag.contains(|c: char| c.is_ascii_digit()), "{name}: {image}");
        assert!(!texts(&service["healthcheck"]["test"]).is_empty(), "{name} has no health check");
        for limit in ["cpus", "memory", "pids"] {
            assert!(!service["deploy"]["resources"]["limits"][limit].is_null(), "{name}: {limit}");
        }
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(texts(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        for (needed, terms) in service["depends_on"].as_object().into_iter().flatten() {
            assert_eq!(terms["condition"], "service_healthy", "{name} needs {needed}");
            assert!(composition()["services"][needed].is_object(), "{name} needs {needed}");
        }
    }
}

#[test]
fn nodes_are_given_settings_that_there_are() {
    let all = composition();
    let nodes = services(&all, "node");
    assert_eq!(nodes.len(), 3);
    for (node, service) in nodes {
        for (name, value) in entries(&service["environment"]) {
            let setting = catalogue().iter().find(|setting| name.strip_suffix("_FILE").unwrap_or(name) == setting.name);
            let setting = setting.unwrap_or_else(|| panic!("{node}: {name} is no setting"));
            let value = value.as_str().unwrap_or_else(|| panic!("{node}: {name} is no text"));
            if name.ends_with("_FILE") {
                assert!(setting.is_secret(), "{name}");
                let secret = value.strip_prefix("/run/secrets/").expect("a secret");
                assert!(secrets(service).contains(&secret), "{node}: {name}");
            } else {
                let harmless = !setting.is_secret() || setting.name == "REDIS_URL";
                assert!(harmless, "{node}: {name} stands in the open");
            }
        }
    }
}

#[test]
fn nodes_start_with_the_settings_and_secrets_that_they_are_given() {
    let all = composition();
    let secrets = made_secrets();
    let folder = secrets.path().to_str().expect("temporary folders have plain names");
    let mut check = Command::new(command(secrets.path()).get_program());
    check.env_clear().current_dir(secrets.path()).args(["config", "check"]);
    for (name, value) in entries(&all["services"]["node1"]["environment"]) {
        let value = value.as_str().expect("a text").replace("/run/secrets", folder);
        // As Compose puts in what stands behind `:-`.
        let value = match value.strip_prefix("${").and_then(|value| value.strip_suffix('}')) {
            Some(variable) => variable.split_once(":-").expect("it has a default").1.to_owned(),
            None => value,
        };
        check.env(name, value);
    }
    let checked = check.output().expect("the program runs");
    let told = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{told}{}", String::from_utf8_lossy(&checked.stderr));
    assert!(told.contains("production"), "{told}");
}

#[test]
fn every_secret_is_declared_made_and_told_of() {
    let all = composition();
    let made = made_secrets();
    let told = text_of("deploy/secrets/README.md");
    let mut taken = BTreeSet::new();
    for (name, service) in services(&all, "") {
        for secret in secrets(service) {
            assert!(all["secrets"][secret].is_object(), "{name} takes {secret}");
            taken.insert(secret);
        }
    }
    for (secret, source) in entries(&all["secrets"]) {
        assert!(taken.contains(secret), "nobody takes {secret}");
        assert_eq!(source["file"], format!("./deploy/secrets/{secret}"));
        assert!(made.path().join(secret).is_file(), "{secret} is not made");
        assert!(told.contains(&format!("`{secret}`")), "{secret} is not told of");
    }
    for file in ["tls/certificate.pem", "tls/key.pem"] {
        assert!(made.path().join(file).is_file(), "{file} is not made");
    }
    let before = fs::read(made.path().join("jwt_secret")).expect("it is made");
    let again = Command::new(shipped("deploy/make-secrets")).arg(made.path()).output().expect("it runs");
    assert!(again.status.success() && again.stdout.is_empty(), "{again:?}");
    assert_eq!(fs::read(made.path().join("jwt_secret")).expect("it stays"), before);
}

#[test]
fn a_node_has_more_time_to_stop_than_it_takes() {
    for (name, node) in services(&composition(), "node") {
        let grace = node["stop_grace_period"].as_str().and_then(|text| text.strip_suffix('s')?.parse::<u64>().ok());
        let timeout = node["environment"]["SHUTDOWN_TIMEOUT"].as_str().and_then(|text| text.parse::<u64>().ok());
        assert!(grace.expect("seconds") * 1000 > timeout.expect("milliseconds"), "{name}");
    }
}

#[test]
fn nginx_knows_the_nodes_and_they_believe_it() {
    let all = composition();
    let nodes = services(&all, "node");
    let told: BTreeSet<String> = nodes
        .iter()
        .map(|(name, node)| format!("{name}:{}", node["environment"]["PORT"].as_str().expect("a port")))
        .collect();
    let upstream = text_of("deploy/nginx/nodes.conf");
    let servers = upstream.lines().filter_map(|line| line.trim().strip_prefix("server ")?.split(' ').next());
    assert_eq!(servers.map(str::to_owned).collect::<BTreeSet<_>>(), told);

    let nginx = &all["services"]["nginx"];
    let address = nginx["networks"]["front"]["ipv4_address"].as_str().expect("an address").parse().expect("an address");
    for (name, node) in nodes {
        let trusted: Network =
            node["environment"]["TRUSTED_PROXIES"].as_str().expect("a network").parse().expect("a network");
        assert!(trusted.contains(address), "{name}");
        assert!(node["networks"]["front"]["ipv4_address"].is_string(), "nginx looks {name} up at its start alone");
        assert!(!nginx["depends_on"][name].is_null(), "{name}");
        assert!(node["ports"].is_null(), "{name} is behind nginx");
    }
    let configuration = text_of("deploy/nginx/nginx.conf");
    for port in texts(&nginx["ports"]) {
        let (_, inside) = port.split_once(':').expect("outside:inside");
        assert!(configuration.contains(&format!("listen {inside}")), "{port}");
    }
    let pid = configuration.lines().find_map(|line| line.strip_prefix("pid ")).expect("a place for its number");
    assert!(texts(&nginx["tmpfs"]).iter().any(|folder| Path::new(pid).starts_with(folder)), "{pid} can be written");
}

#[test]
fn what_is_mounted_is_there() {
    let all = composition();
    for (name, service) in services(&all, "") {
        for mount in texts(&service["volumes"]) {
            let source = mount.split(':').next().expect("a source");
            match source.strip_prefix("./") {
                Some("deploy/secrets/tls") => {}
                Some(path) => assert!(shipped(path).exists(), "{name}: {mount}"),
                None => assert!(all["volumes"][source].is_object(), "{name}: {mount}"),
            }
        }
    }
}

#[test]
fn the_probes_ask_for_what_the_program_answers() {
    let all = composition();
    let dockerfile = text_of("Dockerfile");
    for (name, node) in services(&all, "node") {
        let probe = texts(&node["healthcheck"]["test"]);
        let words =
            format!("CMD [{}]", probe[1..].iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", "));
        assert!(dockerfile.contains(&words), "{name}: {words}");
    }
    let probe = texts(&all["services"]["nginx"]["healthcheck"]["test"]).join(" ");
    let (_, path) = probe.rsplit_once("localhost").expect("it asks itself");
    let settings = clientele::testkit::settings(Path::new("/nowhere"), &[]);
    let document: Value = serde_json::from_str(&clientele::app::openapi(&settings)).expect("it is JSON");
    assert!(document["paths"][path].is_object(), "{path}");
}

#[test]
fn prometheus_and_grafana_are_told_the_same_as_alone() {
    let body = |path: &str| {
        let text = text_of(path);
        text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect::<String>()
    };
    let nodes = r#""node1:4000", "node2:4000", "node3:4000""#;
    let expected = body("deploy/prometheus.yml").replace(r#""127.0.0.1:4000""#, nodes);
    assert_eq!(body("deploy/compose/prometheus.yml"), expected);
    let source = "deploy/grafana/provisioning/datasources/prometheus.yml";
    assert_eq!(body("deploy/compose/grafana-datasource.yml"), body(source).replace("127.0.0.1", "prometheus"));
}
