//! Servers past the kernel and on sockets, over a wire between two hosts: `benches/bypass/run` installs them and starts
//! this.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use meridian_bench::contestant::Contestant;
use meridian_bench::kernel::pin_to;
use meridian_bench::peer::{Material, Setup, wait_for_answer};
use meridian_bench::places::{Places, beside};
use meridian_bench::process::Process;
use meridian_bench::random::Random;
use meridian_bench::statistics::Median;
use meridian_bench::wire::{ASKING, Family, Wire};
use meridian_bench::work::{Transport, Work};

#[path = "../product/mod.rs"]
mod server;

use server::bypass::load::{Client, Target};

/// Ports of the servers and of the loader, in namespaces of their own.
const SERVER_PORT: u16 = 53;
const CLIENT_PORT: u16 = 40_000;
/// The part of a measurement before it that is not measured.
const WARM_UP: f64 = 0.2;
/// One wrong answer in so many is too much.
const WRONG_AT_MOST: u64 = 1_000;

/// Drives servers over a wire in random interleaved rounds and prints one table.
#[derive(Parser)]
struct Arguments {
    /// Servers, separated by commas; without it, all.
    #[arg(long, value_delimiter = ',')]
    servers: Vec<Contestant>,
    /// Works over UDP, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "static")]
    works: Vec<Work>,
    /// IP versions, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "ipv4,ipv6")]
    families: Vec<Family>,
    /// Rounds.
    #[arg(long, default_value_t = 11)]
    rounds: u32,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Queries in flight.
    #[arg(long, default_value_t = 256)]
    window: u64,
    /// The core of the servers.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core of the loader.
    #[arg(long, default_value_t = 1)]
    loader_core: usize,
    /// Of the queries and of the order in each round.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    places: Places,
}

/// What is measured of whom.
type Subject = (Work, Family);

fn main() -> Result<()> {
    let mut arguments = Arguments::parse();
    if arguments.servers.is_empty() {
        arguments.servers = Contestant::value_variants().to_vec();
    }
    ensure!(arguments.server_core != arguments.loader_core, "server and loader need a core each");
    ensure!(arguments.works.iter().all(|work| work.transport() == Transport::Udp), "works over UDP only");
    pin_to(arguments.loader_core)?;
    let mut random = Random::new(arguments.seed);
    let mut bench = Bench::new(arguments)?;
    for round in 0..bench.arguments.rounds {
        let mut servers = bench.arguments.servers.clone();
        random.shuffle(&mut servers);
        for server in servers {
            bench.round(round, server);
        }
    }
    bench.tell()
}

struct Bench {
    arguments: Arguments,
    wire: Wire,
    material: Material,
    floor: PathBuf,
    /// Microseconds of CPU a query, and thousands of answers a second, by round.
    values: HashMap<(Subject, Contestant), HashMap<u32, [f64; 2]>>,
    failures: Vec<String>,
}

impl Bench {
    fn new(arguments: Arguments) -> Result<Bench> {
        let material = arguments.places.material()?;
        let wire = Wire::new(arguments.server_core, arguments.loader_core)?;
        let floor = beside("bypass_floor")?;
        Ok(Bench { arguments, wire, material, floor, values: HashMap::new(), failures: Vec::new() })
    }

    /// Measures one server in all that is asked for. What fails is told and left out.
    fn round(&mut self, round: u32, server: Contestant) {
        for family in self.arguments.families.clone() {
            for work in self.arguments.works.clone() {
                if !server.can(work, family) {
                    continue;
                }
                eprintln!("round {round}: {}, {}, {}", server.label(), work.label(), family.label());
                match self.measure(server, work, family) {
                    Ok(values) => {
                        self.values.entry(((work, family), server)).or_default().insert(round, values);
                    }
                    Err(error) => {
                        eprintln!("  {error:#}");
                        self.failures.push(format!("{}: {error:#}", server.label()));
                    }
                }
            }
        }
    }

