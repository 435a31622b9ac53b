//! The gate without noise: user-space instructions a query of the whole product, compared with figures kept in the tree.
//! `benches/instructions/run` starts this.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use meridian_bench::callgrind::Counters;
use meridian_bench::figures;
use meridian_bench::load::Target;
use meridian_bench::peer::{Material, Peer};
use meridian_bench::places::Places;
use meridian_bench::server::{Bench, Server};
use meridian_bench::work::Work;

/// What is counted; each world's works stand together, because its server is started once.
const WORKS: [Work; 8] = [
    Work::Static,
    Work::Nxdomain,
    Work::Wildcard,
    Work::Referral,
    Work::ClientCookie,
    Work::ServerCookie,
    Work::Geo,
    Work::GeoIpv6,
];
/// Queries in flight: so many that a loader which has lost its core for a while leaves full batches waiting. They fit
/// into the 4 MiB that the product asks for.
const WINDOW: usize = 2048;
/// Counts instructions a query and compares them with the figures in a file.
#[derive(Parser)]
struct Arguments {
    /// Write what is counted into the file, instead of comparing.
    #[arg(long)]
    update: bool,
    /// Keep a callgrind profile of each work in this folder.
    #[arg(long)]
    profiles: Option<PathBuf>,
    /// Queries for each count.
    #[arg(long, default_value_t = 10_000)]
    counted: u64,
    /// The figures.
    #[arg(long, default_value = "benches/instructions/figures.txt")]
    figures: PathBuf,
    #[command(flatten)]
    places: Places,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let counted = count_all(&arguments)?;
    if arguments.update {
        return figures::write(&arguments.figures, &counted);
    }
    figures::compare(&arguments.figures, &counted)
}

fn count_all(arguments: &Arguments) -> Result<Vec<(Work, f64)>> {
    let absolute =
        |path: &Path| path.canonicalize().with_context(|| format!("{} is missing", path.display()));
    let material = Material {
        meridian: absolute(&arguments.places.meridian)?,
        floor: PathBuf::new(),
        database: absolute(&arguments.places.database)?,
    };
    let bench = Bench { folder: arguments.places.folder.clone(), core: 0, material, seed: 1 };
    let mut figures = Vec::new();
    for works in WORKS.chunk_by(|first, second| first.world() == second.world()) {
        let server = bench.start(Peer::Meridian, works[0].world(), works[0], true)?;
        let counters = Counters::on(&server.process, &server.folder)?;
        for &work in works {
            figures.extend(count(&server, &counters, work, arguments)?.map(|figure| (work, figure)));
        }
    }
    Ok(figures)
}

/// `None` where the server does not do it: it gives no cookie.
fn count(server: &Server, counters: &Counters, work: Work, arguments: &Arguments) -> Result<Option<f64>> {
    let Some(packets) = server.packets(work) else { return Ok(None) };
    let target = Target { window: WINDOW, ..server.target(work, &packets) };
    let figure = counters.per_query(&target, arguments.counted)?;
    println!("{:>16} {figure:8.1}", work.label());
    if let Some(folder) = &arguments.profiles {
        fs::create_dir_all(folder)?;
        counters.profile(&target, arguments.counted, &folder.join(format!("callgrind.{}", work.label())))?;
    }
    Ok(Some(figure))
}
