//! Servers side by side: one server, one world, one round at a time.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::callgrind::Counters;
use crate::load::{Report, Target, Until, at_rate, saturate};
use crate::peer::Peer;
use crate::reload::reload;
use crate::server::{Bench, Server};
use crate::table::{Measure, Samples};
use crate::work::{Transport, Work};
use crate::world::World;

/// A server that has just started is driven for a part of the time before anything is measured.
const WARM_UP: f64 = 0.2;
/// A server that answers more than one query in so many wrongly does not do the work.
const WRONG_AT_MOST: u64 = 1000;
/// Counts of instructions: what a server does by the clock (reading a database again) falls into one of them.
const COUNTS: u32 = 3;
/// Queries in flight while instructions are counted: under callgrind the slowest server takes milliseconds for each.
const COUNTED_WINDOW: usize = 64;
const MEBIBYTE: f64 = (1 << 20) as f64;

/// A comparison under way.
pub struct Comparison {
    bench: Bench,
    duration: Duration,
    samples: Samples,
    /// What did not work, and how often.
    failures: HashMap<String, u32>,
}

impl Comparison {
    /// A comparison in which each measurement takes so long.
    pub fn new(bench: Bench, duration: Duration) -> Comparison {
        Comparison { bench, duration, samples: Samples::default(), failures: HashMap::new() }
    }

    /// One server in one round: its start, its memory, each of its works. What fails is noted, the others go on.
    pub fn measure(&mut self, round: u32, peer: Peer, world: World, works: &[Work]) {
        let works = works_of(peer, world, works);
        let Some(&first) = works.first() else { return };
        eprintln!("round {}: {}, {}", round + 1, world.label(), peer.label());
        let server = self.bench.start(peer, world, first, false);
        let Some(mut server) = self.note(server) else { return };
        let loaded = self.measure_loaded(round, world, &server);
        self.note(loaded);
        for &work in &works {
            let driven = self.drive(round, work, &mut server);
            self.note(driven.with_context(|| format!("{}, {}", work.label(), peer.label())));
        }
        if world.is_reloaded() {
            let reloaded = self.measure_reload(round, world, first, &server);
            self.note(reloaded.with_context(|| format!("reload of {}, {}", world.label(), peer.label())));
        }
    }

    fn measure_reload(&mut self, round: u32, world: World, work: Work, server: &Server) -> Result<()> {
        let Some(reloaded) = reload(server, world, work)? else { return Ok(()) };
        must_be_right(&reloaded.report)?;
        let subject = format!("zone {}", world.label());
        for (measure, value) in [
            (Measure::Reload, reloaded.time.as_secs_f64() * 1e3),
            (Measure::LostInReload, reloaded.report.lost as f64),
            (Measure::RssAfterReload, server.process.memory()?.rss as f64 / MEBIBYTE),
        ] {
            self.samples.add(&subject, measure, server.peer, round, value);
        }
        Ok(())
    }

    fn measure_loaded(&mut self, round: u32, world: World, server: &Server) -> Result<()> {
        let memory = server.process.memory()?;
        let subject = format!("zone {}", world.label());
        for (measure, value) in [
            (Measure::Start, server.start_time.as_secs_f64() * 1e3),
            (Measure::StartCpu, server.start_cpu.as_secs_f64() * 1e3),
            (Measure::Rss, memory.rss as f64 / MEBIBYTE),
            (Measure::Pss, memory.pss as f64 / MEBIBYTE),
        ] {
            self.samples.add(&subject, measure, server.peer, round, value);
        }
        Ok(())
    }

    /// Saturates the server and, over UDP, drives it at half of the rate that it reached.
    fn drive(&mut self, round: u32, work: Work, server: &mut Server) -> Result<()> {
        let packets = server.packets(work).context("it gives no cookie")?;
        let target = server.target(work, &packets);
        saturate(&target, work.transport(), Until::Elapsed(self.duration.mul_f64(WARM_UP)))?;
        let before = server.process.cpu_time()?;
        let mut saturated = saturate(&target, work.transport(), Until::Elapsed(self.duration))?;
        let cpu = server.process.cpu_time()?.saturating_sub(before);
        server.process.must_run()?;
        must_be_right(&saturated)?;

        let mut timed = match work.transport() {
            Transport::Udp => Some(at_rate(&target, saturated.rate() / 2.0, self.duration)?),
            Transport::Tcp { .. } => None,
        };
        let lost = timed.as_ref().map(|report| report.lost as f64);
        let timed = timed.as_mut().unwrap_or(&mut saturated);
        let mut microseconds = |share| timed.latency(share).map(|latency| latency.as_secs_f64() * 1e6);
        let values = [
            (Measure::MedianLatency, microseconds(0.5)),
            (Measure::P99Latency, microseconds(0.99)),
            (Measure::Lost, lost),
            (Measure::Cpu, Some(cpu.as_secs_f64() * 1e6 / saturated.answered as f64)),
            (Measure::Rate, Some(saturated.rate() / 1e3)),
        ];
        for (measure, value) in values {
            if let Some(value) = value {
                self.samples.add(&work.label(), measure, server.peer, round, value);
            }
        }
        Ok(())
    }

    /// Counts the instructions of one server in one world, `queries` a count.
    pub fn count(&mut self, peer: Peer, world: World, works: &[Work], queries: u64) {
        let mut works = works_of(peer, world, works);
        works.retain(|work| work.transport() == Transport::Udp);
        let Some(&first) = works.first() else { return };
        eprintln!("instructions: {}, {}", world.label(), peer.label());
        let server = self.bench.start(peer, world, first, true);
        let Some(server) = self.note(server) else { return };
        let counted = self.count_works(&server, &works, queries);
        self.note(counted.with_context(|| format!("instructions, {}", peer.label())));
    }

    fn count_works(&mut self, server: &Server, works: &[Work], queries: u64) -> Result<()> {
        let counters = Counters::on(&server.process, &server.folder)?;
        for &work in works {
            let packets = server.packets(work).context("it gives no cookie")?;
            let target = Target { window: COUNTED_WINDOW, ..server.target(work, &packets) };
            for round in 0..COUNTS {
                let value = counters.per_query(&target, queries)?;
                self.samples.add(&work.label(), Measure::Instructions, server.peer, round, value);
            }
        }
        Ok(())
    }

    fn note<T>(&mut self, result: Result<T>) -> Option<T> {
        result
            .map_err(|error| {
                let text = format!("{error:#}");
                eprintln!("  {text}");
                *self.failures.entry(text).or_default() += 1;
            })
            .ok()
    }

    /// Prints the table, and behind it what could not be measured: then the comparison has failed.
    pub fn tell(&self, peers: &[Peer]) -> Result<()> {
        print!("{}", self.samples.table(peers));
        for (text, times) in &self.failures {
            println!("\nNot measured, {times} times: {text}");
        }
        ensure!(self.failures.is_empty(), "the table is not complete");
        Ok(())
    }
}

fn works_of(peer: Peer, world: World, works: &[Work]) -> Vec<Work> {
    works.iter().filter(|work| work.world() == world && peer.can(**work)).copied().collect()
}

fn must_be_right(report: &Report) -> Result<()> {
    let Report { answered, wrong, rcodes, .. } = report;
    ensure!(
        *answered > 0 && wrong * WRONG_AT_MOST <= *answered,
        "{wrong} of {answered} answers are wrong (by RCODE: {rcodes:?})"
    );
    Ok(())
}
