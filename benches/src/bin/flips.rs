//! Health flips among 10,000 steered names: `benches/flips/run` starts this.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use meridian_bench::flip::{Anchor, Flip, Member, Verdict, Watch, flips, share, verdicts};
use meridian_bench::kernel::pin_to;
use meridian_bench::load::{NETWORKS, Report, Target, Until, WINDOW, saturate_and_tell};
use meridian_bench::peer::{Peer, Setup, ask, free_address, wait_for_answer};
use meridian_bench::places::Places;
use meridian_bench::process::Process;
use meridian_bench::query::holds_address;
use meridian_bench::statistics::Median;
use meridian_bench::work::{Work, steered_packets};
use meridian_bench::world::{Holders, World};

/// From one turn of the member to the next. The server learns of it within an interval of probes (250 ms); before it stands
/// the quiet time that it is compared with.
const PERIOD: Duration = Duration::from_millis(730);
/// Nothing flips for so long before a turn.
const QUIET: Duration = Duration::from_millis(300);
/// What is counted after a verdict: the time that is promised for a flip, and a tenth of a second.
const WINDOWS: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(100)];
/// How long the first probes and the log may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// One wrong answer in so many is too much.
const WRONG_AT_MOST: u64 = 1_000;

/// Turns a member down and up under full load, and prints how soon the answers showed it, and what the load felt.
#[derive(Parser)]
struct Arguments {
    /// Which pools hold the member, separated by commas; without it, both.
    #[arg(long, value_delimiter = ',')]
    holders: Vec<Holders>,
    /// Turns of the member, down first; each is a flip of both of its addresses.
    #[arg(long, default_value_t = 21)]
    turns: u32,
    /// The core of the server.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core of the loader.
    #[arg(long, default_value_t = 1)]
    loader_core: usize,
    /// Of the queries.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    places: Places,
}

/// A server under load, until all turns were made.
struct Run {
    flips: Vec<Flip>,
    /// Every verdict, on either address.
    verdicts: Vec<Instant>,
    watch: Watch,
    report: Report,
}

fn main() -> Result<()> {
    let mut arguments = Arguments::parse();
    if arguments.holders.is_empty() {
        arguments.holders = Holders::value_variants().to_vec();
    }
    ensure!(arguments.server_core != arguments.loader_core, "server and loader need a core each");
    ensure!(arguments.turns > 0, "nothing is measured without a turn");
    pin_to(arguments.loader_core)?;
    let runs = arguments.holders.iter().map(|&holders| Ok((holders.label(), run(&arguments, holders)?)));
    let runs = runs.collect::<Result<Vec<_>>>()?;
    println!("| 10,000 names | time, ms, of {} flips | median | 95 % | worst |", 2 * arguments.turns);
    println!("|---|---|--:|--:|--:|");
    runs.iter().for_each(|(label, run)| run.print_times(label));
    println!("\n| 10,000 names | answers | median | 95 % |\n|---|---|--:|---|");
    runs.iter().for_each(|(label, run)| run.print_answers(label));
    Ok(())
}

fn run(arguments: &Arguments, holders: Holders) -> Result<Run> {
    let member = Member::start()?;
    let folder = fresh_folder(&arguments.places.folder.join(format!("flips-{holders:?}")))?;
    let material = arguments.places.material()?;
    let address = free_address()?;
    let setup =
        Setup { world: World::Steered, folder: &folder, address, material: &material, limits_rates: true };
    let command = prepare(&setup, holders, &member)?;
    let packets = steered_packets(arguments.seed);
    let mut process = Process::start(&command, arguments.server_core, folder.join("log"))?;
    let expected = Some(Work::Steered.expected());
    wait_for_answer(&mut process, address, &packets, expected)?;
    let target = Target { address, packets: &packets, expected, window: WINDOW, networks: NETWORKS };
    wait_for_member(&target)?;

    let length = PERIOD * (arguments.turns + 1);
    let mut watch = Watch::start();
    let start = Anchor::now();
    let (anchors, report) = thread::scope(|scope| {
        let turning = scope.spawn(|| turn(&member, start, arguments.turns));
        let report = saturate_and_tell(&target, Until::Elapsed(length), |heard| watch.hear(heard));
        (turning.join().expect("turning does not panic"), report)
    });
    let report = report?;
    process.must_run()?;
    must_be_right(&report)?;
    let decided = decided(&folder.join("log"), &anchors)?;
    let mut found = Vec::new();
    for (family, address) in Member::ADDRESSES.into_iter().enumerate() {
        let of_address = decided.iter().filter(|(_, verdict)| verdict.address == address);
        let of_address: Vec<_> = of_address.map(|(at, verdict)| (*at, verdict.is_up)).collect();
        found.extend(flips(&of_address, watch.changes(family), &member.said(family))?);
    }
    Ok(Run { flips: found, verdicts: decided.iter().map(|(at, _)| *at).collect(), watch, report })
}

