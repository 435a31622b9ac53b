//! An open loop over UDP: queries at given moments, whatever the server does.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::flow::Flow;
use super::{NETWORKS, PATIENCE, Report, Target};
use crate::kernel::Batch;

/// Clients, each on a port of its own.
const FLOWS: u8 = NETWORKS.count;
/// What is due at once when the loader was held up goes out in bursts of at most so many.
const BURST_MAX: u64 = 16;

/// Asks `rate` times a second for so long. The latency of a query counts from when it was due, so that a query that the
/// loader itself sent late looks no better than it was.
pub fn at_rate(target: &Target<'_>, rate: f64, duration: Duration) -> Result<Report> {
    let mut flows = (0..FLOWS).map(|number| Flow::new(target, number)).collect::<Result<Vec<_>>>()?;
    let mut batch = Batch::default();
    let mut report = Report::default();
    let total = (rate * duration.as_secs_f64()) as u64;
    let start = Instant::now();
    let due_at = |number: u64| start + Duration::from_secs_f64(number as f64 / rate);
    let mut last_answer = start;
    let mut turn = 0;
    loop {
        let now = Instant::now();
        let due = (((now - start).as_secs_f64() * rate) as u64).min(total);
        if due > report.sent {
            let count = (due - report.sent).min(BURST_MAX);
            let first = report.sent;
            turn = (turn + 1) % flows.len();
            flows[turn].send(target, first, count as usize, |number| due_at(first + number))?;
            report.sent += count;
        }
        for flow in &mut flows {
            if flow.receive(target, &mut batch, &mut report, |_| {})? > 0 {
                last_answer = now;
            }
            flow.give_up(now, PATIENCE, &mut report);
        }
        if report.sent == total && flows.iter().all(|flow| flow.in_flight() == 0) {
            report.elapsed = last_answer - start;
            return Ok(report);
        }
    }
}
