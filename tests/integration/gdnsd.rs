//! Maps against those of gdnsd: the same database, the same rules, the same clients. Site and scope are equal, or
//! Meridian's scope is wider, and then gdnsd itself gives every address in it the same site.
//!
//! What differs by design: special-purpose blocks are classes of their own for Meridian (semantics §7), so no client is
//! drawn in one, and a scope beside one is longer than gdnsd's where that would reach into it. Clients of Teredo
//! (2001::/32) are none either: gdnsd alone looks them up by the IPv4 address inside.

use std::collections::HashMap;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use crate::harness::client::{PATIENCE, receive, socket_to};
use crate::harness::gdnsd::{Gdnsd, Rules};
use crate::harness::message::{A, Message, Query};
use crate::harness::place::{Folder, fixture, free_port, loopback, test_data};
use crate::harness::server::{Server, Setup, run};
use crate::harness::turns;

/// Clients of each family.
const IPV4_CLIENTS: usize = 20_000;
const IPV6_CLIENTS: usize = 5_000;
/// Clients of each family that cities are tested with.
const CITY_CLIENTS: usize = 3_000;
/// Queries on the way at once.
const WINDOW: usize = 64;
/// Of so many equal answers one is proven as well.
const PROVEN_STEP: usize = 100;
/// Most pieces of gdnsd's that a wider scope is proven with.
const PIECES: usize = 10_000;

const COUNTRIES: Rules<'static> = Rules {
    default: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
    networks: &[
        ("8.8.0.0/16", 2),
        ("8.8.8.0/24", 3),
        ("80.64.0.0/10", 4),
        ("2a00:1450::/32", 5),
        ("2600::/16", 6),
        ("2600:1f00::/24", 7),
    ],
    places: &[
        (&["AF"], 8),
        (&["AS"], 9),
        (&["EU"], 10),
        (&["NA"], 11),
        (&["OC"], 12),
        (&["SA"], 13),
        (&["EU", "DE"], 14),
        (&["EU", "FR"], 15),
        (&["EU", "GB"], 16),
        (&["NA", "US"], 17),
        (&["NA", "CA"], 18),
        (&["AS", "JP"], 19),
        (&["AS", "IN"], 20),
        (&["SA", "BR"], 21),
        (&["AF", "ZA"], 22),
        (&["OC", "AU"], 23),
    ],
};

const CITIES: Rules<'static> = Rules {
    default: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    networks: &[("8.0.0.0/7", 2), ("8.8.0.0/16", 3), ("2400::/12", 4)],
    places: &[
        (&["EU"], 5),
        (&["EU", "DE"], 6),
        (&["EU", "DE", "BE"], 7),
        (&["EU", "DE", "BE", "Berlin"], 8),
        (&["EU", "DE", "BY", "Munich"], 9),
        (&["EU", "DE", "BY"], 12),
        (&["NA"], 10),
        (&["NA", "US"], 5),
        (&["NA", "US", "CA"], 11),
        (&["NA", "US", "CA", "Los Angeles"], 7),
    ],
};

#[test]
fn site_and_scope_equal_those_of_gdnsd_by_country() {
    let _turn = turns::shared();
    let folder = Folder::new("gdnsd-countries");
    let shaped = folder.path().join("geoip2.mmdb");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/geoip2.py");
    make_database(&script, &[&test_data("dbip-country.mmdb"), &shaped]);
    check(folder, &shaped, &COUNTRIES, [IPV4_CLIENTS, IPV6_CLIENTS], ipv6_client);
}

#[test]
fn site_and_scope_equal_those_of_gdnsd_by_city() {
    let _turn = turns::shared();
    let folder = Folder::new("gdnsd-cities");
    let made = folder.path().join("cities.mmdb");
    make_database(&fixture("oracle/city_database.py"), &[&made, Path::new("20261120")]);
    check(folder, &made, &CITIES, [CITY_CLIENTS, CITY_CLIENTS], |random| {
        (0x2 << 124 | u128::from(random.next()) << 61 & !0 << 80, 48)
    });
}

