//! What the documents say of settings, held against the settings there are.

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
