//! Names that nobody asks twice: nothing is kept of them.

use std::net::Ipv4Addr;

use meridian::answer::Random;

use crate::harness::load::saturate;
use crate::harness::message::{A, Query};
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup};
use crate::harness::shown::{is_soak, short_or_long};
use crate::harness::turns;

#[test]
fn memory_is_flat_over_random_names() {
    let _turn = turns::shared();
    let (warming, names, percent) = (20_000, short_or_long(50_000, 10_000_000), short_or_long(5.0, 1.0));
    let folder = Folder::new("random-names");
    folder.copy("world");
    let server = Server::start(folder, Setup::default());
    let run = |from: u64, count| saturate(server.address, count, &mut |number, id| name(from + number, id));
    run(0, warming);
    let before = server.resident();
    let flow = run(warming, names);
    let after = server.resident();
    println!(
        "{names} random names at {:.0}/s, {} lost: {} KiB resident before, {} KiB after",
        flow.rate,
        flow.lost,
        before / 1024,
        after / 1024
    );
    let growth = (after as f64 / before as f64 - 1.0) * 100.0;
    assert!(growth.abs() <= percent, "{growth} %");
    if is_soak() {
        assert!(flow.lost < names / 1000, "{flow:?}");
    }
}

/// A query of its own for each number: below the apex, below a wildcard, deep, for steered names from everywhere.
fn name(number: u64, id: u16) -> Vec<u8> {
    let word = Random::new(number).word();
    let parent = ["example.com", "wild.example.com", "a.b.c.example.com", "deep.sub.example.com"];
    let query = Query::new(&format!("n{word:x}.{}", parent[(number % 4) as usize]), A);
    let query = if number.is_multiple_of(3) {
        query.with_subnet(Ipv4Addr::from_bits((word >> 32) as u32 & !0xFF), 24)
    } else {
        query
    };
    Query { id, ..query }.octets()
}
