//! What came back.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hickory_proto::op::Message;
use hickory_proto::rr::{RData, RecordType};
use serde_json::{Value, json};

/// Wrong answers that are shown in full.
const SHOWN: usize = 5;

/// The score of one run, written to by all sockets.
pub(crate) struct Score {
    kind: RecordType,
    expected: HashSet<String>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    sent: u64,
    received: u64,
    lost: u64,
    duplicates: u64,
    truncated: u64,
    unreadable: u64,
    unexpected: u64,
    shown: Vec<String>,
    rcodes: BTreeMap<String, u64>,
    firsts: BTreeMap<String, u64>,
    slowest: Duration,
    longest_gap: Duration,
    first_answer: Option<Instant>,
    last_answer: Option<Instant>,
}

impl Score {
    /// An empty score. Records of type `kind` must be among `expected`, unless that is empty.
    pub(crate) fn new(kind: RecordType, expected: HashSet<String>) -> Score {
        Score { kind, expected, counts: Mutex::default() }
    }

    /// A query was sent.
    pub(crate) fn sent(&self) {
        self.change(|counts| counts.sent += 1);
    }

    /// So many queries got no answer in time.
    pub(crate) fn lost(&self, number: u64) {
        self.change(|counts| counts.lost += number);
    }

    /// An answer came to no query that waits: a second one, or one that was given up.
    pub(crate) fn duplicate(&self) {
        self.change(|counts| counts.duplicates += 1);
    }

    /// An answer came to a query that was sent `after` ago.
    pub(crate) fn answer(&self, octets: &[u8], now: Instant, after: Duration) {
        let message = Message::from_vec(octets);
        self.change(|counts| {
            counts.arrive(now, after);
            match &message {
                Ok(message) => self.judge(counts, message),
                Err(_) => counts.unreadable += 1,
            }
        });
    }

    fn judge(&self, counts: &mut Counts, message: &Message) {
        let rcode = format!("{:?}", message.metadata.response_code).to_uppercase();
        *counts.rcodes.entry(rcode).or_default() += 1;
        counts.truncated += u64::from(message.metadata.truncation);
        let asked = message.answers.iter().filter(|record| record.record_type() == self.kind);
        let texts: Vec<String> = asked.map(|record| text(&record.data)).collect();
        let wrong = texts.is_empty() || texts.iter().any(|text| !self.expected.contains(text));
        if wrong && !self.expected.is_empty() {
            counts.unexpected += 1;
            if counts.shown.len() < SHOWN {
                counts.shown.push(message.to_string());
            }
        }
        if let Some(first) = texts.into_iter().next() {
            *counts.firsts.entry(first).or_default() += 1;
        }
    }

    /// The score as a JSON object.
    pub(crate) fn report(&self) -> Value {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let span = counts.first_answer.zip(counts.last_answer).map(|(first, last)| last - first);
        json!({
            "sent": counts.sent,
            "received": counts.received,
            "lost": counts.lost,
            "duplicates": counts.duplicates,
            "truncated": counts.truncated,
            "unreadable": counts.unreadable,
            "unexpected": counts.unexpected,
            "unexpected_shown": counts.shown,
            "rcodes": counts.rcodes,
            "firsts": counts.firsts,
            "slowest_ms": milliseconds(counts.slowest),
            "longest_gap_ms": milliseconds(counts.longest_gap),
            "answering_ms": milliseconds(span.unwrap_or_default()),
        })
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Counts {
    fn arrive(&mut self, now: Instant, after: Duration) {
        self.received += 1;
        self.slowest = self.slowest.max(after);
        // Answers of two sockets may be noted in another order than they came.
        let last = self.last_answer.unwrap_or(now);
        self.longest_gap = self.longest_gap.max(now.saturating_duration_since(last));
        self.last_answer = Some(last.max(now));
        self.first_answer.get_or_insert(now);
    }
}

/// The data of a record as `--expect` writes it.
fn text(data: &RData) -> String {
    match data {
        RData::SOA(soa) => soa.serial.to_string(),
        data => data.to_string(),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
