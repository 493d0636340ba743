//! Holds the code against the layers of ARCHITECTURE.md: a layer imports only what lies before it, and a driver's name
//! appears in its own backend alone.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// What each layer may import. `actors::supervision` is a foundation of its own: it imports nothing else of the crate.
const LAYERS: &[(&str, &[&str])] = &[
    ("actors/supervision", &["actors/supervision"]),
    ("model", &["model"]),
    ("config", &["config", "model"]),
    ("telemetry", &["telemetry", "config"]),
    ("trace", &["trace", "model"]),
    ("store", &["store", "model", "actors/supervision"]),
    ("redis", &["redis", "model"]),
    ("cache", &["cache", "redis", "model", "actors/supervision"]),
    ("broker", &["broker", "model"]),
    ("limiter", &["limiter", "redis", "model"]),
    ("actors", &["actors", "actors/supervision", "store", "cache", "broker", "limiter", "model", "trace"]),
    ("http", &["http", "actors", "actors/supervision", "limiter", "model", "config", "telemetry", "trace"]),
    (
        "app",
        &[
            "app",
            "http",
            "actors",
            "actors/supervision",
            "store",
            "cache",
            "broker",
            "limiter",
            "redis",
            "config",
            "telemetry",
            "trace",
            "model",
        ],
    ),
    ("testkit", &["testkit", "app", "actors", "actors/supervision", "store", "config", "model"]),
    ("cli", &["cli", "app", "actors", "actors/supervision", "config", "telemetry", "model"]),
];

/// What `http` may name of the limiter: the types of its answers, not the port.
const LIMITER_TYPES: &[&str] = &["Decision", "Quota", "Subject"];

/// Where each driver may be named.
const DRIVERS: &[(&str, &str)] = &[
    ("rusqlite", "store/sqlite"),
    ("moka", "cache/memory"),
    ("governor", "limiter/governor"),
    ("mongodb", "store/mongodb"),
    ("redis", "redis/"),
    ("lapin", "broker/rabbitmq"),
    ("prometheus_client", "app/metrics"),
    ("opentelemetry_otlp", "telemetry/"),
];

#[test]
fn every_layer_imports_only_what_lies_before_it() {
    let mut faults = Vec::new();
    for source in sources() {
        let layer = layer_of(&source.place);
        let allowed = LAYERS.iter().find(|(name, _)| *name == layer);
        let Some((_, allowed)) = allowed else {
            assert!(["lib.rs", "main.rs"].contains(&source.place.as_str()), "{} belongs to no layer", source.place);
            continue;
        };
        for import in source.imports() {
            let imported = layer_of(&import.join("/"));
            if !allowed.contains(&imported.as_str()) {
                faults.push(format!("{} imports crate::{}", source.place, import.join("::")));
            }
            if layer == "http" && imported == "limiter" && !LIMITER_TYPES.contains(&import.last().unwrap().as_str()) {
                faults.push(format!("{} reaches the limiter past its actor: {}", source.place, import.join("::")));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_driver_is_named_in_its_own_backend_alone() {
    let mut faults = Vec::new();
    for source in sources() {
        for (driver, home) in DRIVERS {
            if source.names_crate(driver) && !source.place.starts_with(home) {
                faults.push(format!("{} names {driver}", source.place));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn these_checks_see_what_they_are_for() {
    let source = Source::parse(
        "http/x.rs",
        "use crate::{store::Store, actors::{a, b}}; fn f() { let _ = crate::cache::x(); m!(crate::model::y); rusqlite::open() }",
    );
    let imports: Vec<_> = source.imports().iter().map(|import| import.join("::")).collect();
    assert_eq!(imports, ["store::Store", "actors::a", "actors::b", "cache::x", "model::y"]);
    assert!(source.names_crate("rusqlite") && !source.names_crate("moka"));
    assert!(!Source::parse("app.rs", "use crate::limiter::governor::G;").names_crate("governor"));
    assert_eq!(layer_of("actors/supervision/cell/mod.rs"), "actors/supervision");
}

/// A source file, by its place under `src`.
struct Source {
    place: String,
    /// Its tokens, delimiters of groups included, comments and the contents of texts left out.
    tokens: Vec<String>,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = walkdir::WalkDir::new(&root).into_iter().map(|entry| entry.unwrap().into_path());
    let sources: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|kind| kind == "rs")).map(|path| read(&root, path)).collect();
    assert!(sources.len() > 50, "the sources are found");
    sources
}

fn read(root: &Path, path: PathBuf) -> Source {
    let place = path.strip_prefix(root).unwrap().to_str().unwrap();
    Source::parse(place, &fs::read_to_string(&path).unwrap())
}

impl Source {
    fn parse(place: &str, text: &str) -> Self {
        let mut tokens = Vec::new();
        flatten(text.parse().unwrap(), &mut tokens);
        Self { place: place.to_owned(), tokens }
    }

    /// The paths behind each `crate::`, groups of them taken apart.
    fn imports(&self) -> Vec<Vec<String>> {
        let starts = self.tokens.windows(3).enumerate().filter(|(_, three)| *three == ["crate", ":", ":"]);
        let mut imports = Vec::new();
        for (at, _) in starts {
            collect(&self.tokens, at + 3, &[], &mut imports);
        }
        imports
    }

    /// Whether a path begins with this crate's name.
    fn names_crate(&self, name: &str) -> bool {
        (0..self.tokens.len()).any(|at| {
            self.tokens[at] == name
                && self.tokens.get(at + 1).is_some_and(|next| next == ":")
                && self.tokens.get(at + 2).is_some_and(|next| next == ":")
                && (at == 0 || self.tokens[at - 1] != ":")
        })
    }
}

/// Reads the path, or the group of paths, at `at`; returns the place behind it.
fn collect(tokens: &[String], at: usize, prefix: &[String], imports: &mut Vec<Vec<String>>) -> usize {
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    if token(at) == "{" {
        let mut at = at + 1;
        while token(at) != "}" && at < tokens.len() {
            at = collect(tokens, at, prefix, imports);
            at += usize::from(token(at) == ",");
        }
        return at + 1;
    }
    let path = [prefix, &[tokens[at].clone()]].concat();
    if token(at + 1) == ":" && token(at + 2) == ":" && token(at + 3) != "<" {
        return collect(tokens, at + 3, &path, imports);
    }
    imports.push(path);
    let mut end = at + 1;
    while prefix.len() + 1 > 1 && token(end) == "as" {
        end += 2;
    }
    end
}

fn flatten(stream: TokenStream, tokens: &mut Vec<String>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    proc_macro2::Delimiter::Brace => ("{", "}"),
                    proc_macro2::Delimiter::Bracket => ("[", "]"),
                    proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                    proc_macro2::Delimiter::None => ("", ""),
                };
                tokens.push(open.to_owned());
                flatten(group.stream(), tokens);
                tokens.push(close.to_owned());
            }
            TokenTree::Literal(_) => tokens.push("literal".to_owned()),
            tree => tokens.push(tree.to_string()),
        }
    }
}

/// The layer that a file or a path belongs to.
fn layer_of(place: &str) -> String {
    let mut parts = place.split('/');
    let first = parts.next().unwrap_or_default().trim_end_matches(".rs");
    match (first, parts.next()) {
        ("actors", Some("supervision")) => "actors/supervision".to_owned(),
        _ if place.ends_with(".rs") && !place.contains('/') && ["lib", "main"].contains(&first) => place.to_owned(),
        _ => first.to_owned(),
    }
}