/// Has both servers answer all clients, and compares.
fn check(
    folder: Folder,
    database: &Path,
    rules: &Rules<'_>,
    [ipv4, ipv6]: [usize; 2],
    ipv6_client: impl Fn(&mut Random) -> (u128, u8),
) {
    let address = SocketAddr::new(loopback(2).into(), free_port(&[loopback(2).into()]));
    let name = format!("{}-peer", folder.path().file_name().unwrap().display());
    let gdnsd = Gdnsd::start(&name, address, database, rules);
    let server = meridian(folder, database, rules);
    let clients = clients([ipv4, ipv6], ipv6_client);
    let (ours, theirs) = (ask_all(server.address, &clients), ask_all(gdnsd.address, &clients));
    let found = compare(&clients, &ours, &theirs);
    let Comparison { equal, kept_out, sites, .. } = found;
    let wider = found.wider.len();
    println!("{} clients at {sites} sites: {equal} equal, {wider} wider, {kept_out} kept out", clients.len());
    assert_eq!(found.faults, Vec::<String>::new());
    assert!(found.equal * 10 > clients.len() * 9, "most are equal: {} of {}", found.equal, clients.len());
    assert!(
        found.sites * 4 > rules.default.len() * 3,
        "the clients are all over the map: {} sites",
        found.sites
    );
    for (client, given) in &found.wider {
        prove(gdnsd.address, *client, *given);
    }
    // The proof itself is shown on some that are equal.
    for (client, given) in clients.iter().zip(&ours).step_by(PROVEN_STEP) {
        prove(gdnsd.address, *client, *given);
    }
}

