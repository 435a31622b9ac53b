//! The same state as Prometheus metrics (the door to `prometheus_client`).
//!
//! [`catalogue`] says which metrics there are, `collect` what their values are at this moment; here they become text.
//! Everything is read when it is asked for: nothing is kept twice.

pub mod catalogue;
mod collect;
mod counters;
#[cfg(test)]
mod tests;

pub use counters::Counters;

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use self::catalogue::{Kind, Metric, PREFIX};
use self::collect::{Sample, Series, series};
use super::Sources;

/// The OpenMetrics text format.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics as text.
pub(super) fn render(sources: &Sources) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Collected { series: series(sources) }));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

/// What was read, ready to be encoded.
#[derive(Debug)]
struct Collected {
    series: Vec<Series>,
}

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for series in &self.series {
            let metric = series.metric;
            let kind = match metric.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
            };
            let mut encoder = encoder.encode_descriptor(metric.name, metric.help, None, kind)?;
            for sample in &series.samples {
                encode_sample(&mut encoder, metric, sample)?;
            }
        }
        Ok(())
    }
}

fn encode_sample(encoder: &mut MetricEncoder<'_>, metric: &Metric, sample: &Sample) -> fmt::Result {
    if metric.labels.is_empty() {
        return encode_value(encoder, metric.kind, sample.value);
    }
    let labels: Vec<(&str, &str)> =
        metric.labels.iter().copied().zip(sample.labels.iter().map(String::as_str)).collect();
    encode_value(&mut encoder.encode_family(&labels)?, metric.kind, sample.value)
}

fn encode_value(encoder: &mut MetricEncoder<'_>, kind: Kind, value: u64) -> fmt::Result {
    match kind {
        Kind::Counter => encoder.encode_counter::<NoLabelSet, u64, u64>(&value, None),
        Kind::Gauge => encoder.encode_gauge(&value),
    }
}
