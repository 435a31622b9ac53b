//! How fast and how large compiled maps are: the walk over a database, the compilation of a map, its octets, and a look-up.
//! See benches/README.md; `run` beside this file fetches the databases.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

mod case;
mod measure;
#[path = "../src/statistics.rs"]
#[allow(
    unreachable_pub,
    unused_imports,
    reason = "shared with the other benches: public there, and tested there"
)]
mod statistics;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Parser;

use case::Case;
use measure::{Measure, Samples};
use statistics::Median;

/// Rounds that are not asked for otherwise: the interval leaves out the two lowest and the two highest.
const ROUNDS: usize = 11;

/// Measures maps over the databases of a country and of a city provider.
#[derive(Parser)]
struct Arguments {
    /// Countries, both families.
    #[arg(long)]
    country: PathBuf,
    /// Cities, IPv4.
    #[arg(long)]
    city_ipv4: PathBuf,
    /// Cities, IPv6.
    #[arg(long)]
    city_ipv6: PathBuf,
    /// How often everything is measured.
    #[arg(long, default_value_t = ROUNDS)]
    rounds: usize,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.rounds == 0 {
        bail!("at least one round is needed");
    }
    let read =
        |path: &PathBuf| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let cases = [
        Case::countries(read(&arguments.country)?),
        Case::nearest("nearest of 16 sites, IPv4", read(&arguments.city_ipv4)?),
        Case::nearest("nearest of 16 sites, IPv6", read(&arguments.city_ipv6)?),
    ];
    let mut samples: Vec<Samples> = cases.iter().map(|_| Samples::default()).collect();
    for round in 0..arguments.rounds {
        for (case, samples) in cases.iter().zip(&mut samples) {
            case.measure(samples)?;
        }
        eprintln!("round {} of {}", round + 1, arguments.rounds);
    }
    print(&cases, &samples);
    Ok(())
}

/// One row for each case and measure.
fn print(cases: &[Case], samples: &[Samples]) {
    println!("| map | measure | median | 95 % | must reach |\n|---|---|--:|---|--:|");
    for (case, samples) in cases.iter().zip(samples) {
        for measure in Measure::ALL {
            let Some(Median { value, low, high }) = Median::of(samples.of(measure)) else { continue };
            let (label, digits) = (measure.label(), measure.digits());
            let bound = case.bound(measure).map_or_else(String::new, |bound| format!("{bound:.digits$}"));
            println!(
                "| {} | {label} | {value:.digits$} | {low:.digits$}–{high:.digits$} | {bound} |",
                case.name
            );
        }
    }
}
