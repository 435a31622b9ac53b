//! Reloads under load: nothing lost, nothing refused, every answer from the old or the new file.
//!
//! With `MERIDIAN_SOAK=1` (`tests/run soak`) in full: 100 reloads in 60 s.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::harness::client::{ask, eventually};
use crate::harness::load::Load;
use crate::harness::message::{A, Message, NOERROR, Query, SOA};
use crate::harness::place::{Folder, free_port, loopback, test_data};
use crate::harness::server::{Server, Setup, send_signal};
use crate::harness::turns;

const RECORDS: u32 = 100_000;
const QUERIES_PER_SECOND: u32 = 5_000;
/// From one reload to the next: 100 in 60 s.
const PACE: Duration = Duration::from_millis(600);
/// A reload may take so long; the pace is kept as far as it does not.
const RELOAD_PATIENCE: Duration = Duration::from_secs(20);

/// Which serials may be answered: known as served, and written to the file.
struct Serials {
    /// When each serial was first seen in an answer by the one who reloads.
    confirmed: Mutex<Vec<(Instant, u32)>>,
    written: AtomicU32,
}

#[test]
fn reloads_under_load_lose_nothing() {
    let _turn = turns::alone();
    let soak = std::env::var_os("MERIDIAN_SOAK").is_some();
    let reloads = if soak { 100 } else { 15 };

    let folder = Folder::new("reloads");
    folder.copy("world");
    let records = records();
    folder.write("zones/big.test.zone", zone(1, &records));
    let server =
        Server::start(folder, Setup { databases: vec![test_data("dbip-country.mmdb")], ..Setup::default() });

    let serials = Serials { confirmed: Mutex::new(vec![(Instant::now(), 1)]), written: AtomicU32::new(1) };
    let judge = |number, sent, octets: &[u8]| judge(&serials, number, sent, octets);
    let load =
        Load { server: server.address, per_second: QUERIES_PER_SECOND, query: &question, judge: &judge };
    let (took, report) = load.during(|| {
        let start = Instant::now();
        for serial in 2..=reloads + 1 {
            let next = start + PACE * (serial - 1);
            serials.written.store(serial, Ordering::SeqCst);
            server.folder.write("zones/big.test.zone", zone(serial, &records));
            server.reload();
            server.wait_for_serial("big.test", serial, RELOAD_PATIENCE);
            serials.confirmed.lock().unwrap().push((Instant::now(), serial));
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        start.elapsed()
    });
    println!("{reloads} reloads in {took:?}, longest gap {:?}, {} queries", report.longest_gap, report.sent);
    report.assert_clean();
    if soak {
        assert!(took < PACE * (reloads + 2), "{reloads} reloads took {took:?}");
        assert!(report.sent > 290_000, "{report:?}");
    }
}

fn zone(serial: u32, records: &str) -> String {
    format!(
        "$TTL 300\n@ IN SOA ns1 hostmaster {serial} 3600 900 604800 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n{records}"
    )
}

fn records() -> String {
    let mut text = String::with_capacity(RECORDS as usize * 32);
    for number in 0..RECORDS {
        writeln!(text, "h{number} IN A {}", host_address(number)).unwrap();
    }
    text
}

fn host_address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0a00_0000 + number)
}

/// The number of the record that query `number` asks for.
fn host_of(number: u64) -> u32 {
    (number.wrapping_mul(2_654_435_761) % u64::from(RECORDS)) as u32
}

/// By turns: the serial, one of the records, a steered name.
fn question(number: u64, id: u16) -> Vec<u8> {
    let query = match number % 3 {
        0 => Query::new("big.test", SOA),
        1 => Query::new(&format!("h{}.big.test", host_of(number)), A),
        _ => Query::new("www.example.com", A).with_subnet(Ipv4Addr::new(8, 8, 8, 0), 24),
    };
    Query { id, ..query }.octets()
}

fn judge(serials: &Serials, number: u64, sent: Instant, octets: &[u8]) -> Result<(), String> {
    let message = Message::parse(octets)?;
    if message.rcode() != NOERROR {
        return Err(format!("rcode {}", message.rcode()));
    }
    if number.is_multiple_of(3) {
        let serial = message.serial(octets).ok_or("no serial")?;
        let confirmed = serials.confirmed.lock().unwrap();
        let oldest = confirmed.iter().rev().find(|(at, _)| *at < sent).map_or(1, |(_, serial)| *serial);
        let newest = serials.written.load(Ordering::SeqCst);
        return if (oldest..=newest).contains(&serial) {
            Ok(())
        } else {
            Err(format!("serial {serial}, but the files were {oldest} to {newest}"))
        };
    }
    let expected = match number % 3 {
        1 => host_address(host_of(number)),
        _ => Ipv4Addr::new(192, 0, 2, 20),
    };
    match message.addresses().as_slice() {
        [found] if *found == IpAddr::V4(expected) => Ok(()),
        found => Err(format!("{found:?} instead of {expected}")),
    }
}

#[test]
fn a_stop_does_not_wait_for_the_end_of_a_reload() {
    let _turn = turns::alone();
    let folder = Folder::new("reload-stop");
    let records = records();
    let write = |folder: &Folder, serial| {
        for number in 0..4 {
            folder.write(&format!("zones/big-{number}.test.zone"), zone(serial, &records));
        }
    };
    write(&folder, 1);
    let mut server = Server::start(folder, Setup::default());
    write(&server.folder, 2);
    let before = server.log().len();
    server.reload();
    server.wait_for_log(before, &["reloading"]);
    send_signal(server.process_id(), "TERM");
    eventually("the end of the process", RELOAD_PATIENCE, || (!server.is_running()).then_some(()));
    let log = &server.log()[before..];
    // A load that is given up may still come to its end while connections are drained; the stop was heard before.
    let told = log.find("told to stop").expect("a stop says so");
    assert!(log.find("reloaded").is_none_or(|reloaded| told < reloaded), "{log}");
    assert!(log.contains("server stopped"), "{log}");
}

#[test]
fn health_is_kept_over_a_reload() {
    let _turn = turns::shared();
    // A member that is down before a reload is down after it, without a probe between: its interval is an hour.
    let folder = Folder::new("reload-health");
    folder.copy("world");
    let [dead, other] = [90, 91].map(|host| IpAddr::V4(loopback(host)));
    let port = free_port(&[dead, other]);
    let backend = TcpListener::bind((other, port)).unwrap();
    folder.write(
        "zones/example.com.toml",
        format!(
            "[monitor.web]\nprobe = {{ tcp = {{}} }}\nport = {port}\ninterval = \"1h\"\ntimeout = \"500ms\"\n\
             [pool.web]\nmonitor = \"web\"\nmembers = [\n\
             {{ name = \"dead\", address = \"{dead}\" }},\n{{ name = \"other\", address = \"{other}\" }},\n]\n\
             [[steer]]\nname = \"www\"\ntypes = [\"A\"]\npools = [\"web\"]\n"
        ),
    );
    let server = Server::start(folder, Setup::default());
    drop(backend);
    let text = server.folder.read("zones/example.com.zone").replace("hostmaster 1 ", "hostmaster 2 ");
    server.folder.write("zones/example.com.zone", text);
    server.reload();
    server.wait_for_serial("example.com", 2, RELOAD_PATIENCE);
    for _ in 0..50 {
        assert_eq!(ask(server.address, &Query::new("www.example.com", A)).addresses(), [other]);
    }
}
