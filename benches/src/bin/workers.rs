//! Two workers over sockets, beside one and beside two servers of one worker: `benches/workers/run` starts this.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use meridian_bench::kernel::{pin_process_to, pin_to, put_last};
use meridian_bench::load::{NETWORKS, Networks, Report, Target, Until, saturate};
use meridian_bench::peer::{Material, Peer, Setup, free_address, wait_for_answer};
use meridian_bench::places::Places;
use meridian_bench::process::Process;
use meridian_bench::query::Packets;
use meridian_bench::random::Random;
use meridian_bench::statistics::Median;
use meridian_bench::work::{Transport, Work};

/// Queries in flight for each worker.
const WINDOW: usize = 128;
/// The part of a measurement before it that is not measured.
const WARM_UP: f64 = 0.2;
/// One wrong answer in so many is too much.
const WRONG_AT_MOST: u64 = 1_000;

/// Compares what workers answer in a second of their own CPU time.
#[derive(Parser)]
struct Arguments {
    /// Works over UDP, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "static,geo")]
    works: Vec<Work>,
    /// Rounds.
    #[arg(long, default_value_t = 11)]
    rounds: u32,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
    /// The two cores; workers and loaders share them.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 1])]
    cores: Vec<usize>,
    /// Of the queries and of the order in each round.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    places: Places,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// One server with one worker, on the first core.
    Alone,
    /// Two servers with one worker each, which share nothing but the machine and its kernel.
    Apart,
    /// One server with two workers.
    Together,
}

impl Form {
    const ALL: [Form; 3] = [Form::Alone, Form::Apart, Form::Together];

    fn in_words(self) -> &'static str {
        match self {
            Form::Alone => "one worker",
            Form::Apart => "two servers of one worker",
            Form::Together => "one server of two workers",
        }
    }
}

/// A running server and its workers' threads.
struct Server {
    /// Ended with the server.
    _process: Process,
    address: SocketAddr,
    /// Paths in /proc.
    workers: Vec<PathBuf>,
}

/// What a form did in one round.
#[derive(Clone, Copy)]
struct Value {
    /// Answers in a millisecond of the workers' CPU time.
    rate: f64,
    /// How much of the time a worker was on its core.
    presence: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!(
        arguments.cores.len() == 2 && arguments.cores[0] != arguments.cores[1],
        "two workers need two cores"
    );
    ensure!(arguments.works.iter().all(|work| work.transport() == Transport::Udp), "works over UDP only");
    let material = arguments.places.material()?;
    println!(
        "| work | who answers | answers in a ms of workers' CPU time | 95 % | ÷ one worker | 95 % | ÷ two servers | 95 % | on their cores |"
    );
    println!("|---|---|--:|---|--:|---|--:|---|--:|");
    for &work in &arguments.works {
        measure(&arguments, &material, work)?;
    }
    Ok(())
}

/// Runs all forms in turn, as often as there are rounds, and prints a row for each.
fn measure(arguments: &Arguments, material: &Material, work: Work) -> Result<()> {
    let packets = work.packets(arguments.seed, &[]);
    let [first, second] = [arguments.cores[0], arguments.cores[1]];
    let start = |name: &str, cores: &[usize]| start(arguments, material, (work, &packets), name, cores);
    let (one, other) = (start("one", &[first])?, start("other", &[second])?);
    let both = start("both", &[first, second])?;
    let mut random = Random::new(arguments.seed);
    let mut values: HashMap<Form, Vec<Value>> = HashMap::new();
    for round in 0..arguments.rounds {
        eprintln!("round {}: {}", round + 1, work.label());
        let mut forms = Form::ALL;
        random.shuffle(&mut forms);
        for form in forms {
            let servers: &[&Server] = match form {
                Form::Alone => &[&one],
                Form::Apart => &[&one, &other],
                Form::Together => &[&both],
            };
            let value = drive(arguments, (work, &packets), servers).context(form.in_words())?;
            values.entry(form).or_default().push(value);
        }
    }
    for form in Form::ALL {
        print(work, form, &values);
    }
    Ok(())
}

fn print(work: Work, form: Form, values: &HashMap<Form, Vec<Value>>) {
    let rates = |form: Form| values[&form].iter().map(|value| value.rate);
    let to = |base: Form| {
        let ratios: Vec<f64> = rates(form).zip(rates(base)).map(|(rate, base)| rate / base).collect();
        cells(Median::of(&ratios).filter(|_| form != base))
    };
    let presences: Vec<f64> = values[&form].iter().map(|value| value.presence).collect();
    println!(
        "| {} | {} | {} | {} | {} | {:.0} % |",
        work.label(),
        form.in_words(),
        cells(Median::of(&rates(form).collect::<Vec<_>>())),
        to(Form::Alone),
        to(Form::Apart),
        Median::of(&presences).map_or(0.0, |median| median.value) * 100.0
    );
}

fn cells(median: Option<Median>) -> String {
    median.map_or(" | ".to_owned(), |Median { value, low, high }| format!("{value:.2} | {low:.2}–{high:.2}"))
}

