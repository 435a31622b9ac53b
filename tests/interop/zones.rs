//! The zones of a world: their master files, and what is in them as Knot has read it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use crate::harness::client::{PATIENCE, read_framed, send_framed};
use crate::harness::place::fixture;
use crate::message::{self, Record};
use crate::name::Name;
use crate::query::{Query, Transport};

const SOA: u16 = 6;
/// Delegations of [`registry`].
const DELEGATIONS: usize = 2_000;
const DS: u16 = 43;
const AXFR: u16 = 252;

/// Whom Knot gives zones to. It must differ from the address that queries come from, so that a query for AXFR among
/// them is refused by all.
pub const TRANSFER_CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// A master file of tests/interop/zones.
#[derive(Debug, Clone)]
pub struct ZoneFile {
    pub apex: Name,
    /// `NAME.zone`; that of the root zone is `..zone`.
    pub file_name: String,
    pub text: Vec<u8>,
}

/// All master files of a world, in the order of their names.
pub fn zone_files(world: &str) -> Vec<ZoneFile> {
    let folder = fixture(&format!("interop/zones/{world}"));
    let entries = std::fs::read_dir(&folder).expect("the folder of a world can be listed");
    let mut files: Vec<ZoneFile> = entries
        .map(|entry| {
            let path = entry.expect("an entry can be read").path();
            let file_name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            let apex =
                Name::plain(file_name.strip_suffix(".zone").expect("a master file is called NAME.zone"));
            ZoneFile { apex, file_name, text: std::fs::read(&path).expect("a master file can be read") }
        })
        .collect();
    if world == "house" {
        files.push(registry());
    }
    files.sort_by(|one, other| one.file_name.cmp(&other.file_name));
    files
}

/// A zone like that of a top-level domain: many delegations, most to a few hosters, some with glue of their own, some
/// signed.
fn registry() -> ZoneFile {
    let mut text = String::from(
        "$ORIGIN registry.test.\n$TTL 3600\n@ SOA ns1 hostmaster 2026112001 7200 900 1209600 300\n@ NS ns1\n\
         ns1 A 192.0.2.53\nns1 AAAA 2001:db8::53\n",
    );
    for number in 0..DELEGATIONS {
        let hoster = number % 7;
        let _ = match number % 4 {
            0 => writeln!(
                text,
                "d{number} NS ns.d{number}\nd{number} NS ns1\nns.d{number} A 192.0.2.{}",
                number % 251
            ),
            1 => writeln!(text, "d{number} NS ns1.d{hoster}\nd{number} NS ns2.d{hoster}"),
            _ => writeln!(
                text,
                "d{number} NS ns1.hoster{hoster}.invalid.\nd{number} NS ns2.hoster{hoster}.invalid."
            ),
        };
        if number % 3 == 0 {
            let _ = writeln!(text, "d{number} DS {number} 13 2 {number:064x}");
        }
    }
    for hoster in 0..7 {
        let _ = writeln!(
            text,
            "ns1.d{hoster} A 192.0.2.1\nns1.d{hoster} AAAA 2001:db8::1\nns2.d{hoster} A 192.0.2.2"
        );
    }
    let file_name = "registry.test.zone".to_string();
    ZoneFile { apex: Name::plain("registry.test"), file_name, text: text.into_bytes() }
}

/// What is in a zone.
#[derive(Debug, Clone)]
pub struct Contents {
    pub apex: Name,
    /// Of its SOA.
    pub serial: u32,
    /// The types of each owner, lower-cased names.
    pub owners: BTreeMap<Name, Vec<u16>>,
}

/// Asks Knot for a whole zone (RFC 5936), so that no reader of master files of our own stands between.
pub fn transferred(knot: SocketAddr, apex: &Name) -> Contents {
    let mut stream = connect_as_reader(knot);
    let query = Query { edns: None, transport: Transport::Tcp, ..Query::plain(apex.clone(), AXFR) };
    send_framed(&mut stream, &query.octets(1)).expect("a query for a transfer can be sent");
    let mut owners: BTreeMap<Name, Vec<u16>> = BTreeMap::new();
    let mut ends = 0;
    let mut serial = None;
    while ends < 2 {
        let octets = read_framed(&mut stream, PATIENCE).expect("a transfer goes on until its second SOA");
        let answer = message::read(&octets).expect("a message of a transfer can be read");
        assert!(!answer.answers.is_empty(), "no transfer of {apex}: {answer}");
        for soa in answer.answers.iter().filter(|record| record.rtype == SOA) {
            ends += 1;
            serial = serial_of(soa);
        }
        answer.answers.iter().for_each(|record| note(&mut owners, record));
    }
    let serial = serial.expect("a SOA has a serial");
    Contents { apex: apex.clone(), serial, owners }
}

/// The first of the five numbers that a SOA ends with.
fn serial_of(soa: &Record) -> Option<u32> {
    let start = soa.data.len().checked_sub(5 * 4)?;
    soa.data[start..].first_chunk().map(|serial| u32::from_be_bytes(*serial))
}

/// The zone that a question belongs to: the one with the longest apex that is the name or above it, for DS the one of the
/// parent (RFC 4035 §3.1.4.1).
pub fn zone_of<'z>(zones: &'z [Contents], name: &Name, rtype: u16) -> Option<&'z Contents> {
    let holding = |name: &Name| {
        let above = zones.iter().filter(|zone| name.is_within(&zone.apex));
        above.max_by_key(|zone| zone.apex.labels().len())
    };
    let found = holding(name)?;
    let is_of_the_parent = rtype == DS && found.apex.labels().len() == name.labels().len();
    if is_of_the_parent && !name.labels().is_empty() {
        return holding(&name.above(1)).or(Some(found));
    }
    Some(found)
}

fn note(owners: &mut BTreeMap<Name, Vec<u16>>, record: &Record) {
    let types = owners.entry(record.owner.clone()).or_default();
    if !types.contains(&record.rtype) {
        types.push(record.rtype);
    }
}

/// A connection from [`TRANSFER_CLIENT`].
fn connect_as_reader(server: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(TRANSFER_CLIENT.into(), 0))?;
        socket.connect(server).await?.into_std()
    });
    let stream = stream.expect("a connection from the reader's address");
    stream.set_nonblocking(false).expect("a socket can be made blocking");
    stream
}
