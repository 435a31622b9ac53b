//! One member goes and comes back among 10,000 steered names: every name that holds it changes, no other does, and no
//! query is lost meanwhile. How long that takes is measured by `benches/flips/run`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use crate::harness::client::{PATIENCE, eventually, receive, socket_to};
use crate::harness::load::Load;
use crate::harness::message::{A, Message, NOERROR, Query};
use crate::harness::place::{Folder, free_port, loopback};
use crate::harness::server::{Server, Setup};
use crate::harness::turns;

const NAMES: u16 = 10_000;
/// Pools, each with a rule for its share of the names; every second one holds the member.
const POOLS: u16 = 16;
const NAMES_A_POOL: u16 = NAMES / POOLS;
const QUERIES_PER_SECOND: u32 = 1_000;

/// The addresses that a name is answered with.
type Answer = BTreeSet<IpAddr>;

#[test]
fn a_flip_changes_all_names_that_hold_the_member_and_no_other() {
    let _turn = turns::alone();
    let (member, steady) = (member(), steady());
    let port = free_port(&[member, steady]);
    let backend = TcpListener::bind((member, port)).unwrap();
    let _steady_backend = TcpListener::bind((steady, port)).unwrap();
    let folder = Folder::new("flips");
    folder.write("zones/flips.test.zone", zone());
    folder.write("zones/flips.test.toml", steering(port));
    let server = Server::start(folder, Setup::default());

    let question = |number: u64, id| Query { id, ..query(name_of(number)) }.octets();
    let judge = |number: u64, _, octets: &[u8]| {
        let (name, found) = (name_of(number), addresses(octets)?);
        let is_right = [true, false].iter().any(|&is_up| found == expected(name, is_up));
        if is_right { Ok(()) } else { Err(format!("{found:?} for name {name}")) }
    };
    let load =
        Load { server: server.address, per_second: QUERIES_PER_SECOND, query: &question, judge: &judge };
    let ((), report) = load.during(|| {
        assert_answers(&server, true);
        drop(backend);
        wait_for_flip(&server, false);
        assert_answers(&server, false);
        let _backend = TcpListener::bind((member, port)).unwrap();
        wait_for_flip(&server, true);
        assert_answers(&server, true);
    });
    report.assert_clean();
}

/// Waits until the last name shows it.
fn wait_for_flip(server: &Server, is_up: bool) {
    let last = (0..NAMES).rfind(|&name| holds_member(name)).expect("some names hold the member");
    eventually("a flip", PATIENCE * 2, || {
        let found = ask_all(server.address, last..last + 1);
        (found == [expected(last, is_up)]).then_some(())
    });
}

/// Once one name has changed, every name that is asked afterwards has.
fn assert_answers(server: &Server, is_up: bool) {
    let found = ask_all(server.address, 0..NAMES);
    let wrong: Vec<_> = (0..NAMES)
        .zip(&found)
        .filter(|&(name, found)| *found != expected(name, is_up))
        .map(|(name, found)| format!("{name}: {found:?}"))
        .collect();
    let few = &wrong[..wrong.len().min(5)];
    assert!(wrong.is_empty(), "the member's being up is {is_up}; {} names are wrong: {few:?}", wrong.len());
}

/// Asks for names, some at once; what each was answered, in their order.
fn ask_all(server: SocketAddr, names: std::ops::Range<u16>) -> Vec<Answer> {
    const WINDOW: usize = 50;
    let socket = socket_to(server);
    let names: Vec<u16> = names.collect();
    let mut found = Vec::with_capacity(names.len());
    for window in names.chunks(WINDOW) {
        for &name in window {
            socket.send(&Query { id: name, ..query(name) }.octets()).expect("a query can be sent");
        }
        let mut answers = vec![Answer::new(); window.len()];
        for _ in window {
            let octets = receive(&socket, PATIENCE).expect("every query is answered");
            let id = u16::from_be_bytes([octets[0], octets[1]]);
            answers[usize::from(id - window[0])] = addresses(&octets).expect("a right answer");
        }
        found.extend(answers);
    }
    found
}

fn addresses(octets: &[u8]) -> Result<Answer, String> {
    let message = Message::parse(octets)?;
    match message.rcode() {
        NOERROR => Ok(message.addresses().into_iter().collect()),
        rcode => Err(format!("rcode {rcode}")),
    }
}

fn query(name: u16) -> Query {
    Query::new(&format!("s{name:05}.flips.test"), A)
}

/// The name that query number `number` of the loader asks for: all in turn, far apart.
fn name_of(number: u64) -> u16 {
    (number * 7_919 % u64::from(NAMES)) as u16
}

fn holds_member(name: u16) -> bool {
    (name / NAMES_A_POOL).is_multiple_of(2)
}

fn expected(name: u16, is_up: bool) -> Answer {
    match (holds_member(name), is_up) {
        (true, true) => Answer::from([steady(), member()]),
        (true, false) => Answer::from([steady()]),
        (false, _) => Answer::from(others((name / NAMES_A_POOL) as u8)),
    }
}

/// What goes and comes back.
fn member() -> IpAddr {
    loopback(120).into()
}

/// What stands beside it in its pools, and stays.
fn steady() -> IpAddr {
    loopback(121).into()
}

/// The members of a pool that does not hold it.
fn others(pool: u8) -> [IpAddr; 2] {
    [Ipv4Addr::new(198, 51, 100, pool).into(), Ipv4Addr::new(203, 0, 113, pool).into()]
}

fn zone() -> String {
    let mut text = String::from(
        "$TTL 300\n@ IN SOA ns1 hostmaster 1 3600 900 604800 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n",
    );
    for name in 0..NAMES {
        writeln!(text, "s{name:05} IN A 192.0.2.9").unwrap();
    }
    text
}

fn steering(port: u16) -> String {
    // Two failures: a probe that is late on a busy machine is no flip.
    let mut text = format!(
        "[monitor.web]\nprobe = {{ tcp = {{}} }}\nport = {port}\ninterval = \"500ms\"\ntimeout = \"500ms\"\n\
         rise = 1\nfall = 2\n"
    );
    for pool in 0..POOLS as u8 {
        let (monitor, [first, second]) = match pool % 2 {
            0 => ("monitor = \"web\"", [steady(), member()]),
            _ => ("", others(pool)),
        };
        let names = u16::from(pool) * NAMES_A_POOL..u16::from(pool + 1) * NAMES_A_POOL;
        let names: Vec<String> = names.map(|name| format!("s{name:05}")).collect();
        writeln!(
            text,
            "[pool.pool-{pool}]\npick = \"all\"\n{monitor}\nmembers = [\n\
             {{ name = \"first\", address = \"{first}\" }},\n{{ name = \"second\", address = \"{second}\" }},\n]\n\
             [[steer]]\nname = {names:?}\ntypes = [\"A\"]\npools = [\"pool-{pool}\"]"
        )
        .unwrap();
    }
    text
}
