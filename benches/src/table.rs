//! What was measured, as one Markdown table.

use std::collections::HashMap;

use crate::peer::Peer;
use crate::statistics::Median;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// CPU time of the whole server, user and system, divided by its answers.
    Cpu,
    /// User-space instructions of the whole server.
    Instructions,
    /// Answers a second when saturated.
    Rate,
    /// At half of that rate; over TCP, when saturated.
    MedianLatency,
    /// The same.
    P99Latency,
    /// Queries without an answer at half load.
    Lost,
    /// From the start of the process to the first right answer.
    Start,
    /// CPU time until then, user and system.
    StartCpu,
    /// Resident memory.
    Rss,
    /// Resident memory, shared pages divided.
    Pss,
    /// From the moment when it is told to read its files again to the first answer from the new ones.
    Reload,
    /// Queries without an answer in the time around that.
    LostInReload,
    /// Resident memory after it.
    RssAfterReload,
}

impl Measure {
    /// In the order of the table.
    pub const ALL: [Measure; 13] = [
        Measure::Cpu,
        Measure::Instructions,
        Measure::Rate,
        Measure::MedianLatency,
        Measure::P99Latency,
        Measure::Lost,
        Measure::Start,
        Measure::StartCpu,
        Measure::Rss,
        Measure::Pss,
        Measure::Reload,
        Measure::LostInReload,
        Measure::RssAfterReload,
    ];

    /// For people, with the unit.
    pub fn label(self) -> &'static str {
        match self {
            Measure::Cpu => "CPU a query, µs",
            Measure::Instructions => "instructions a query",
            Measure::Rate => "answers, 1000/s",
            Measure::MedianLatency => "p50, µs",
            Measure::P99Latency => "p99, µs",
            Measure::Lost => "lost at half load",
            Measure::Start => "start, ms",
            Measure::StartCpu => "CPU of the start, ms",
            Measure::Rss => "RSS, MiB",
            Measure::Pss => "PSS, MiB",
            Measure::Reload => "reload, ms",
            Measure::LostInReload => "lost in a reload",
            Measure::RssAfterReload => "RSS after a reload, MiB",
        }
    }
}

/// Everything that was measured: by subject (a work or a world), measure and peer, one value a round.
#[derive(Default)]
pub struct Samples {
    subjects: Vec<String>,
    values: HashMap<(String, Measure, Peer), HashMap<u32, f64>>,
}

impl Samples {
    /// Takes a value in.
    pub fn add(&mut self, subject: &str, measure: Measure, peer: Peer, round: u32, value: f64) {
        if !self.subjects.iter().any(|known| known == subject) {
            self.subjects.push(subject.to_owned());
        }
        self.values.entry((subject.to_owned(), measure, peer)).or_default().insert(round, value);
    }

    /// The table: a row for each subject, measure and peer. Ratios are taken within each round, then their median, so that
    /// what disturbs a whole round disturbs no ratio.
    pub fn table(&self, peers: &[Peer]) -> String {
        let mut text = String::from(
            "| work | measure | server | median | 95 % | ÷ Meridian | 95 % | ÷ floor | 95 % |\n\
             |---|---|---|--:|---|--:|---|--:|---|\n",
        );
        for subject in &self.subjects {
            for measure in Measure::ALL {
                for &peer in peers {
                    text += &self.row(subject, measure, peer).unwrap_or_default();
                }
            }
        }
        text
    }

    fn row(&self, subject: &str, measure: Measure, peer: Peer) -> Option<String> {
        let values: Vec<f64> = self.of(subject, measure, peer)?.values().copied().collect();
        let cells = [
            cells(Median::of(&values)),
            cells(self.ratio(subject, measure, peer, Peer::Meridian)),
            cells(self.ratio(subject, measure, peer, Peer::Floor)),
        ];
        Some(format!("| {subject} | {} | {} | {} |\n", measure.label(), peer.label(), cells.join(" | ")))
    }

    /// `None` for the peer itself, and where one of the two was not measured or is 0.
    fn ratio(&self, subject: &str, measure: Measure, peer: Peer, to: Peer) -> Option<Median> {
        let base = self.of(subject, measure, to).filter(|_| peer != to)?;
        let values = self.of(subject, measure, peer)?;
        let ratios: Vec<f64> = values
            .iter()
            .filter_map(|(round, value)| base.get(round).map(|base| value / base))
            .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
            .collect();
        Median::of(&ratios)
    }

    fn of(&self, subject: &str, measure: Measure, peer: Peer) -> Option<&HashMap<u32, f64>> {
        self.values.get(&(subject.to_owned(), measure, peer))
    }
}

/// The median and its interval, empty where there is none.
fn cells(median: Option<Median>) -> String {
    let Some(Median { value, low, high }) = median else { return " | ".to_owned() };
    if low == high {
        return format!("{} | ", significant(value));
    }
    format!("{} | {}–{}", significant(value), significant(low), significant(high))
}

/// Three digits that say something; whole numbers as they are.
fn significant(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        let mut samples = Samples::default();
        for (round, slow) in [(0, 1.0), (1, 10.0), (2, 3.0)] {
            samples.add("static", Measure::Cpu, Peer::Meridian, round, 2.0 * slow);
            samples.add("static", Measure::Cpu, Peer::Gdnsd, round, 3.0 * slow);
        }
        let table = samples.table(&[Peer::Meridian, Peer::Gdnsd]);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| static | CPU a query, µs | Meridian | 6 | 2–20 |  |  |  |  |",
                "| static | CPU a query, µs | gdnsd | 9 | 3–30 | 1.50 |  |  |  |",
            ]
        );
    }

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([0.0, 1.234, 12.345, 1234.5].map(significant), ["0", "1.23", "12.3", "1234"]);
    }
}
