//! The runs: a world of zones in all four, thousands of queries to each.

use std::time::Instant;

use crate::asking::{over_tcp, over_udp};
use crate::compare::Seen;
use crate::generator::Generator;
use crate::harness::place::fixture;
use crate::kinds;
use crate::message::Reaction;
use crate::peers::{House, Who};
use crate::query::{Query, Transport};
use crate::questions;
use crate::report::Report;
use crate::zones::{transferred, zone_files};

/// The seed of the run that everybody has.
const SEED: u64 = 20_261_120;
/// Queries of each world in that run.
const QUERIES: [(&str, usize); 2] = [("house", 40_000), ("root", 10_000)];

#[test]
fn meridian_answers_as_knot_nsd_and_bind() {
    let kinds = kinds::all();
    let mut report = Report::new(&kinds);
    let text_of_questions = std::fs::read_to_string(fixture("interop/questions.txt")).unwrap();
    for (world, count) in QUERIES {
        let files = zone_files(world);
        let house = House::start(world, &files);
        let contents: Vec<_> =
            files.iter().map(|file| transferred(house.address(Who::Knot), &file.apex)).collect();
        let seed = number_from("MERIDIAN_INTEROP_SEED").unwrap_or(SEED);
        let count = number_from("MERIDIAN_INTEROP_QUERIES").map_or(count, |count| count as usize);
        let chosen = questions::of_world(&text_of_questions, world).unwrap();
        let queries = Generator::new(seed, &contents).queries(chosen, count);
        let start = Instant::now();
        let reactions = Who::ALL.map(|who| (house.address(who), who));
        let reactions: Vec<Vec<Reaction>> = std::thread::scope(|scope| {
            let running = reactions.map(|(address, _)| {
                scope.spawn({
                    let queries = &queries;
                    move || ask_all(address, queries)
                })
            });
            running.map(|thread| thread.join().expect("a client ends")).into()
        });
        println!("{world}: {} queries to each of the four in {:.1?}", queries.len(), start.elapsed());
        for (number, query) in queries.iter().enumerate() {
            let reactions = [0, 1, 2, 3].map(|who| &reactions[who][number]);
            report.add(&Seen { query, reactions, zones: &contents }, &kinds);
        }
    }
    let mut faults = report.faults();
    for (kind, count) in kinds.iter().zip(&report.listed) {
        println!("{count:6} × {}", kind.name);
        // Another seed may miss what is rare.
        if *count == 0 && number_from("MERIDIAN_INTEROP_SEED").is_none() {
            faults.push_str(&format!("\n== `{}` never occurs: is it still true?", kind.name));
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}

/// What one server makes of all queries, over both transports at once.
fn ask_all(server: std::net::SocketAddr, queries: &[Query]) -> Vec<Reaction> {
    let octets = |number: usize, id: u16| queries[number].octets(id);
    let over = |transport| -> Vec<usize> {
        (0..queries.len()).filter(|&number| queries[number].transport == transport).collect()
    };
    let (udp, tcp) = (over(Transport::Udp), over(Transport::Tcp));
    let (udp_answers, tcp_answers) = std::thread::scope(|scope| {
        let running = scope.spawn(|| over_udp(server, &udp, &octets));
        let tcp_answers = over_tcp(server, &tcp, &octets);
        (running.join().expect("a client ends"), tcp_answers)
    });
    let mut reactions = vec![Reaction::Silence; queries.len()];
    for (number, answer) in udp.iter().zip(udp_answers).chain(tcp.iter().zip(tcp_answers)) {
        reactions[*number] = Reaction::of(answer.as_deref());
    }
    reactions
}