    fn measure(&self, server: Contestant, work: Work, family: Family) -> Result<[f64; 2]> {
        let Arguments { seed, seconds, window, server_core, .. } = self.arguments;
        let address = SocketAddr::new(family.serving(), SERVER_PORT);
        let folder = std::path::absolute(self.arguments.places.folder.join(format!("{server:?}")))?;
        // What is not there cannot be removed.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let material = &self.material;
        let setup = Setup { world: work.world(), folder: &folder, address, material, limits_rates: false };
        let command = [self.wire.serving(), server.prepare(&setup, &self.floor)?].concat();
        let packets = work.packets(seed, &[]);
        let expected = server.expected(work);
        self.wire.clear()?;
        let mut process = Process::start(&command, server_core, folder.join("log"))?;
        wait_for_answer(&mut process, address, &packets, expected)?;
        let log = fs::read_to_string(folder.join("log"))?;
        ensure!(!log.contains("no kernel bypass"), "it has fallen back to its sockets:\n{log}");
        self.wire.pin()?;

        let mut client = Client::new(ASKING, SocketAddr::new(family.asking(), CLIENT_PORT))?;
        self.wire.pin()?;
        let target = Target { address, packets: &packets, expected, window };
        let duration = Duration::from_secs_f64(seconds);
        client.saturate(&target, duration.mul_f64(WARM_UP))?;
        let cpu_time = || Ok::<_, anyhow::Error>(process.cpu_time()? + self.wire.receiving_time()?);
        let before = cpu_time()?;
        let report = client.saturate(&target, duration)?;
        let cpu = cpu_time()?.saturating_sub(before);
        process.must_run()?;
        ensure!(
            report.answered > 0 && report.wrong * WRONG_AT_MOST <= report.answered,
            "{} of {} answers are wrong",
            report.wrong,
            report.answered
        );
        ensure!(report.lost * 2 <= window, "{} of a window of {window} were lost", report.lost);
        let answered = report.answered as f64;
        Ok([cpu.as_secs_f64() * 1e6 / answered, answered / seconds / 1e3])
    }

    /// Prints the table, and behind it what could not be measured: then the bench has failed.
    fn tell(&self) -> Result<()> {
        println!(
            "| work | server | CPU a query, µs | 95 % | answers, 1000/s | ÷ floor, past the kernel | 95 % | ÷ gdnsd | 95 % | ÷ Knot, XDP | 95 % |"
        );
        println!("|---|---|--:|---|--:|--:|---|--:|---|--:|---|");
        for &work in &self.arguments.works {
            for &family in &self.arguments.families {
                for &server in &self.arguments.servers {
                    self.print((work, family), server);
                }
            }
        }
        for failure in &self.failures {
            println!("\nNot measured: {failure}");
        }
        ensure!(self.failures.is_empty(), "the table is not complete");
        Ok(())
    }

    fn print(&self, subject: Subject, server: Contestant) {
        let Some(values) = self.values.get(&(subject, server)) else { return };
        let all = |index: usize| values.values().map(|values| values[index]).collect::<Vec<_>>();
        let rate = Median::of(&all(1)).map_or(0.0, |median| median.value);
        let ratios = [Contestant::BypassFloor, Contestant::Gdnsd, Contestant::KnotXdp]
            .map(|base| cells(self.ratio(subject, server, base)));
        println!(
            "| {}, {} | {} | {} | {rate:.0} | {} |",
            subject.0.label(),
            subject.1.label(),
            server.label(),
            cells(Median::of(&all(0))),
            ratios.join(" | ")
        );
    }

    /// Taken within each round, then the median; `None` for the base itself.
    fn ratio(&self, subject: Subject, server: Contestant, base: Contestant) -> Option<Median> {
        let base = self.values.get(&(subject, base)).filter(|_| server != base)?;
        let values = self.values.get(&(subject, server))?;
        let ratios = values.iter().filter_map(|(round, [cpu, _])| Some(cpu / base.get(round)?[0]));
        Median::of(&ratios.collect::<Vec<_>>())
    }
}

fn cells(median: Option<Median>) -> String {
    let Some(Median { value, low, high }) = median else { return " | ".to_owned() };
    format!("{value:.2} | {low:.2}–{high:.2}")
}
