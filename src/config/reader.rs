//! Turns texts into typed values and notes each one that is not understood.

use super::catalogue::{SECRETS, catalogue};
use super::error::Problem;
use super::layers::{Given, Layers, Origin};
use super::secret::Secret;

/// Reads settings one by one. A wrong one is noted, and read as its default so that reading goes on.
pub(super) struct Reader {
    layers: Layers,
}

impl Reader {
    pub(super) fn new(layers: Layers) -> Self {
        Self { layers }
    }

    /// What was given for a setting, or its default; `None`: neither.
    pub(super) fn given(&self, name: &str) -> Option<&Given> {
        self.layers.given.get(name)
    }

    /// A setting that has a default. `parse` fails with what is allowed.
    pub(super) fn value<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        let default = || {
            let setting = catalogue().iter().find(|setting| setting.name == name);
            let text = setting.expect("only settings that there are get read").default;
            parse(text).expect("defaults are valid")
        };
        self.optional(name, &parse).unwrap_or_else(default)
    }

    /// A setting that may be left out.
    pub(super) fn optional<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let given = self.layers.given.get(name)?;
        match parse(&given.text) {
            Ok(value) => Some(value),
            Err(allowed) => {
                let problem = match SECRETS.contains(&name) {
                    true => Problem::masked(name, given.origin, allowed),
                    false => Problem::wrong(name, &given.text, given.origin, allowed),
                };
                self.layers.problems.push(problem);
                None
            }
        }
    }

    /// A secret that may be left out.
    pub(super) fn secret(&mut self, name: &'static str) -> Option<Secret> {
        self.optional(name, |text| Ok(Secret::new(text)))
    }

    /// Where a setting's value came from.
    pub(super) fn origin(&self, name: &str) -> Origin {
        self.given(name).map_or(Origin::Default, |given| given.origin)
    }

    pub(super) fn refuse(&mut self, problem: Problem) {
        self.layers.problems.push(problem);
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.layers.warnings.push(warning);
    }

    /// All that was noted, problems in the order of the catalogue.
    pub(super) fn finish(mut self) -> (Vec<Problem>, Vec<String>) {
        let place = |problem: &Problem| {
            catalogue().iter().position(|setting| problem.name.trim_end_matches("_FILE") == setting.name)
        };
        self.layers.problems.sort_by_key(place);
        (self.layers.problems, self.layers.warnings)
    }
}
