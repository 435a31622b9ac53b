//! Servers side by side: `benches/peers/run` installs them and starts this.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use meridian_bench::comparison::Comparison;
use meridian_bench::kernel::pin_to;
use meridian_bench::peer::Peer;
use meridian_bench::places::Places;
use meridian_bench::random::Random;
use meridian_bench::server::Bench;
use meridian_bench::work::Work;
use meridian_bench::world::World;

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
    #[command(flatten)]
    places: Places,
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
    let duration = Duration::from_secs_f64(arguments.seconds);
    let mut comparison = Comparison::new(bench(&arguments)?, duration);
    let mut random = Random::new(arguments.seed);
    for round in 0..arguments.rounds {
        for world in World::ALL {
            let mut peers = arguments.peers.clone();
            random.shuffle(&mut peers);
            for peer in peers {
                comparison.measure(round, peer, world, &arguments.works);
            }
        }
    }
    if arguments.counted > 0 {
        // The million is the names again, and takes minutes to load under callgrind.
        for world in [World::Names, World::Geo] {
            for &peer in &arguments.peers {
                comparison.count(peer, world, &arguments.works, arguments.counted);
            }
        }
    }
    comparison.tell(&arguments.peers)
}

fn bench(arguments: &Arguments) -> Result<Bench> {
    let material = arguments.places.material()?;
    let (folder, core) = (arguments.places.folder.clone(), arguments.server_core);
    Ok(Bench { folder, core, material, seed: arguments.seed })
}
