//! What a replay found, as text and as JSON with one schema.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::capture::{Kind, Skipped};
use super::comparison::Comparison;
use super::engine::Engine;
use crate::cli::table::ShownTable;
use crate::explain::moment::rfc3339;
use crate::wire::Name;
use crate::zone::record_type;

/// What of the capture was replayed.
#[derive(Debug, Default)]
pub(super) struct Span {
    /// Queries.
    pub(super) queries: u64,
    /// Milliseconds since 1970, the earliest and the latest.
    times: Option<(u64, u64)>,
}

impl Span {
    /// One more query.
    pub(super) fn add(&mut self, time_ms: u64) {
        self.queries += 1;
        let (first, last) = self.times.unwrap_or((time_ms, time_ms));
        self.times = Some((first.min(time_ms), last.max(time_ms)));
    }
}

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    capture: CaptureView,
    configurations: Vec<ConfigurationView>,
    comparison: Option<ComparisonView>,
}

#[derive(Debug, Serialize)]
struct CaptureView {
    kind: &'static str,
    /// The port that queries go to, where packets were captured.
    port: Option<u16>,
    queries: u64,
    first: Option<String>,
    last: Option<String>,
    skipped_tcp: u64,
    skipped_fragments: u64,
    skipped_cut: u64,
    skipped_responses: u64,
    skipped_other: u64,
}

