//! A database with the rules of a map, and how they are measured.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

use anyhow::{Result, anyhow};
use meridian::answer::Random;
use meridian::geo::{Database, Location, Map, MapRules, Site, SiteId, codes};
use meridian::wire::Family;

use crate::measure::{Measure, Samples};

/// Addresses that are looked up in a round. They are read one behind the other, so that the processor fetches them
/// beforehand.
const ADDRESSES: usize = 1 << 20;
/// The addresses follow from it.
const SEED: u64 = 2;
/// Octets of a megabyte.
const MEGABYTE: f64 = 1e6;

/// Sixteen places with data centres, spread as clients are.
const SITES: [(&str, f64, f64); 16] = [
    ("ams", 52.37, 4.90),
    ("arn", 59.33, 18.07),
    ("bom", 19.08, 72.88),
    ("dfw", 32.78, -96.80),
    ("fra", 50.11, 8.68),
    ("gru", -23.55, -46.63),
    ("hnd", 35.68, 139.69),
    ("iad", 38.95, -77.45),
    ("icn", 37.57, 126.98),
    ("jnb", -26.20, 28.05),
    ("lhr", 51.51, -0.13),
    ("mad", 40.42, -3.70),
    ("ord", 41.88, -87.63),
    ("sin", 1.35, 103.82),
    ("sjc", 37.34, -121.89),
    ("syd", -33.87, 151.21),
];

/// A map to be made of a database.
pub(crate) struct Case {
    /// For people.
    pub(crate) name: &'static str,
    octets: Vec<u8>,
    rules: MapRules,
    sites: Vec<Site>,
    is_city: bool,
}

impl Case {
    /// Every country a class of its own: as many ranges as such a database can make.
    pub(crate) fn countries(octets: Vec<u8>) -> Case {
        let codes = codes::countries().iter().filter_map(|(code, _)| code.as_bytes().try_into().ok());
        let country = (0..).zip(codes).map(|(number, code)| (code, vec![SiteId(number)])).collect();
        let rules = MapRules { country, default: vec![SiteId(0)], ..MapRules::default() };
        Case { name: "countries", octets, rules, sites: Vec::new(), is_city: false }
    }

    /// The nearest of sixteen sites.
    pub(crate) fn nearest(name: &'static str, octets: Vec<u8>) -> Case {
        let rules = MapRules { nearest: Some(1), default: vec![SiteId(0)], ..MapRules::default() };
        let site = |(name, latitude, longitude): (&str, f64, f64)| Site {
            name: name.to_owned(),
            location: Some(Location { latitude, longitude }),
        };
        Case { name, octets, rules, sites: SITES.map(site).into(), is_city: true }
    }

    /// What the map must reach, as the issue that asked for it has it.
    pub(crate) fn bound(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::Walk | Measure::OctetsIpv6 => None,
            Measure::Compile | Measure::WalkAndCompile => Some(if self.is_city { 1.0 } else { 0.15 }),
            Measure::OctetsIpv4 => Some(3.0),
            Measure::LookUpIpv4 => Some(if self.is_city { 20.0 } else { 10.0 }),
            Measure::LookUpIpv6 => Some(30.0),
        }
    }

    /// Measures everything once.
    pub(crate) fn measure(&self, samples: &mut Samples) -> Result<()> {
        let octets = self.octets.clone();
        let start = Instant::now();
        let database = Database::from_mmdb(self.name, octets).map_err(|error| anyhow!(error))?;
        let walked = start.elapsed();
        let start = Instant::now();
        let map = Map::compile(self.name, &self.rules, &self.sites, &[&database])
            .map_err(|error| anyhow!(error))?;
        let compiled = start.elapsed();
        samples.add(Measure::Walk, walked.as_secs_f64());
        samples.add(Measure::Compile, compiled.as_secs_f64());
        samples.add(Measure::WalkAndCompile, (walked + compiled).as_secs_f64());
        if database.ipv4_coverage().networks > 0 {
            samples.add(Measure::OctetsIpv4, map.size_of(Family::V4) as f64 / MEGABYTE);
            samples.add(Measure::LookUpIpv4, look_ups(&map, unicast_ipv4));
        }
        if database.ipv6_coverage().networks > 0 {
            samples.add(Measure::OctetsIpv6, map.size_of(Family::V6) as f64 / MEGABYTE);
            samples.add(Measure::LookUpIpv6, look_ups(&map, unicast_ipv6));
        }
        Ok(())
    }
}

/// Nanoseconds of one look-up. Each address depends on the class found before, in a way that changes nothing but that
/// the compiler and the processor cannot know: so look-ups do not overlap, as they do not between packets.
fn look_ups<A: Address>(map: &Map, address: impl Fn(&mut Random) -> A) -> f64 {
    let mut random = Random::new(SEED);
    let addresses: Vec<A> = (0..ADDRESSES).map(|_| address(&mut random)).collect();
    let start = Instant::now();
    let mut class = 0;
    for address in &addresses {
        class = map.place(&address.after(class)).class.0;
    }
    let elapsed = start.elapsed();
    std::hint::black_box(class);
    elapsed.as_secs_f64() * 1e9 / ADDRESSES as f64
}

/// An address as a number.
trait Address: Copy {
    /// The address itself, known only when the class is: its highest bit is never set.
    fn after(self, class: u16) -> IpAddr;
}

impl Address for u32 {
    fn after(self, class: u16) -> IpAddr {
        Ipv4Addr::from_bits(self ^ u32::from(class >> 15)).into()
    }
}

impl Address for u128 {
    fn after(self, class: u16) -> IpAddr {
        Ipv6Addr::from_bits(self ^ u128::from(class >> 15)).into()
    }
}

/// A random address that networks use: 1.0.0.0 to 223.255.255.255.
fn unicast_ipv4(random: &mut Random) -> u32 {
    let first_octet = (random.word() % 223) as u32 + 1;
    first_octet << 24 | random.word() as u32 >> 8
}

/// A random address of the blocks that IANA gave to the five registries, in the part of each where networks are dense.
fn unicast_ipv6(random: &mut Random) -> u128 {
    const BLOCKS: [u128; 5] = [0x2c0f, 0x2400, 0x2600, 0x2804, 0x2a00];
    let block = BLOCKS[random.word() as usize % BLOCKS.len()] << 112;
    block | (u128::from(random.word()) << 64 | u128::from(random.word())) >> 16
}
