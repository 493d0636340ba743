//! The queries that the dashboard and the alert rules ask.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A file of the repository's `deploy` folder.
pub fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

/// Every query of the dashboard with its panel's title, its variables filled in.
pub fn queries() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(deployed("grafana/clientele.json")).expect("the dashboard is there");
    let dashboard: Value = serde_json::from_str(&text).expect("the dashboard is JSON");
    let panels = dashboard["panels"].as_array().expect("it has panels");
    let mut queries = Vec::new();
    for panel in panels {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().expect("a target has a query");
            let query = query.replace("$instance", ".*").replace("$__rate_interval", "1m");
            assert!(!query.contains('$'), "a variable that is not known: {query}");
            queries.push((panel["title"].as_str().expect("a panel has a title").to_owned(), query));
        }
    }
    queries
}

/// The names of metrics in a query.
pub fn names(query: &str) -> BTreeSet<&str> {
    let words = query.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    words.filter(|word| word.starts_with("clientele_") || word.starts_with("process_") || *word == "up").collect()
}

#[test]
fn the_dashboard_shows_every_family() {
    let queries = queries();
    let shown: BTreeSet<_> = queries.iter().flat_map(|(_, query)| names(query)).collect();
    for family in clientele::app::metrics::families() {
        let is_shown = shown.iter().any(|name| *name == family.name || *name == format!("{}_bucket", family.name));
        assert!(is_shown, "{} is on no panel", family.name);
    }
}