fn make_database(script: &Path, arguments: &[&Path]) {
    let mut python = Command::new(test_data("python/bin/python"));
    let output = run(python.arg(script).args(arguments));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn meridian(folder: Folder, database: &Path, rules: &Rules<'_>) -> Server {
    let mut maps = String::new();
    let mut pools = String::new();
    for site in rules.default {
        writeln!(maps, "[site.s{site}]").unwrap();
        writeln!(pools, "[pool.s{site}]\nsite = \"s{site}\"").unwrap();
        writeln!(pools, "members = [{{ name = \"m\", address = \"192.0.2.{site}\" }}]").unwrap();
    }
    let all: Vec<String> = rules.default.iter().map(|site| format!("\"s{site}\"")).collect();
    writeln!(maps, "[map.world]\ndefault = [{}]", all.join(", ")).unwrap();
    writeln!(maps, "[map.world.network]").unwrap();
    rules.networks.iter().for_each(|(key, site)| writeln!(maps, "\"{key}\" = [\"s{site}\"]").unwrap());
    for (depth, table) in (1..).zip(["continent", "country", "subdivision", "city"]) {
        writeln!(maps, "[map.world.{table}]").unwrap();
        for (path, site) in rules.places.iter().filter(|(path, _)| path.len() == depth) {
            writeln!(maps, "\"{}\" = [\"s{site}\"]", key(path)).unwrap();
        }
    }
    writeln!(pools, "[[steer]]\nname = \"www\"\nmap = \"world\"\npools = [{}]", all.join(", ")).unwrap();
    folder.write("geoip/maps.toml", maps);
    folder.write("zones/geo.test.zone", ZONE);
    folder.write("zones/geo.test.toml", pools);
    Server::start(folder, Setup { databases: vec![database.to_owned()], ..Setup::default() })
}

/// How Meridian writes a place.
fn key(path: &[&str]) -> String {
    match path {
        [_, country, subdivision] => format!("{country}-{subdivision}"),
        [_, country, _, city] => format!("{country}/{city}"),
        [.., code] => code.to_string(),
        [] => unreachable!("a place has a name"),
    }
}

const ZONE: &str = "\
$TTL 300
@    IN SOA ns1 hostmaster 1 3600 900 604800 60
     IN NS  ns1
ns1  IN A   192.0.2.253
www  IN A   192.0.2.254
";

/// A client network.
type Client = (IpAddr, u8);
/// What it gets: the address of a site, and the scope.
type Given = (IpAddr, u8);

/// Random clients, the same in every run: /24s of all globally routable IPv4, and prefixes of IPv6.
fn clients([ipv4, ipv6]: [usize; 2], ipv6_client: impl Fn(&mut Random) -> (u128, u8)) -> Vec<Client> {
    let mut random = Random(20_261_120);
    let drawn =
        std::iter::repeat_with(|| random.next() as u32 & 0xFFFF_FF00).filter(|&bits| is_routable(bits));
    let mut clients: Vec<Client> =
        drawn.take(ipv4).map(|bits| (Ipv4Addr::from_bits(bits).into(), 24)).collect();
    let drawn = std::iter::repeat_with(|| ipv6_client(&mut random)).filter(|&(bits, _)| is_comparable(bits));
    clients.extend(drawn.take(ipv6).map(|(bits, length)| (Ipv6Addr::from_bits(bits).into(), length)));
    clients
}

/// Outside of Teredo and of the special-purpose blocks; 6to4 is special where the IPv4 address inside is.
fn is_comparable(bits: u128) -> bool {
    let teredo = bits >> 96 == 0x2001_0000;
    let documentation = bits >> 96 == 0x2001_0db8;
    !teredo && !documentation && (bits >> 112 != 0x2002 || is_routable((bits >> 80) as u32))
}

/// The special-purpose blocks of IPv4 (semantics §7): first address and length.
const SPECIAL: [([u8; 4], u32); 14] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Whether an IPv4 prefix and a special-purpose block have an address in common.
fn touches_special(bits: u32, length: u32) -> bool {
    SPECIAL.iter().any(|&(block, block_length)| {
        let shared = length.min(block_length);
        let differs = bits ^ u32::from_be_bytes(block);
        differs.checked_shr(32 - shared).unwrap_or_default() == 0
    })
}

fn is_routable(bits: u32) -> bool {
    !touches_special(bits, 32)
}

/// In one of the blocks that registries give networks out of, mostly where the first ones of it are.
fn ipv6_client(random: &mut Random) -> (u128, u8) {
    const BLOCKS: [(u128, u32); 8] = [
        (0x2001_0200, 23),
        (0x2001_4000, 23),
        (0x2002_0000, 16),
        (0x2400_0000, 12),
        (0x2600_0000, 12),
        (0x2800_0000, 12),
        (0x2a00_0000, 12),
        (0x2c00_0000, 12),
    ];
    let (block, length) = BLOCKS[random.below(BLOCKS.len())];
    let within = (u128::from(random.next()) << 64 | u128::from(random.next())) >> length;
    let length = [32, 40, 44, 48, 56, 64][random.below(6)];
    ((block << 96 | within) & !(u128::MAX >> length), length)
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// What each client gets, a window of questions at once.
fn ask_all(server: SocketAddr, clients: &[Client]) -> Vec<Given> {
    let socket = socket_to(server);
    let mut given = Vec::with_capacity(clients.len());
    for window in clients.chunks(WINDOW) {
        for (id, &(address, length)) in (0..).zip(window) {
            let query = Query { id, ..Query::new("www.geo.test", A).with_subnet(address, length) };
            socket.send(&query.octets()).expect("a query can be sent");
        }
        let mut answers = HashMap::new();
        while answers.len() < window.len() {
            let octets = receive(&socket, PATIENCE).expect("every query is answered");
            let answer = Message::parse(&octets).expect("the answer is well formed");
            let id = u16::from_be_bytes([octets[0], octets[1]]);
            answers.insert(id, (answer.addresses()[0], answer.scope().expect("a scope")));
        }
        given.extend((0..window.len() as u16).map(|id| answers[&id]));
    }
    given
}

/// How the two servers compare.
#[derive(Default)]
struct Comparison {
    equal: usize,
    /// Scopes that end where a special-purpose block begins and would be gdnsd's without it.
    kept_out: usize,
    /// Clients for which Meridian's answer holds wider, with that answer.
    wider: Vec<(Client, Given)>,
    /// Everything else, in words.
    faults: Vec<String>,
    /// Different sites that were given.
    sites: usize,
}

fn compare(clients: &[Client], ours: &[Given], theirs: &[Given]) -> Comparison {
    let mut comparison = Comparison::default();
    for ((&client, &our), &their) in clients.iter().zip(ours).zip(theirs) {
        match () {
            () if our == their => comparison.equal += 1,
            () if our.0 == their.0 && our.1 > their.1 && would_reach_special(client, our.1) => {
                comparison.kept_out += 1;
            }
            () if our.0 == their.0 && our.1 < their.1 => comparison.wider.push((client, our)),
            () => comparison.faults.push(format!("{client:?}: Meridian {our:?}, gdnsd {their:?}")),
        }
    }
    let sites: std::collections::HashSet<IpAddr> = ours.iter().map(|&(site, _)| site).collect();
    comparison.sites = sites.len();
    comparison
}

/// Whether the scope one bit shorter, which gdnsd's answer covers, holds addresses of a special-purpose block.
fn would_reach_special((address, _): Client, scope: u8) -> bool {
    matches!(address, IpAddr::V4(address) if touches_special(address.to_bits(), u32::from(scope) - 1))
}

/// Every address of Meridian's scope gets the same site from gdnsd: its answers are followed from scope to scope.
fn prove(gdnsd: SocketAddr, (address, _): Client, (site, scope): Given) {
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let size = |length: u8| u128::MAX.checked_shr(u32::from(length) + 128 - width).unwrap_or_default();
    let first = bits & !size(scope);
    let last = first | size(scope);
    let mut next = Some(first);
    let mut pieces = 0;
    while let Some(bits) = next.filter(|&bits| bits <= last) {
        let client = match address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(bits as u32)),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(bits)),
        };
        let (their_site, their_scope) = ask_all(gdnsd, &[(client, width as u8)])[0];
        assert_eq!(their_site, site, "{client} lies in the scope /{scope} of {address}");
        next = (bits | size(their_scope)).checked_add(1);
        pieces += 1;
        assert!(pieces < PIECES, "the scope /{scope} of {address} has too many pieces");
    }
}
