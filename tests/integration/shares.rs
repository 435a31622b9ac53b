//! Weights as a client sees them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::harness::client::{PATIENCE, receive, socket_to};
use crate::harness::message::{A, Message, Query};
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup};
use crate::harness::turns;

const ANSWERS: u32 = 100_000;
/// Four standard deviations of the binomial distribution: √(100,000 · ¾ · ¼) = 136.9.
const TOLERANCE: u32 = 548;

#[test]
fn weights_three_to_one_give_three_quarters_over_udp() {
    let _turn = turns::alone();
    let folder = Folder::new("shares");
    folder.copy("world");
    folder.write(
        "zones/example.com.toml",
        "[pool.web]\nmembers = [\n\
         { name = \"heavy\", address = \"192.0.2.10\", weight = 3 },\n\
         { name = \"light\", address = \"192.0.2.11\", weight = 1 },\n]\n\
         [[steer]]\nname = \"www\"\ntypes = [\"A\"]\npools = [\"web\"]\n",
    );
    let server = Server::start(folder, Setup { seed: Some(20_261_120), ..Setup::default() });
    let counts = count(&server, ANSWERS);
    let of = |address: &str| counts.get(&address.parse().unwrap()).copied().unwrap_or_default();
    assert_eq!(of("192.0.2.10") + of("192.0.2.11"), ANSWERS, "{counts:?}");
    assert!(of("192.0.2.10").abs_diff(ANSWERS / 4 * 3) <= TOLERANCE, "{counts:?}");
}

/// Asks many times, a window of questions at once, and counts the addresses.
fn count(server: &Server, answers: u32) -> BTreeMap<IpAddr, u32> {
    const WINDOW: u32 = 50;
    let socket = socket_to(server.address);
    let octets = Query::new("www.example.com", A).octets();
    let mut counts = BTreeMap::new();
    for _ in 0..answers / WINDOW {
        for _ in 0..WINDOW {
            socket.send(&octets).expect("a query can be sent");
        }
        for _ in 0..WINDOW {
            let answer = receive(&socket, PATIENCE).expect("every query is answered");
            let addresses = Message::parse(&answer).expect("the answer is well formed").addresses();
            assert_eq!(addresses.len(), 1);
            *counts.entry(addresses[0]).or_default() += 1;
        }
    }
    counts
}
