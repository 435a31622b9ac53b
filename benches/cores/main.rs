//! Whether workers get into each other's way: what two threads answer in a second of processor time each, beside what one
//! answers alone. In memory: the loop of a worker around a responder of its own, without the kernel, so that nothing else
//! hides what a shared cache line costs. See benches/README.md.

// A program that gives up with a sentence; nothing is reachable from outside of it.
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub, missing_docs)]

mod world;

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use meridian::answer::{Context, Counter, Limiter, Moment, Random, Reaction, Responder, Tally, Transport};
use meridian::snapshot::Store;
use meridian::wire::cookie::Secret;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use world::{Query, Work, queries, store};

/// Queries that a worker answers on one generation and one moment.
const BATCH: usize = 32;
/// Different queries of each thread; a power of two.
const QUERIES: usize = 1 << 14;
/// The largest answer.
const RESPONSE_MAX: usize = 4096;
const ROUNDS: usize = 15;
const TURN: Duration = Duration::from_millis(200);

/// Who answers, and what of it they share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One thread.
    Alone,
    /// Two that share nothing: what this machine allows.
    Apart,
    /// Two as the server has them: one generation, one limiter, each its own responder and counters.
    Workers,
    /// As before, but with the same counters: what the bench must see.
    OneTally,
}

impl Form {
    const ALL: [Form; 4] = [Form::Alone, Form::Apart, Form::Workers, Form::OneTally];

    fn in_words(self) -> &'static str {
        match self {
            Form::Alone => "one thread",
            Form::Apart => "two that share nothing",
            Form::Workers => "two as the server's workers",
            Form::OneTally => "two with the same counters (to see that it is seen)",
        }
    }
}

/// What a thread answers with.
#[derive(Clone)]
struct Desk {
    store: Arc<Store>,
    limiter: Arc<Limiter>,
    tally: Arc<Tally>,
}

impl Desk {
    fn new(work: Work) -> Desk {
        // As random as a server's: small ones would lead all networks to one row of the table.
        let mut seeds = Random::new(3);
        let limiter = Arc::new(Limiter::new([seeds.word(), seeds.word(), seeds.word()]));
        Desk { store: store(work), limiter, tally: Arc::default() }
    }
}

/// What a thread has done.
struct Done {
    answers: u64,
    processor: Duration,
    passed: Duration,
}

fn main() {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    assert!(processors >= 2, "two threads need two cores; this machine has {processors}");
    println!(
        "| work | who answers | answers a µs of processor time | ÷ one thread | ÷ sharing nothing | on their cores |"
    );
    println!("|---|---|--:|--:|--:|--:|");
    for work in Work::ALL {
        measure(work);
    }
}

/// Runs all forms in turn, as often as there are rounds, and prints a row for each.
fn measure(work: Work) {
    let desks = [Desk::new(work), Desk::new(work)];
    let packets = [1, 2].map(|seed| queries(work, QUERIES, seed));
    let mut columns = Form::ALL.map(|_| Column::default());
    let mut order = Random::new(7);
    for _ in 0..ROUNDS {
        let mut round = [0.0; Form::ALL.len()];
        for index in shuffled(&mut order) {
            let done = run(Form::ALL[index], &desks, &packets);
            round[index] = done.iter().map(rate).sum();
            let present = |done: &Done| done.processor.as_secs_f64() / done.passed.as_secs_f64();
            columns[index].presence.push(done.iter().map(present).sum::<f64>() / done.len() as f64);
        }
        for (column, rate) in columns.iter_mut().zip(round) {
            column.rate.push(rate);
            column.to_one.push(rate / round[Form::Alone as usize]);
            column.to_apart.push(rate / round[Form::Apart as usize]);
        }
    }
    for (form, column) in Form::ALL.into_iter().zip(&mut columns) {
        let [rate, to_one, to_apart, presence] = column.medians();
        let (work, form, presence) = (work.in_words(), form.in_words(), presence * 100.0);
        println!("| {work} | {form} | {rate:.2} | {to_one:.2} | {to_apart:.2} | {presence:.0} % |");
    }
}

/// What the rounds gave for a form.
#[derive(Default)]
struct Column {
    rate: Vec<f64>,
    to_one: Vec<f64>,
    to_apart: Vec<f64>,
    presence: Vec<f64>,
}

impl Column {
    fn medians(&mut self) -> [f64; 4] {
        [&mut self.rate, &mut self.to_one, &mut self.to_apart, &mut self.presence]
            .map(|values| median(values))
    }
}

fn shuffled(random: &mut Random) -> [usize; Form::ALL.len()] {
    let mut order = [0, 1, 2, 3];
    for last in (1..order.len()).rev() {
        order.swap(last, (random.word() % (last as u64 + 1)) as usize);
    }
    order
}

/// Answers a µs of the thread's own processor time: what others take of the core while it waits does not count.
fn rate(done: &Done) -> f64 {
    done.answers as f64 / done.processor.as_micros() as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Lets the threads of a form answer for one turn, all at the same time, each on a core.
fn run(form: Form, desks: &[Desk; 2], packets: &[Vec<Query>; 2]) -> Vec<Done> {
    let [first, second] = desks;
    let own_tally = || Desk { tally: Arc::default(), ..first.clone() };
    let desks = match form {
        Form::Alone => vec![own_tally()],
        Form::Apart => vec![first.clone(), second.clone()],
        Form::Workers => vec![own_tally(), own_tally()],
        Form::OneTally => vec![first.clone(), first.clone()],
    };
    let start = Barrier::new(desks.len());
    thread::scope(|scope| {
        let start = &start;
        let answering = |(core, desk): (usize, Desk)| {
            let packets = &packets[core];
            scope.spawn(move || {
                pin(core);
                // Made by its thread, as a worker's.
                let responder = Responder::new(core as u64, Secret::new([7; 16]), Arc::clone(&desk.tally));
                start.wait();
                answer(&desk, responder, packets)
            })
        };
        let threads: Vec<_> = desks.into_iter().enumerate().map(answering).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// The loop of a worker.
fn answer(desk: &Desk, mut responder: Responder, packets: &[Query]) -> Done {
    let mut out = vec![0; RESPONSE_MAX];
    let (mut answers, mut at) = (0, 0);
    let (started, before) = (Instant::now(), processor_time());
    loop {
        let passed = started.elapsed();
        if passed >= TURN {
            return Done { answers, processor: processor_time() - before, passed };
        }
        let now = Moment { unix: 1_700_000_000, uptime_ms: passed.as_millis() as u64 };
        let snapshot = desk.store.load();
        let limits = desk.limiter.limits(&snapshot, now);
        let context = Context { snapshot: &snapshot, now, limits, keepalive: 0 };
        for query in &packets[at..at + BATCH] {
            let reaction = responder.respond(&context, &query.octets, query.source, Transport::Udp, &mut out);
            assert!(matches!(reaction, Reaction::Answer(_)), "every query is answered");
            black_box(&out);
        }
        desk.tally.count_several(Counter::Udp, BATCH as u64);
        answers += BATCH as u64;
        at = (at + BATCH) % packets.len();
    }
}

/// How long the calling thread has been on a core (the first number of `schedstat`, in nanoseconds).
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// Keeps the calling thread on one core.
fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core).unwrap();
    sched_setaffinity(Pid::from_raw(0), &set).unwrap();
}
