//! What is served and asked: a zone of 10,000 names, 100 of them steered by the built-in country data.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use meridian::answer::Random;
use meridian::config::{self, Files, Mode};
use meridian::health::State;
use meridian::snapshot::{Snapshot, Store};
use meridian::steer::TargetHealth;

const NAMES: u64 = 10_000;
const STEERED_NAMES: u64 = 100;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// The address of one of many names.
    Static,
    /// The same; every answer is taken out of its network's meter.
    StaticLimited,
    /// A steered name, for a client subnet.
    Geo,
    /// The same with buckets.
    GeoLimited,
}

impl Work {
    pub const ALL: [Work; 4] = [Work::Static, Work::StaticLimited, Work::Geo, Work::GeoLimited];

    pub fn in_words(self) -> &'static str {
        match self {
            Work::Static => "static",
            Work::StaticLimited => "static, rate limit on",
            Work::Geo => "geo",
            Work::GeoLimited => "geo, rate limit on",
        }
    }

    fn is_steered(self) -> bool {
        matches!(self, Work::Geo | Work::GeoLimited)
    }

    fn is_limited(self) -> bool {
        matches!(self, Work::StaticLimited | Work::GeoLimited)
    }
}

/// A packet and who sends it.
pub struct Query {
    pub octets: Vec<u8>,
    pub source: IpAddr,
}

/// A store of its own with the world in it.
pub fn store(work: Work) -> Arc<Store> {
    let files = BTreeMap::from([
        (PathBuf::from("meridian.toml"), main_file(work)),
        (PathBuf::from("maps.toml"), MAPS.into()),
        (PathBuf::from("zones/example.com.zone"), master_file()),
        (PathBuf::from("zones/example.com.toml"), steering_file()),
    ]);
    let files = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let loaded = config::load(&Files::Memory(files), Path::new("meridian.toml"), Mode::Check, None);
    let configuration = match loaded {
        Ok(loaded) => Arc::new(loaded.configuration),
        Err(faults) => panic!("{}", faults.iter().map(|fault| format!("{fault}\n")).collect::<String>()),
    };
    let up = |_| TargetHealth { state: State::Up, soonest_flip: 20 };
    Arc::new(Store::new(Arc::new(Snapshot::new(1, configuration, &up))))
}

fn main_file(work: Work) -> String {
    // Never reached: a thread's answers go to thousands of networks.
    let limit = if work.is_limited() { "rate_limit = { responses_per_second = 100_000 }\n" } else { "" };
    format!(
        "[server]\nlisten = \"127.0.0.1:5300\"\n{limit}[zones]\nfolder = \"zones\"\n[geo]\nmaps = \"maps.toml\"\n"
    )
}

const MAPS: &str = "[site.iad]\n[site.fra]\n[site.sin]\n[map.world]\ndefault = [\"iad\", \"fra\", \"sin\"]\n\
                    [map.world.continent]\nEU = [\"fra\", \"iad\", \"sin\"]\nAF = [\"fra\", \"iad\", \"sin\"]\n\
                    AS = [\"sin\", \"fra\", \"iad\"]\nOC = [\"sin\", \"iad\", \"fra\"]\n";

fn master_file() -> String {
    let mut text =
        "@ 3600 SOA ns hostmaster 1 7200 1800 604800 300\n@ 3600 NS ns\nns 3600 A 192.0.2.53\n".to_owned();
    for number in 0..NAMES {
        text += &format!("{} 300 A 198.51.100.{}\n", static_name(number), number % 250 + 1);
    }
    for number in 0..STEERED_NAMES {
        text += &format!("{} 60 A 192.0.2.10\n", steered_name(number));
    }
    text
}

fn steering_file() -> String {
    let mut text = String::new();
    for (site, first, second) in [("iad", 10, 11), ("fra", 20, 21), ("sin", 30, 31)] {
        text += &format!(
            "[pool.{site}]\nsite = \"{site}\"\nmembers = [\n  \
             {{ name = \"a\", address = \"192.0.2.{first}\", weight = 3 }},\n  \
             {{ name = \"b\", address = \"192.0.2.{second}\", weight = 1 }},\n]\n"
        );
    }
    let names: Vec<String> = (0..STEERED_NAMES).map(steered_name).collect();
    text + &format!("[[steer]]\nname = {names:?}\nmap = \"world\"\npools = [\"iad\", \"fra\", \"sin\"]\n")
}

fn static_name(number: u64) -> String {
    format!("host{number:05}")
}

fn steered_name(number: u64) -> String {
    format!("www{number:02}")
}

/// So many queries with OPT, from random networks, for random clients where the name is steered.
pub fn queries(work: Work, count: usize, seed: u64) -> Vec<Query> {
    let mut random = Random::new(seed);
    (0..count).map(|_| query(work, &mut random)).collect()
}

fn query(work: Work, random: &mut Random) -> Query {
    let label = match work.is_steered() {
        true => steered_name(random.word() % STEERED_NAMES),
        false => static_name(random.word() % NAMES),
    };
    let mut octets = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    for label in [label.as_str(), "example", "com", ""] {
        octets.push(label.len() as u8);
        octets.extend_from_slice(label.as_bytes());
    }
    octets.extend_from_slice(&[0, 1, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0]);
    let option: &[u8] = match work.is_steered() {
        true => &[&[0, 8, 0, 7, 0, 1, 24, 0][..], &network(random)[..3]].concat(),
        false => &[],
    };
    octets.extend_from_slice(&(option.len() as u16).to_be_bytes());
    octets.extend_from_slice(option);
    Query { octets, source: Ipv4Addr::from(network(random)).into() }
}

/// A random network of unicast addresses.
fn network(random: &mut Random) -> [u8; 4] {
    let [first, second, third, ..] = random.word().to_be_bytes();
    [first % 100 + 11, second, third, 1]
}
