//! Lays the sources of settings over each other: defaults, `.env`, environment, flags.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::Path;

use ::config::{Config, ConfigError, File, FileFormat, Map, Source, Value};

use super::catalogue::{DEFAULTS, SECRETS, catalogue};
use super::error::Problem;

/// Where a setting's value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`.
    Default,
    /// The `.env` file.
    DotEnv,
    /// The environment.
    Environment,
    /// A flag of the command line.
    Flag,
    /// The file that `NAME_FILE` names.
    File,
}

impl Origin {
    const ALL: [Self; 5] = [Self::Default, Self::DotEnv, Self::Environment, Self::Flag, Self::File];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::DotEnv => ".env",
            Self::Environment => "environment",
            Self::Flag => "flag",
            Self::File => "file",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A setting's value before it is understood.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// What all sources together say. Values that are empty count as not given.
#[derive(Default)]
pub(super) struct Layers {
    pub(super) given: HashMap<String, Given>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<String>,
}

impl Layers {
    pub(super) fn read(
        flags: Vec<(String, String)>,
        environment: impl IntoIterator<Item = (String, String)>,
        dotenv: Option<&Path>,
    ) -> Self {
        let mut layers = Self::default();
        let dotenv = dotenv.map(|path| layers.read_dotenv(path)).unwrap_or_default();
        let merged = Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(Layer::new(Origin::DotEnv, dotenv))
            .add_source(Layer::new(Origin::Environment, environment))
            .add_source(Layer::new(Origin::Flag, flags))
            .build()
            .and_then(|config| config.cache.into_table())
            .expect("the defaults are TOML, and every other layer is a flat table of texts");
        layers.given = merged.into_iter().filter_map(|(name, value)| Some((name, Given::of(value)?))).collect();
        for name in SECRETS {
            layers.read_secret_file(name);
        }
        layers
    }

    /// A missing file is an empty one.
    fn read_dotenv(&mut self, path: &Path) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let lines = match dotenvy::from_path_iter(path) {
            Ok(lines) => lines,
            Err(error) if error.not_found() => return pairs,
            Err(error) => {
                self.refuse_dotenv(path, &error.to_string());
                return pairs;
            }
        };
        for line in lines {
            match line {
                Ok(pair) => pairs.push(pair),
                // The driver's own message quotes the line, which may hold a secret.
                Err(dotenvy::Error::LineParse(..)) => {
                    let place =
                        pairs.last().map_or("its first entry".into(), |(name, _)| format!("the entry after {name}"));
                    self.refuse_dotenv(path, &format!("{place} is not NAME=value"));
                    break;
                }
                Err(error) => {
                    self.refuse_dotenv(path, &error.to_string());
                    break;
                }
            }
        }
        self.warnings.extend(
            pairs.iter().filter(|(name, _)| looks_misspelt(name)).map(|(name, _)| {
                format!("{name} in {} is not a setting of this program and is ignored", path.display())
            }),
        );
        pairs
    }

    fn refuse_dotenv(&mut self, path: &Path, what: &str) {
        let given = path.display().to_string();
        self.problems.push(Problem::wrong(
            ".env",
            &given,
            Origin::DotEnv,
            format!("a readable file of NAME=value lines ({what})"),
        ));
    }

    /// Takes `name`'s value from the file that `NAME_FILE` names, if it is given.
    fn read_secret_file(&mut self, name: &str) {
        let file_name = format!("{name}_FILE");
        let Some(path) = self.given.get(&file_name) else { return };
        let wrong = |allowed: String| Problem::wrong(&file_name, &path.text, path.origin, allowed);
        if self.given.contains_key(name) {
            self.problems.push(wrong(format!("either {name} or {file_name}, not both")));
            return;
        }
        match fs::read_to_string(&path.text) {
            Ok(text) => {
                let text = text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
                if text.is_empty() {
                    self.problems.push(wrong("a file that is not empty".into()));
                } else {
                    let given = Given { text: text.into(), origin: Origin::File };
                    self.given.insert(name.into(), given);
                }
            }
            Err(error) => self.problems.push(wrong(format!("a readable text file ({error})"))),
        }
    }
}

impl Given {
    fn of(value: Value) -> Option<Self> {
        let origin = Origin::ALL.into_iter().find(|origin| value.origin() == Some(origin.as_str()));
        let text = value.into_string().ok().filter(|text| !text.is_empty())?;
        Some(Self { text, origin: origin.unwrap_or(Origin::Default) })
    }
}

/// What one source says about the settings that there are.
#[derive(Clone)]
struct Layer {
    origin: Origin,
    values: Map<String, Value>,
}

impl Layer {
    fn new(origin: Origin, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let source = origin.as_str().to_owned();
        let values = pairs
            .into_iter()
            .filter(|(name, text)| is_known(name) && !text.is_empty())
            .map(|(name, text)| (name, Value::new(Some(&source), text)))
            .collect();
        Self { origin, values }
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layer({})", self.origin)
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.values.clone())
    }
}

fn is_known(name: &str) -> bool {
    catalogue().iter().any(|setting| setting.name == name)
        || name.strip_suffix("_FILE").is_some_and(|name| SECRETS.contains(&name))
}

/// Unknown, but its first word is one that settings begin with: `RATE_LIMIT_WINDOWS`.
fn looks_misspelt(name: &str) -> bool {
    let first_word = |name: &str| name.split_once('_').map(|(word, _)| word.to_owned());
    !is_known(name)
        && first_word(name)
            .is_some_and(|word| catalogue().iter().any(|known| first_word(known.name).as_ref() == Some(&word)))
}
