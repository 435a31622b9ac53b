//! A load generator that counts: every query has an id, so what is lost, doubled or wrong is known, not guessed.
//!
//! With `--rate` it sends on a fixed schedule whatever comes back (an open loop: a stall of the server shows as loss and as a gap);
//! with `--count` it keeps a window of queries in flight and goes as fast as the answers come. It prints one JSON object.
//! It reads answers with hickory, not with the code under test.

mod query;
mod schedule;
mod score;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;

use query::{Queries, Subnet};
use score::Score;

/// Ask a nameserver over UDP and count what comes back.
#[derive(Parser)]
struct Arguments {
    /// Address and port of the server.
    #[arg(long)]
    server: SocketAddr,
    /// Name to ask for; several are asked for in turn.
    #[arg(long, required = true)]
    name: Vec<String>,
    /// Type to ask for, as a word (A, SOA) or TYPEnnn.
    #[arg(long = "type", default_value = "A")]
    kind: String,
    /// EDNS Client Subnet: `random` (another IPv4 /24 each time) or ADDRESS/LENGTH.
    #[arg(long)]
    subnet: Option<Subnet>,
    /// Queries a second, on a fixed schedule.
    #[arg(long, default_value_t = 5000, conflicts_with = "count")]
    rate: u32,
    /// How long to send.
    #[arg(long, default_value_t = 10, conflicts_with = "count")]
    seconds: u32,
    /// Send so many queries as fast as answers come, instead of on a schedule.
    #[arg(long)]
    count: Option<u32>,
    /// Queries in flight on each socket with `--count`.
    #[arg(long, default_value_t = 64, requires = "count")]
    window: u16,
    /// Sockets to send from.
    #[arg(long, default_value_t = 4)]
    sockets: u16,
    /// How many milliseconds an answer may take before it is lost.
    #[arg(long, default_value_t = 2000)]
    patience: u64,
    /// What the records of the asked type may be: an address, the serial of a SOA, other data as text.
    #[arg(long)]
    expect: Vec<String>,
    /// A file with more of these, one a line.
    #[arg(long)]
    expect_file: Option<PathBuf>,
    /// Seed of the random subnets.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Arguments {
    fn expected(&self) -> anyhow::Result<HashSet<String>> {
        let mut expected: HashSet<String> = self.expect.iter().cloned().collect();
        if let Some(path) = &self.expect_file {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            expected.extend(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()));
        }
        Ok(expected)
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let queries = Queries::new(&arguments.name, &arguments.kind, arguments.subnet, arguments.seed)?;
    let score = Arc::new(Score::new(queries.kind(), arguments.expected()?));
    let target = schedule::Target {
        server: arguments.server,
        sockets: arguments.sockets.max(1),
        patience: Duration::from_millis(arguments.patience),
    };
    match arguments.count {
        Some(count) => schedule::as_answers_come(&target, &queries, &score, count, arguments.window.max(1))?,
        None => {
            let length = Duration::from_secs(arguments.seconds.into());
            schedule::at_a_rate(&target, queries, &score, arguments.rate.max(1), length)?;
        }
    }
    #[allow(clippy::print_stdout, reason = "the report is what the program is for")]
    {
        println!("{}", score.report());
    }
    Ok(())
}
