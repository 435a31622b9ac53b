//! Servers side by side: `benches/peers/run` installs them and starts this.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use meridian_bench::callgrind::Counters;
use meridian_bench::kernel::pin_to;
use meridian_bench::load::{Report, Target, Until, at_rate, saturate};
use meridian_bench::peer::{Material, Peer};
use meridian_bench::random::Random;
use meridian_bench::server::{Bench, Server};
use meridian_bench::table::{Measure, Samples};
use meridian_bench::work::{Transport, Work};
use meridian_bench::world::World;

/// A server that has just started is driven for a part of the time before anything is measured.
const WARM_UP: f64 = 0.2;
/// A server that answers more than one query in so many wrongly does not do the work.
const WRONG_AT_MOST: u64 = 1000;
/// Counts of instructions: what a server does by the clock (reading a database again) falls into one of them.
const COUNTS: u32 = 3;
/// Queries in flight while instructions are counted: under callgrind the slowest server takes milliseconds for each.
const COUNTED_WINDOW: usize = 64;
const MEBIBYTE: f64 = (1 << 20) as f64;

/// Drives servers in random interleaved rounds and prints one table.
#[derive(Parser)]
struct Arguments {
    /// Servers, separated by commas; without it, all.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// Works, separated by commas; without it, all that can be compared.
    #[arg(long, value_delimiter = ',')]
    works: Vec<Work>,
    /// Rounds: at least 5, for ratios of CPU time at least 11.
    #[arg(long, default_value_t = 11)]
    rounds: u32,
    /// Seconds for each measurement: one saturated and, over UDP, one at half load.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Queries for each count of instructions; 0 counts none.
    #[arg(long, default_value_t = 10_000)]
    counted: u64,
    /// The core of the servers.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core of the loader.
    #[arg(long, default_value_t = 1)]
    loader_core: usize,
    /// Of the queries and of the order in each round.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The product.
    #[arg(long, default_value = "target/release/meridian")]
    meridian: PathBuf,
    /// A country database in the shape of GeoIP2.
    #[arg(long, default_value = "benches/target/country.mmdb")]
    database: PathBuf,
    /// Where servers are configured and run.
    #[arg(long, default_value = "benches/target/run")]
    folder: PathBuf,
}

/// What a cookie costs is counted by benches/instructions/run: peers do it in too many ways to compare.
fn comparable_works() -> Vec<Work> {
    let is_compared = |work: &&Work| !matches!(work, Work::ClientCookie | Work::ServerCookie);
    Work::value_variants().iter().filter(is_compared).copied().collect()
}

fn main() -> Result<()> {
    let mut arguments = Arguments::parse();
    if arguments.peers.is_empty() {
        arguments.peers = Peer::value_variants().to_vec();
    }
    if arguments.works.is_empty() {
        arguments.works = comparable_works();
    }
    ensure!(arguments.server_core != arguments.loader_core, "server and loader need a core each");
    pin_to(arguments.loader_core)?;
    let mut comparison = Comparison {
        bench: bench(&arguments)?,
        duration: Duration::from_secs_f64(arguments.seconds),
        samples: Samples::default(),
        failures: HashMap::new(),
    };
    let mut random = Random::new(arguments.seed);
    for round in 0..arguments.rounds {
        for world in World::ALL {
            let mut peers = arguments.peers.clone();
            random.shuffle(&mut peers);
            for peer in peers {
                eprintln!("round {} of {}: {}, {}", round + 1, arguments.rounds, world.label(), peer.label());
                comparison.measure(round, peer, world, &arguments.works);
            }
        }
    }
    if arguments.counted > 0 {
        comparison.count_all(&arguments);
    }
    print!("{}", comparison.samples.table(&arguments.peers));
    comparison.tell_failures()
}

fn bench(arguments: &Arguments) -> Result<Bench> {
    let absolute = |path: &PathBuf| -> Result<PathBuf> {
        path.canonicalize().with_context(|| format!("{} is missing", path.display()))
    };
    let floor = std::env::current_exe()?.with_file_name("floor");
    let material = Material {
        meridian: absolute(&arguments.meridian)?,
        floor: absolute(&floor)?,
        database: absolute(&arguments.database)?,
    };
    let (folder, core) = (arguments.folder.clone(), arguments.server_core);
    Ok(Bench { folder, core, material, seed: arguments.seed })
}

/// What has been measured so far.
struct Comparison {
    bench: Bench,
    duration: Duration,
    samples: Samples,
    /// What did not work, and how often.
    failures: HashMap<String, u32>,
}

impl Comparison {
    /// One server in one round: its start, its memory, each of its works.
    fn measure(&mut self, round: u32, peer: Peer, world: World, works: &[Work]) {
        let works = works_of(peer, world, works);
        let Some(&first) = works.first() else { return };
        let server = self.bench.start(peer, world, first, false);
        let Some(mut server) = self.note(server) else { return };
        let loaded = self.measure_loaded(round, world, &server);
        self.note(loaded);
        for work in works {
            let driven = self.drive(round, work, &mut server);
            self.note(driven.with_context(|| format!("{}, {}", work.label(), peer.label())));
        }
    }

    fn measure_loaded(&mut self, round: u32, world: World, server: &Server) -> Result<()> {
        let memory = server.process.memory()?;
        let subject = format!("zone {}", world.label());
        for (measure, value) in [
            (Measure::Start, server.start_time.as_secs_f64() * 1e3),
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

    /// Each server is started once for each world.
    fn count_all(&mut self, arguments: &Arguments) {
        for &peer in &arguments.peers {
            for world in [World::Names, World::Geo] {
                eprintln!("counting instructions: {}, {}", world.label(), peer.label());
                let counted = self.count(peer, world, arguments);
                self.note(counted.with_context(|| format!("instructions, {}", peer.label())));
            }
        }
    }

    fn count(&mut self, peer: Peer, world: World, arguments: &Arguments) -> Result<()> {
        let mut works = works_of(peer, world, &arguments.works);
        works.retain(|work| work.transport() == Transport::Udp);
        let Some(&first) = works.first() else { return Ok(()) };
        let server = self.bench.start(peer, world, first, true)?;
        let counters = Counters::on(&server.process, &server.folder)?;
        for work in works {
            let packets = server.packets(work).context("it gives no cookie")?;
            let target = Target { window: COUNTED_WINDOW, ..server.target(work, &packets) };
            for round in 0..COUNTS {
                let value = counters.per_query(&target, arguments.counted)?;
                self.samples.add(&work.label(), Measure::Instructions, peer, round, value);
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

    /// What could not be measured is told behind the table, and the run has failed.
    fn tell_failures(&self) -> Result<()> {
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
