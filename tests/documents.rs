//! What the documents say of settings and metrics, held against those there are.

use std::fs;
use std::path::Path;

use clientele::config::catalogue;

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_readme_lists_every_setting_as_it_is() {
    let readme = document("README.md");
    let told: Vec<_> = readme
        .lines()
        .skip_while(|line| *line != "<!-- settings -->")
        .skip(3)
        .take_while(|line| *line != "<!-- /settings -->")
        .map(str::to_owned)
        .collect();
    let rows = catalogue().iter().map(|setting| {
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        format!("| `{}` | {default} | {} |", setting.name, setting.meaning)
    });
    assert_eq!(told, rows.collect::<Vec<_>>());
}

#[test]
fn the_example_environment_names_every_setting_with_its_default() {
    let example = document(".env.example");
    let told: Vec<_> = example.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let settings: Vec<_> = catalogue().iter().map(|setting| format!("{}={}", setting.name, setting.default)).collect();
    assert_eq!(told, settings);
}

#[test]
fn the_page_of_metrics_lists_every_family_as_it_is() {
    let page = document("docs/metrics.md");
    let told: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    let rows = clientele::app::metrics::families().map(|family| {
        let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let (kind, unit) = (family.kind.as_str(), family.unit.as_str());
        format!("| `{}` | {kind} | {unit} | {} | {} |", family.name, labels.join(", "), family.help)
    });
    assert_eq!(told, rows.collect::<Vec<_>>());
}