/// Starts a server with a worker on each of these cores.
fn start(
    arguments: &Arguments,
    material: &Material,
    (work, packets): (Work, &Packets),
    name: &str,
    cores: &[usize],
) -> Result<Server> {
    let folder = std::path::absolute(arguments.places.folder.join(format!("workers-{name}")))?;
    // What is not there cannot be removed.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let address = free_address()?;
    let setup = Setup { world: work.world(), folder: &folder, address, material, limits_rates: true };
    let command = Peer::Meridian.prepare(&setup)?;
    let main = folder.join("meridian.toml");
    let text = fs::read_to_string(&main)?;
    fs::write(&main, text.replace("workers = 1", &format!("workers = {}", cores.len())))?;
    let mut process = Process::start(&command, cores[0], folder.join("log"))?;
    wait_for_answer(&mut process, address, packets, Some(work.expected()))?;
    let workers = pin_workers(&process, cores)?;
    Ok(Server { _process: process, address, workers })
}

/// Puts each worker's thread on its core.
fn pin_workers(process: &Process, cores: &[usize]) -> Result<Vec<PathBuf>> {
    let id = process.ids()?[0];
    let mut workers = Vec::new();
    for entry in fs::read_dir(format!("/proc/{id}/task"))? {
        let path = entry?.path();
        let name = fs::read_to_string(path.join("comm"))?;
        let Some(number) = name.trim_end().strip_prefix("udp-") else { continue };
        let core = *cores.get(number.parse::<usize>()?).context("a worker too many")?;
        let thread = path.file_name().and_then(|name| name.to_str()?.parse().ok());
        pin_process_to(thread.context("a thread without a number")?, core)?;
        workers.push(path);
    }
    ensure!(workers.len() == cores.len(), "{} workers instead of {}", workers.len(), cores.len());
    Ok(workers)
}

/// Drives servers from both cores at once. Each loader asks all of them, so that in every form half of the queries come from
/// the worker's own core and half from the other one.
fn drive(arguments: &Arguments, load: (Work, &Packets), servers: &[&Server]) -> Result<Value> {
    let duration = Duration::from_secs_f64(arguments.seconds);
    saturate_all(arguments, load, servers, duration.mul_f64(WARM_UP))?;
    let (start, before) = (Instant::now(), cpu_time(servers)?);
    let answered = saturate_all(arguments, load, servers, duration)?;
    let (passed, cpu) = (start.elapsed(), cpu_time(servers)?.saturating_sub(before));
    let workers: usize = servers.iter().map(|server| server.workers.len()).sum();
    Ok(Value {
        rate: answered as f64 / (cpu.as_secs_f64() * 1e3),
        presence: cpu.as_secs_f64() / passed.as_secs_f64() / workers as f64,
    })
}

/// On each core a loader for each worker, all with the same share of the window; returns their answers.
fn saturate_all(
    arguments: &Arguments,
    (work, packets): (Work, &Packets),
    servers: &[&Server],
    duration: Duration,
) -> Result<u64> {
    let window = WINDOW / arguments.cores.len();
    let addresses = servers.iter().flat_map(|server| vec![server.address; server.workers.len()]);
    let places = addresses.flat_map(|address| arguments.cores.iter().map(move |core| (*core, address)));
    let places: Vec<(usize, SocketAddr)> = places.collect();
    thread::scope(|scope| {
        // Each loader is clients of its own, who share no cell of the rate limiter with another's.
        let firsts = (0..).step_by(NETWORKS.count.into());
        let loading = places.iter().zip(firsts).map(|(&(core, address), first)| {
            scope.spawn(move || {
                let networks = Networks { first, ..NETWORKS };
                pin_to(core)?;
                // What a worker leaves of its core is enough to keep it at work, and it is to be at work.
                put_last()?;
                let target = Target { address, packets, expected: Some(work.expected()), window, networks };
                saturate(&target, Transport::Udp, Until::Elapsed(duration))
            })
        });
        let loading: Vec<_> = loading.collect();
        let reports = loading.into_iter().map(|loader| loader.join().expect("a loader does not panic"));
        reports.map(|report| right_answers(&report?)).sum()
    })
}

fn right_answers(report: &Report) -> Result<u64> {
    let Report { answered, wrong, lost, .. } = report;
    ensure!(*answered > 0 && wrong * WRONG_AT_MOST <= *answered, "{wrong} of {answered} answers are wrong");
    ensure!(*lost == 0, "{lost} queries were lost");
    Ok(*answered)
}

/// How long the workers have been on their cores (the first number of `schedstat`, in nanoseconds).
fn cpu_time(servers: &[&Server]) -> Result<Duration> {
    let workers = servers.iter().flat_map(|server| &server.workers);
    workers
        .map(|path| {
            let text = fs::read_to_string(path.join("schedstat")).context("a worker has ended")?;
            let nanoseconds = text.split(' ').next().unwrap_or_default().parse()?;
            Ok(Duration::from_nanos(nanoseconds))
        })
        .sum()
}