/// The world of many steered names, with other rules, and steered AAAA records too.
fn prepare(setup: &Setup<'_>, holders: Holders, member: &Member) -> Result<Vec<String>> {
    let mut command = Peer::Meridian.prepare(setup)?;
    let apex = setup.world.apex();
    let zone = Peer::Meridian.zone_file(setup.folder, apex);
    File::options().append(true).open(zone)?.write_all(Holders::records().as_bytes())?;
    let rules = holders.rules(Member::ADDRESSES, member.port());
    fs::write(setup.folder.join("zones").join(format!("{apex}.toml")), rules)?;
    command.extend(["--log-format", "json"].map(str::to_owned));
    Ok(command)
}

/// Waits until answers of both families show the member.
fn wait_for_member(target: &Target<'_>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    for (family, address) in (0..).zip(Member::ADDRESSES) {
        let shows = || {
            ask(target.address, target.packets.get(family))
                .is_some_and(|answer| holds_address(&answer, address))
        };
        while !shows() {
            ensure!(Instant::now() < deadline, "no answer shows the member {address} within {PATIENCE:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }
    Ok(())
}

/// Turns the member down, up, down …; returns both clocks at the start and at each turn.
fn turn(member: &Member, start: Anchor, turns: u32) -> Vec<Anchor> {
    let mut anchors = vec![start];
    for turn in 1..=turns {
        thread::sleep((start.instant + PERIOD * turn).saturating_duration_since(Instant::now()));
        anchors.push(Anchor::now());
        member.turn(turn.is_multiple_of(2));
    }
    anchors
}

/// The verdicts since the first anchor, each on the clock that never jumps by the last anchor before it.
fn decided(log: &Path, anchors: &[Anchor]) -> Result<Vec<(Instant, Verdict)>> {
    let text = fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
    let moment = |verdict: Verdict| {
        let anchor = anchors.iter().rfind(|anchor| anchor.time_of_day <= verdict.at)?;
        Some((anchor.instant_of(verdict.at), verdict))
    };
    Ok(verdicts(&text).into_iter().filter_map(moment).collect())
}

impl Run {
    fn print_times(&self, label: &str) {
        let times = |of: &dyn Fn(&Flip) -> Option<Duration>| -> Vec<f64> {
            self.flips.iter().filter_map(of).map(|time| time.as_secs_f64() * 1e3).collect()
        };
        for (what, values) in [
            ("verdict → first changed answer", times(&|flip| Some(flip.from_verdict))),
            ("answer to the probe → first changed answer", times(&|flip| flip.from_probe)),
            ("first changed answer → last unchanged one", times(&|flip| Some(flip.stragglers))),
        ] {
            let [median, most, worst] = [0.5, 0.95, 1.0].map(|part| share(&values, part).unwrap_or(f64::NAN));
            println!("| {label} | {what} | {median:.2} | {most:.2} | {worst:.2} |");
        }
    }

    fn print_answers(&self, label: &str) {
        for window in WINDOWS {
            let ratios: Vec<f64> = self.flips.iter().filter_map(|flip| self.ratio(flip, window)).collect();
            if let Some(Median { value, low, high }) = Median::of(&ratios) {
                let length = window.as_millis();
                println!(
                    "| {label} | in {length} ms from a verdict on ÷ before | {value:.2} | {low:.2}–{high:.2} |"
                );
            }
        }
        let Report { answered, lost, wrong, .. } = self.report;
        println!("| {label} | 1000/s, of {answered} | {:.0} | |", self.report.rate() / 1e3);
        println!("| {label} | lost, wrong | {lost}, {wrong} | |");
    }

    /// Answers in the time after a verdict ÷ the median of the windows before it, those left out that a flip falls into.
    fn ratio(&self, flip: &Flip, window: Duration) -> Option<f64> {
        let longest = WINDOWS[WINDOWS.len() - 1];
        let is_quiet = |start: &Instant| {
            let flips_in = |verdict: &Instant| *verdict < *start + window && *start < *verdict + longest;
            !self.verdicts.iter().any(flips_in)
        };
        let count = (QUIET.as_millis() / window.as_millis()) as u32;
        let starts = (1..=count).filter_map(|number| flip.verdict_at.checked_sub(window * number));
        let quiet = starts.filter(is_quiet).filter_map(|start| self.watch.answers(start, window));
        let quiet: Vec<f64> = quiet.map(|answers| answers as f64).collect();
        let after = self.watch.answers(flip.verdict_at, window)?;
        Some(after as f64 / Median::of(&quiet)?.value)
    }
}

fn must_be_right(report: &Report) -> Result<()> {
    let Report { answered, wrong, rcodes, .. } = report;
    let is_right = *answered > 0 && wrong * WRONG_AT_MOST <= *answered;
    ensure!(is_right, "{wrong} of {answered} answers are wrong (by RCODE: {rcodes:?})");
    Ok(())
}

fn fresh_folder(path: &Path) -> Result<PathBuf> {
    let folder = std::path::absolute(path)?;
    // What is not there cannot be removed.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
