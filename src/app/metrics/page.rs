//! Writing families down.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry;

use crate::actors::supervision::Distribution;

use super::family::{Family, Kind, Unit};

/// The upper bounds of all histograms: the seams nearest to 10 µs, 25, 50, 100 µs and so on up to 10 s, so that
/// counts are exact.
static BOUNDS: LazyLock<Vec<Duration>> = LazyLock::new(|| {
    let decades = (1..7).map(|power| 10_u64.pow(power));
    let micros = decades.flat_map(|decade| [decade, decade * 5 / 2, decade * 5]).chain([10_000_000]);
    micros.map(|micros| Distribution::seam(Duration::from_micros(micros))).collect()
});

/// What is being written.
pub(super) struct Page<'a>(DescriptorEncoder<'a>);

/// The samples of one family.
pub(super) struct Samples<'a> {
    family: &'static Family,
    encoder: MetricEncoder<'a>,
}

impl<'a> Page<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    /// Writes a family, whose samples `write` adds.
    pub(super) fn family(
        &mut self,
        family: &'static Family,
        write: impl FnOnce(&mut Samples<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let kind = match family.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Histogram => MetricType::Histogram,
        };
        let unit = match family.unit {
            Unit::None => None,
            Unit::Seconds => Some(registry::Unit::Seconds),
            Unit::Bytes => Some(registry::Unit::Bytes),
        };
        let encoder = self.0.encode_descriptor(family.stem(), family.help, unit.as_ref(), kind)?;
        write(&mut Samples { family, encoder })
    }

    /// Writes a counter without labels.
    pub(super) fn counter(&mut self, family: &'static Family, value: impl EncodeCounterValue) -> fmt::Result {
        self.family(family, |samples| samples.counter(&[], value))
    }

    /// Writes a gauge without labels.
    pub(super) fn gauge(&mut self, family: &'static Family, value: impl EncodeGaugeValue) -> fmt::Result {
        self.family(family, |samples| samples.gauge(&[], value))
    }
}

impl Samples<'_> {
    /// Adds a counter's sample; `labels` are the values of the family's labels, in their order.
    pub(super) fn counter(&mut self, labels: &[&str], value: impl EncodeCounterValue) -> fmt::Result {
        self.labelled(labels, |encoder| encoder.encode_counter::<NoLabelSet, _, u64>(&value, None))
    }

    /// Adds a gauge's sample.
    pub(super) fn gauge(&mut self, labels: &[&str], value: impl EncodeGaugeValue) -> fmt::Result {
        self.labelled(labels, |encoder| encoder.encode_gauge(&value))
    }

    /// Adds a histogram.
    pub(super) fn histogram(&mut self, labels: &[&str], durations: &Distribution) -> fmt::Result {
        let mut seen = 0;
        let mut buckets = Vec::with_capacity(BOUNDS.len() + 1);
        for bound in &*BOUNDS {
            let below = durations.below(*bound);
            buckets.push((bound.as_secs_f64(), below - seen));
            seen = below;
        }
        let count = durations.count();
        buckets.push((f64::INFINITY, count - seen));
        let sum = durations.sum().as_secs_f64();
        self.labelled(labels, |encoder| encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None))
    }

    fn labelled(&mut self, labels: &[&str], write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result) -> fmt::Result {
        let names = self.family.labels;
        assert_eq!(names.len(), labels.len(), "a value for each label of {}", self.family.name);
        if names.is_empty() {
            return write(&mut self.encoder);
        }
        let labels: Vec<(&str, &str)> = names.iter().copied().zip(labels.iter().copied()).collect();
        write(&mut self.encoder.encode_family(&labels)?)
    }
}
