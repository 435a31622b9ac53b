//! Thousands of connections that say nothing: UDP does not notice them, and new ones get in.

use std::time::{Duration, Instant};

use crate::harness::client::{PATIENCE, eventually};
use crate::harness::crowd;
use crate::harness::load::saturate;
use crate::harness::message::{A, Query};
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup};
use crate::harness::shown::{is_soak, raise_descriptors, short_or_long};
use crate::harness::turns;

/// Memory of the server for one idle connection.
const OCTETS_EACH: u64 = 8192;
/// Long enough for a shed connection to be seen as such.
const SHORT: Duration = Duration::from_millis(50);
/// Of a round with connections against the one without beside it, in the middle of all rounds: both see the same machine.
const TOLERANCE: f64 = 0.05;

#[test]
fn idle_connections_cost_udp_nothing_and_shut_nobody_out() {
    let _turn = turns::alone();
    raise_descriptors();
    let (connections, rounds, queries) = short_or_long((500, 1, 5_000), (10_000, 15, 50_000));
    let server_lines = short_or_long(
        "tcp = { connections = 500, idle_timeout = \"1h\", connection_timeout = \"1h\" }",
        "tcp = { connections = 10_000, idle_timeout = \"1h\", connection_timeout = \"1h\" }",
    );
    let folder = Folder::new("idle-connections");
    folder.copy("world");
    let server = Server::start(folder, Setup { server_lines, ..Setup::default() });
    let clients = crowd::runtime();
    let flow = || {
        saturate(server.address, queries, &mut |_, id| {
            Query { id, ..Query::new("static.example.com", A) }.octets()
        })
    };

    flow();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let before = server.resident();
    let mut resident = 0;
    for _ in 0..rounds {
        without.push(flow());
        let crowd = clients.block_on(crowd::open(server.address, connections));
        wait_for_open(&server, connections as u64);
        with.push(flow());
        resident = resident.max(server.resident());
        drop(crowd);
        wait_for_open(&server, 0);
    }
    let each = (resident.saturating_sub(before)) / connections as u64;
    let pairs = || with.iter().zip(&without);
    let rate = median(pairs().map(|(with, without)| with.rate / without.rate).collect());
    let time = median(pairs().map(|(with, without)| with.median.div_duration_f64(without.median)).collect());
    println!("{connections} idle connections: UDP rate × {rate:.3}, p50 × {time:.3}, {each} octets each");
    println!("without {:?}, with {:?}", without[rounds / 2], with[rounds / 2]);
    if is_soak() {
        assert!(rate >= 1.0 - TOLERANCE && time <= 1.0 + TOLERANCE, "rate × {rate}, p50 × {time}");
        assert!(each <= OCTETS_EACH, "{each}");
    }

    // All seats are taken: everybody who comes gets one.
    let crowd = clients.block_on(crowd::open(server.address, connections));
    for number in 0..20 {
        let took = crowd::served(server.address).unwrap_or_else(|fault| panic!("client {number}: {fault}"));
        assert!(!is_soak() || took < Duration::from_secs(1), "{took:?}");
    }
    assert!(server.metric("tcp_connections_total{event=\"shed\"}") >= 1);
    // The oldest have left, the youngest are there.
    let oldest = crowd::end_of(&crowd[0], Instant::now());
    let ended = clients.block_on(async { crowd::soon(PATIENCE, oldest).await });
    println!("at the cap the oldest connection ended within {ended:?}");
    let youngest = crowd::end_of(crowd.last().expect("there are some"), Instant::now());
    let still = clients.block_on(async { tokio::time::timeout(SHORT, youngest).await });
    assert!(still.is_err(), "the youngest was shed");
}

/// Waits until the server has so many connections.
fn wait_for_open(server: &Server, count: u64) {
    eventually("the connections", PATIENCE * 4, || {
        let event = |event| server.metric(&format!("tcp_connections_total{{event=\"{event}\"}}"));
        let closed = event("closed");
        (event("accepted") - closed == count).then_some(())
    });
}

fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}
