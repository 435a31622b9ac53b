//! The gate without noise: user-space instructions a query of the whole product, compared with figures kept in the tree.
//! `benches/instructions/run` starts this.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use meridian_bench::callgrind::Counters;
use meridian_bench::load::Target;
use meridian_bench::peer::{Material, Peer};
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
/// A figure may grow by so much: what compilers and libraries change by themselves.
const GROWTH: f64 = 0.02;

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
    /// The product.
    #[arg(long, default_value = "target/release/meridian")]
    meridian: PathBuf,
    /// A country database in the shape of GeoIP2.
    #[arg(long, default_value = "benches/target/country.mmdb")]
    database: PathBuf,
    /// Where the server is configured and runs.
    #[arg(long, default_value = "benches/target/run")]
    folder: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let counted = count_all(&arguments)?;
    if arguments.update {
        let text = figures_text(&counted)?;
        fs::write(&arguments.figures, text)
            .with_context(|| format!("cannot write {}", arguments.figures.display()))?;
        println!("{} written", arguments.figures.display());
        return Ok(());
    }
    compare(&arguments.figures, &counted)
}

fn count_all(arguments: &Arguments) -> Result<Vec<(Work, f64)>> {
    let absolute =
        |path: &Path| path.canonicalize().with_context(|| format!("{} is missing", path.display()));
    let material = Material {
        meridian: absolute(&arguments.meridian)?,
        floor: PathBuf::new(),
        database: absolute(&arguments.database)?,
    };
    let bench = Bench { folder: arguments.folder.clone(), core: 0, material, seed: 1 };
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

fn figures_text(counted: &[(Work, f64)]) -> Result<String> {
    let mut text = format!("# User-space instructions a query; see benches/README.md.\n# {}\n", compiler()?);
    for (work, figure) in counted {
        writeln!(text, "{} = {figure:.0}", work.label())?;
    }
    Ok(text)
}

/// Fails where a work needs more than the figure that is kept for it, or where one of the two has no counterpart.
fn compare(path: &Path, counted: &[(Work, f64)]) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let figures = read_figures(&text)?;
    let mut faults = Vec::new();
    for (work, now) in counted {
        match figures.iter().find(|(label, _)| *label == work.label()) {
            None => faults.push(format!("{} has no figure yet", work.label())),
            Some((_, kept)) if *now > kept * (1.0 + GROWTH) => {
                let percent = (now / kept - 1.0) * 100.0;
                faults.push(format!("{} has grown by {percent:.1} %: {kept:.0} → {now:.0}", work.label()));
            }
            Some((_, kept)) if *now < kept * (1.0 - GROWTH) => {
                println!("{} needs less: {kept:.0} → {now:.0}; please update the figures", work.label());
            }
            Some(_) => {}
        }
    }
    for (label, _) in
        figures.iter().filter(|(label, _)| !counted.iter().any(|(work, _)| work.label() == *label))
    {
        faults.push(format!("{label} has a figure but was not counted"));
    }
    if faults.is_empty() {
        return Ok(());
    }
    let made_by = text.lines().nth(1).unwrap_or_default().trim_start_matches("# ");
    bail!(
        "{}\n(the figures are of {made_by}, this is {}; benches/instructions/run update writes new ones)",
        faults.join("\n"),
        compiler()?
    )
}

/// Lines `work = number`.
fn read_figures(text: &str) -> Result<Vec<(String, f64)>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let (label, number) = line.split_once('=').with_context(|| format!("no figure: {line}"))?;
            Ok((
                label.trim().to_owned(),
                number.trim().parse().with_context(|| format!("no number: {line}"))?,
            ))
        })
        .collect()
}

fn compiler() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output().context("cannot start rustc")?;
    ensure!(output.status.success(), "rustc does not tell its version");
    let version = String::from_utf8_lossy(&output.stdout);
    Ok(format!("{}, {}", version.trim(), std::env::consts::ARCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(figures: &str, counted: f64, expected: Option<&str>) {
        let path = std::env::temp_dir().join(format!("figures-{}-{counted}", std::process::id()));
        fs::write(&path, figures).unwrap();
        let fault = compare(&path, &[(Work::Static, counted)]).err().map(|error| error.to_string());
        fs::remove_file(path).unwrap();
        match expected {
            None => assert_eq!(fault, None),
            Some(expected) => {
                assert!(fault.as_ref().is_some_and(|fault| fault.contains(expected)), "{fault:?}")
            }
        }
    }

    #[test]
    fn a_figure_may_grow_by_two_in_a_hundred() {
        check("# x\n# y\nstatic = 1000\n", 1020.0, None);
        check("# x\n# y\nstatic = 1000\n", 1021.0, Some("static has grown by 2.1 %: 1000 → 1021"));
        check("# x\n# y\nstatic = 1000\n", 900.0, None);
        check("# x\n# y\n", 901.0, Some("static has no figure yet"));
        check("# x\n# y\nstatic = 1000\ngeo = 5\n", 1000.5, Some("geo has a figure but was not counted"));
        check("static 1000\n", 1001.0, Some("no figure: static 1000"));
    }
}
