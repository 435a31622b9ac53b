//! A closed window over UDP.

use std::time::Instant;

use anyhow::Result;

use super::flow::Flow;
use super::{Heard, NETWORKS, Report, Target, Until};
use crate::kernel::Batch;

/// Clients, each on a port of its own.
const FLOWS: u8 = NETWORKS.count;
/// A client sends when there is room for so many at least: a burst that pays.
const BURST: usize = 8;
/// The most segments of one send (the kernel's own bound is 64 or more).
const BURST_MAX: usize = 64;

/// Keeps the window full until told to stop, then waits for what is still awaited. Tells `listener` of each answer.
pub(super) fn saturate(
    target: &Target<'_>,
    until: Until,
    mut listener: impl FnMut(Heard<'_>),
) -> Result<Report> {
    let window = (target.window / usize::from(FLOWS)).max(BURST);
    let mut flows = (0..FLOWS).map(|number| Flow::new(target, number)).collect::<Result<Vec<_>>>()?;
    let mut batch = Batch::default();
    let mut report = Report::default();
    let start = Instant::now();
    let mut last_answer = start;
    loop {
        let now = Instant::now();
        for flow in &mut flows {
            if flow.receive(target, &mut batch, &mut report, &mut listener)? > 0 {
                last_answer = now;
            }
            flow.give_up(now, until.patience(), &mut report);
            let room = until.room(report.sent, now - start);
            let count =
                (window - flow.in_flight()).min(usize::try_from(room).unwrap_or(usize::MAX)).min(BURST_MAX);
            let is_end = room < BURST as u64;
            if count >= BURST || (is_end && count > 0) {
                flow.send(target, report.sent, count, |_| now)?;
                report.sent += count as u64;
            }
        }
        let done = until.room(report.sent, now - start) == 0;
        if done && flows.iter().all(|flow| flow.in_flight() == 0) {
            report.elapsed = last_answer - start;
            return Ok(report);
        }
    }
}