#[derive(Debug, Serialize)]
struct ConfigurationView {
    file: String,
    rcodes: Vec<(&'static str, u64)>,
    unanswered: u64,
    cache: CacheView,
    engine: EngineView,
}

/// What resolvers' caches by client subnet could have answered.
#[derive(Debug, Serialize)]
struct CacheView {
    reused: u64,
    asked: u64,
    unkept: u64,
    percent: String,
}

/// Time in this process, the socket not among it.
#[derive(Debug, Serialize)]
struct EngineView {
    median_ns: u64,
    mean_ns: u64,
    total_us: u64,
}

#[derive(Debug, Serialize)]
struct ComparisonView {
    queries: PartView,
    clients: PartView,
    queries_of_further_clients: u64,
    other_rcode: u64,
    other_records: u64,
    other_ttl: u64,
    other_scope: u64,
    names: Vec<NameView>,
}

#[derive(Debug, Serialize)]
struct PartView {
    all: u64,
    changed: u64,
    percent: String,
}

#[derive(Debug, Serialize)]
struct NameView {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    queries: u64,
    changed: u64,
}

impl Report {
    /// Of what was read and answered.
    pub(super) fn new(
        (kind, port): (Option<Kind>, u16),
        (span, skipped): (&Span, &Skipped),
        mains: &[&Path],
        engines: &[Engine<'_>],
        comparison: &Comparison,
    ) -> Report {
        // Without times (a simple packet block has none) there is nothing to tell.
        let times = span.times.filter(|&(_, last)| last > 0);
        let capture = CaptureView {
            kind: match kind {
                Some(Kind::Dnstap) => "dnstap",
                _ => "pcap",
            },
            port: (kind == Some(Kind::Packets)).then_some(port),
            queries: span.queries,
            first: times.map(|(first, _)| rfc3339(first / 1000)),
            last: times.map(|(_, last)| rfc3339(last / 1000)),
            skipped_tcp: skipped.tcp,
            skipped_fragments: skipped.fragments,
            skipped_cut: skipped.cut,
            skipped_responses: skipped.responses,
            skipped_other: skipped.other,
        };
        let configurations = mains.iter().zip(engines).map(|(main, engine)| configuration(main, engine));
        Report {
            capture,
            configurations: configurations.collect(),
            comparison: (engines.len() > 1).then(|| comparison_view(comparison)),
        }
    }
}

fn configuration(main: &Path, engine: &Engine<'_>) -> ConfigurationView {
    let (reuse, times) = (engine.reuse(), engine.times());
    ConfigurationView {
        file: main.display().to_string(),
        rcodes: engine.rcodes().collect(),
        unanswered: engine.unanswered(),
        cache: CacheView {
            reused: reuse.reused,
            asked: reuse.asked,
            unkept: reuse.unkept,
            percent: percent(reuse.reused, reuse.reused + reuse.asked),
        },
        engine: EngineView {
            median_ns: times.median_ns(),
            mean_ns: times.mean_ns(),
            total_us: times.total_us(),
        },
    }
}

fn comparison_view(comparison: &Comparison) -> ComparisonView {
    let part = |all, changed| PartView { all, changed, percent: percent(changed, all) };
    let (clients, changed_clients) = comparison.clients();
    let [other_rcode, other_records, other_ttl, other_scope] = comparison.parts;
    let names = comparison.top_names().into_iter().map(|changed| NameView {
        name: Name::from_wire(&changed.name).map_or_else(|_| "?".to_owned(), |name| name.to_string()),
        rtype: record_type::name(changed.rtype),
        queries: changed.queries,
        changed: changed.changed,
    });
    ComparisonView {
        queries: part(comparison.queries, comparison.changed),
        clients: part(clients, changed_clients),
        queries_of_further_clients: comparison.beyond,
        other_rcode,
        other_records,
        other_ttl,
        other_scope,
        names: names.collect(),
    }
}

/// A part in percent, rounded to two digits after the point; nothing of nothing is 0.
fn percent(part: u64, whole: u64) -> String {
    let (part, whole) = (u128::from(part), u128::from(whole).max(1));
    let hundredths = (part * 20_000 + whole) / (2 * whole);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let capture = &self.capture;
        write!(formatter, "{} queries from {}", capture.queries, capture.kind)?;
        if let (Some(first), Some(last)) = (&capture.first, &capture.last) {
            write!(formatter, ", {first} to {last}")?;
        }
        writeln!(formatter)?;
        for (count, what) in [
            (capture.skipped_tcp, "over TCP"),
            (capture.skipped_fragments, "fragments"),
            (capture.skipped_cut, "cut short by the capture"),
            (capture.skipped_responses, "responses"),
            (capture.skipped_other, "of something else"),
        ] {
            if count > 0 {
                writeln!(formatter, "  passed over: {count} {what}")?;
            }
        }
        if let (0, Some(port)) = (capture.queries, capture.port) {
            writeln!(formatter, "  nothing was asked at port {port}: `--port` names another one")?;
        }
        writeln!(formatter, "\n{}", self.configurations_table())?;
        match &self.comparison {
            Some(comparison) => write!(formatter, "\n{comparison}"),
            None => Ok(()),
        }
    }
}

impl Report {
    fn configurations_table(&self) -> ShownTable {
        let heads = [""].into_iter().chain(self.configurations.iter().map(|each| each.file.as_str()));
        let mut table = ShownTable::new(&heads.collect::<Vec<_>>());
        let mut row = |name: &str, value: &dyn Fn(&ConfigurationView) -> String| {
            let values = self.configurations.iter().map(value);
            table.row([name.to_owned()].into_iter().chain(values).collect::<Vec<_>>());
        };
        let mut rcodes: Vec<&'static str> = Vec::new();
        for &(rcode, _) in self.configurations.iter().flat_map(|each| &each.rcodes) {
            if !rcodes.contains(&rcode) {
                rcodes.push(rcode);
            }
        }
        for rcode in rcodes {
            row(rcode, &|each| {
                let count = each.rcodes.iter().find(|(name, _)| *name == rcode);
                count.map_or(0, |&(_, count)| count).to_string()
            });
        }
        if self.configurations.iter().any(|each| each.unanswered > 0) {
            row("no response", &|each| each.unanswered.to_string());
        }
        row("a cache by subnet had", &|each| each.cache.percent.clone());
        row("time of an answer, median", &|each| format!("{} ns", each.engine.median_ns));
        row("time of an answer, mean", &|each| format!("{} ns", each.engine.mean_ns));
        row("time of all", &|each| {
            format!("{}.{:03} ms", each.engine.total_us / 1000, each.engine.total_us % 1000)
        });
        table
    }
}

impl fmt::Display for ComparisonView {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PartView { all, changed, percent } = &self.queries;
        writeln!(formatter, "another answer: {changed} of {all} queries ({percent})")?;
        let PartView { all, changed, percent } = &self.clients;
        writeln!(formatter, "                {changed} of {all} clients ({percent})")?;
        if self.queries_of_further_clients > 0 {
            writeln!(
                formatter,
                "                {} queries are of further clients",
                self.queries_of_further_clients
            )?;
        }
        writeln!(
            formatter,
            "  other records {}, other TTL {}, other scope {}, other code {}",
            self.other_records, self.other_ttl, self.other_scope, self.other_rcode
        )?;
        if self.names.is_empty() {
            return Ok(());
        }
        let mut table = ShownTable::new(&["name", "type", "queries", "another answer"]);
        for name in &self.names {
            table.row([
                name.name.clone(),
                name.rtype.clone(),
                name.queries.to_string(),
                name.changed.to_string(),
            ]);
        }
        writeln!(formatter, "\n{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_without_queries_leads_to_the_port() {
        let shown = |kind, queries| {
            let (mut span, skipped) = (Span::default(), Skipped { responses: 3, ..Skipped::default() });
            (0..queries).for_each(|_| span.add(0));
            Report::new((Some(kind), 53), (&span, &skipped), &[], &[], &Comparison::default()).to_string()
        };
        let hint = "  passed over: 3 responses\n  nothing was asked at port 53: `--port` names another one\n";
        assert!(shown(Kind::Packets, 0).contains(hint), "{}", shown(Kind::Packets, 0));
        for (kind, queries) in [(Kind::Packets, 1), (Kind::Dnstap, 0)] {
            assert!(!shown(kind, queries).contains("--port"), "{}", shown(kind, queries));
        }
    }

    #[test]
    fn parts_are_rounded_to_two_digits() {
        for (part, whole, expected) in
            [(0, 0, "0.00 %"), (1, 3, "33.33 %"), (2, 3, "66.67 %"), (5, 5, "100.00 %")]
        {
            assert_eq!(percent(part, whole), expected);
        }
    }
}
