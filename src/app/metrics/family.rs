//! What a family of metrics is.

/// Metrics of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// The name, unit and `_total` of a counter included.
    pub name: &'static str,
    /// What sort of figure it is.
    pub kind: Kind,
    /// What it is measured in; the name ends with it, but for counters' `_total`.
    pub unit: Unit,
    /// The names of its labels. What they can say is bounded: no ids, no paths.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

/// The sort of figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, until the process ends.
    Counter,
    /// It is as it is now.
    Gauge,
    /// Counts by upper bounds.
    Histogram,
}

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// It counts things, or is 1 or 0.
    None,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Family {
    pub(super) const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Counter, unit: Unit::None, labels, help }
    }

    pub(super) const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, unit: Unit::None, labels, help }
    }

    /// A histogram of durations.
    pub(super) const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Histogram, unit: Unit::Seconds, labels, help }
    }

    pub(super) const fn seconds(mut self) -> Self {
        self.unit = Unit::Seconds;
        self
    }

    pub(super) const fn bytes(mut self) -> Self {
        self.unit = Unit::Bytes;
        self
    }

    /// The name without `_total` and unit.
    pub(super) fn stem(&self) -> &'static str {
        let name = match self.kind {
            Kind::Counter => self.name.strip_suffix("_total").expect("a counter's name ends with _total"),
            Kind::Gauge | Kind::Histogram => self.name,
        };
        match self.unit {
            Unit::None => name,
            unit => {
                let stem = name.strip_suffix(unit.as_str()).and_then(|stem| stem.strip_suffix('_'));
                stem.expect("a family's name ends with its unit")
            }
        }
    }
}

impl Kind {
    /// As the formats have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl Unit {
    /// As names end with it; empty if there is none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::families;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_made_of_what_they_tell() {
        let mut names = BTreeSet::new();
        for family in families() {
            assert!(names.insert(family.name), "{} is there twice", family.name);
            assert!(family.stem().starts_with("clientele_") || family.stem().starts_with("process_"), "{family:?}");
            assert!(family.help.ends_with('.') && !family.help.contains(['\n', '|', '\\', '"']), "{family:?}");
        }
    }
}
