//! The loader by hand, against any server that serves a world of the benches.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use meridian_bench::kernel::pin_to;
use meridian_bench::load::{NETWORKS, Target, Until, WINDOW, at_rate, saturate};
use meridian_bench::work::Work;

/// Drives a server and says what came back.
#[derive(Parser)]
struct Arguments {
    /// Where the server listens.
    address: SocketAddr,
    /// What to ask. (server-cookie sends the client cookie alone: it knows none of the server.)
    work: Work,
    /// Seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Exactly so many queries, instead of seconds.
    #[arg(long, conflicts_with = "rate")]
    queries: Option<u64>,
    /// Queries a second; without it as many as the server answers.
    #[arg(long)]
    rate: Option<f64>,
    /// Queries in flight over UDP, where no rate is given.
    #[arg(long, default_value_t = WINDOW)]
    window: usize,
    /// The core to run on.
    #[arg(long)]
    core: Option<usize>,
    /// Of the queries.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    arguments.core.map_or(Ok(()), pin_to)?;
    let packets = arguments.work.packets(arguments.seed, &[]);
    let target = Target {
        address: arguments.address,
        packets: &packets,
        expected: Some(arguments.work.expected()),
        window: arguments.window,
        networks: NETWORKS,
    };
    let duration = Duration::from_secs_f64(arguments.seconds);
    let until = arguments.queries.map_or(Until::Elapsed(duration), Until::Sent);
    let mut report = match arguments.rate {
        Some(rate) => at_rate(&target, rate, duration)?,
        None => saturate(&target, arguments.work.transport(), until)?,
    };
    println!("sent {}, answered {}, lost {}", report.sent, report.answered, report.lost);
    println!("wrong {}, by RCODE {:?}", report.wrong, report.rcodes);
    println!("{:.0} answers/s", report.rate());
    for share in [0.5, 0.99, 0.999] {
        println!("p{} {:?}", share * 100.0, report.latency(share).unwrap_or_default());
    }
    Ok(())
}
