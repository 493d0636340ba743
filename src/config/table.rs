//! Settings as they are shown: `config check`, the README.

use super::catalogue::catalogue;
use super::layers::Origin;
use super::reader::Reader;
use super::secret::MASK;

/// One setting as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its environment name.
    pub name: &'static str,
    /// What it is, secrets masked; empty: not set.
    pub value: String,
    /// Where that was given.
    pub origin: Origin,
    /// Its default; empty: not set.
    pub default: &'static str,
    /// What it means, with unit and bounds.
    pub meaning: &'static str,
}

pub(super) fn rows(reader: &Reader) -> Vec<Row> {
    let row = |setting: &'static super::Setting| {
        let value = match reader.given(setting.name) {
            Some(_) if setting.is_secret() => MASK.to_owned(),
            Some(given) => given.text.clone(),
            None => String::new(),
        };
        let origin = reader.origin(setting.name);
        Row { name: setting.name, value, origin, default: setting.default, meaning: &setting.meaning }
    };
    catalogue().iter().map(row).collect()
}
