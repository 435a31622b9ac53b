//! The zones of a world: their master files, and what is in them as Knot has read it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use crate::harness::client::{PATIENCE, read_framed, send_framed};
use crate::harness::place::fixture;
use crate::message::{self, Record};
use crate::name::Name;
use crate::query::{Query, Transport};

const SOA: u16 = 6;
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
    files.sort_by(|one, other| one.file_name.cmp(&other.file_name));
    files
}

/// What is in a zone.
#[derive(Debug, Clone)]
pub struct Contents {
    pub apex: Name,
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
    while ends < 2 {
        let octets = read_framed(&mut stream, PATIENCE).expect("a transfer goes on until its second SOA");
        let answer = message::read(&octets).expect("a message of a transfer can be read");
        assert!(!answer.answers.is_empty(), "no transfer of {apex}: {answer}");
        ends += answer.answers.iter().filter(|record| record.rtype == SOA).count();
        answer.answers.iter().for_each(|record| note(&mut owners, record));
    }
    Contents { apex: apex.clone(), owners }
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
