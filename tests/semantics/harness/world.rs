//! A configuration in the making: a zone `example.com`, pools from words, rules, and the health of their members.
//!
//! A pool's members are words: a letter, the weight, and where it differs `/4` or `/6` for the only family, `@NAME` for the
//! group. The member number 2 of the pool `A` is called `m2` in the files and `A2` in tests.
//!
//! | letter | member |
//! |---|---|
//! | u, d, ? | up, down, unknown |
//! | U, D, F | forced up (and down), drained (and up), forced down (and up) |
//! | s | down and suspect |
//! | w | up, and awaits to be resumed |

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use meridian::config::{self, Files, Loaded, Mode};
use meridian::health::{Hold, Monitor, State, Tracker};
use meridian::snapshot::Configuration;
use meridian::steer::NEVER;
use meridian::wire::Family;

use super::{Server, database};

const MAIN: &str = "[server]\nlisten = [\"127.0.0.1:5300\"]\n[zones]\nfolder = \"zones\"\n\
                    [geo]\nmaps = \"geoip/maps.toml\"\ndatabases = [\"geoip/places.mmdb\"]\n";
const ZONE: &str = "$TTL 300\n@ SOA ns1 hostmaster 7 7200 1800 1209600 300\n@ NS ns1\nns1 A 192.0.2.53\n\
                    www 60 A 192.0.2.1\nwww 60 AAAA 2001:db8::1\n";
const MONITOR: &str =
    "[monitor.m]\nprobe = { tcp = {} }\nport = 80\ninterval = \"10s\"\nrise = 2\nfall = 3\n";

/// What was observed of a member: of both families or one, under all of its monitors or one.
#[derive(Clone)]
struct Observed {
    member: String,
    family: Option<Family>,
    monitor: Option<String>,
    tracker: Tracker,
}

/// A configuration in the making.
#[derive(Clone)]
pub struct World {
    files: BTreeMap<PathBuf, Vec<u8>>,
    zone: String,
    settings: String,
    maps: String,
    pools: u8,
    /// Of each member its name in tests, its addresses by family, and what is held against it by content.
    members: Vec<(String, [IpAddr; 2], [Hold; 3])>,
    observed: Vec<Observed>,
    moment: u64,
    planned: Vec<(String, u32)>,
}

/// A member that is up, with this many failures that count.
pub fn up(failures: u32) -> Tracker {
    Tracker { state: State::Up, passes: 0, failures }
}

/// A member that is down, with this many passes that count.
pub fn down(passes: u32) -> Tracker {
    Tracker { state: State::Down, passes, failures: 0 }
}

/// The monitor of a name.
pub fn monitor_named<'c>(configuration: &'c Configuration, name: &str) -> &'c Monitor {
    let found = configuration.monitors.iter().find(|monitored| monitored.names.iter().any(|one| one == name));
    &found.unwrap_or_else(|| panic!("no monitor {name}")).monitor
}

impl World {
    /// The zone without a rule, a monitor `m` (10 s, rise 2, fall 3), and a database that knows nobody else's networks.
    pub fn new() -> World {
        World {
            files: BTreeMap::from([
                (PathBuf::from("meridian.toml"), MAIN.into()),
                (PathBuf::from("geoip/places.mmdb"), database::of_nowhere()),
            ]),
            zone: ZONE.to_owned(),
            settings: MONITOR.to_owned(),
            maps: String::new(),
            pools: 0,
            members: Vec::new(),
            observed: Vec::new(),
            moment: 0,
            planned: Vec::new(),
        }
    }

    /// Pools `A`, `B`, … from words, without a map behind one rule for `www`, with these further keys of the rule.
    pub fn of_pools(pools: &[&str], rule: &str) -> World {
        let names = ["A", "B", "C", "D"];
        let world =
            pools.iter().zip(names).fold(World::new(), |world, (words, name)| world.pool(name, "", words));
        let list =
            names[..pools.len()].iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        world.rule(&format!("name = \"www\"\npools = [{list}]\n{rule}"))
    }

    /// With another file, or another text of one.
    #[must_use]
    pub fn file(mut self, path: &str, octets: impl Into<Vec<u8>>) -> World {
        self.files.insert(PathBuf::from(path), octets.into());
        self
    }

    /// With a database instead of the one that knows nobody.
    #[must_use]
    pub fn database(self, octets: Vec<u8>) -> World {
        self.file("geoip/places.mmdb", octets)
    }

    /// With further records of the zone.
    #[must_use]
    pub fn records(mut self, lines: &str) -> World {
        writeln!(self.zone, "{lines}").unwrap();
        self
    }

    /// With further text of the file of maps.
    #[must_use]
    pub fn maps(mut self, text: &str) -> World {
        writeln!(self.maps, "{text}").unwrap();
        self
    }

    /// With further text of the zone's settings.
    #[must_use]
    pub fn settings(mut self, text: &str) -> World {
        writeln!(self.settings, "{text}").unwrap();
        self
    }

    /// With a pool. It has the monitor `m` unless its keys say something about a monitor. With a `type` (TXT) among its keys
    /// the data of each member is its name in tests.
    #[must_use]
    pub fn pool(mut self, name: &str, keys: &str, words: &str) -> World {
        let monitor = if keys.contains("monitor") { "" } else { "monitor = \"m\"" };
        writeln!(self.settings, "[pool.{name}]\n{keys}\n{monitor}\nmembers = [").unwrap();
        for (index, word) in words.split_whitespace().enumerate() {
            let data =
                if keys.contains("type = ") { format!(", data = \"{name}{index}\"") } else { String::new() };
            let line = self.member(name, index, word, &data);
            writeln!(self.settings, "{line}").unwrap();
        }
        self.settings.push_str("]\n");
        self.pools += 1;
        self
    }

    /// With a member that stands in the text of settings already: its name in tests, and its addresses.
    #[must_use]
    pub fn member_at(mut self, name: &str, addresses: [&str; 2]) -> World {
        self.observed
            .insert(0, Observed { member: name.to_owned(), family: None, monitor: None, tracker: up(0) });
        self.members.push((
            name.to_owned(),
            addresses.map(|address| address.parse().unwrap()),
            [Hold::Free; 3],
        ));
        self
    }

    /// With a rule.
    #[must_use]
    pub fn rule(self, keys: &str) -> World {
        self.settings(&format!("[[steer]]\n{keys}"))
    }

    /// With something else observed of a member, such as `A0`, than its letter says.
    #[must_use]
    pub fn observed(
        mut self,
        member: &str,
        family: Option<Family>,
        monitor: Option<&str>,
        tracker: Tracker,
    ) -> World {
        let (member, monitor) = (member.to_owned(), monitor.map(str::to_owned));
        self.observed.push(Observed { member, family, monitor, tracker });
        self
    }

    /// With a member, such as `A0`, that awaits to be resumed with its address of this family.
    #[must_use]
    pub fn awaiting(mut self, member: &str, family: Family) -> World {
        let (.., holds) = self.members.iter_mut().find(|(name, ..)| name == member).unwrap();
        holds[family.index()] = Hold::AwaitsResume;
        self
    }

    /// With a monitor of the settings that has no vote.
    #[must_use]
    pub fn without_a_vote(mut self, monitor: &str) -> World {
        let head = format!("[monitor.{monitor}]\n");
        self.settings = self.settings.replace(&head, &format!("{head}voting = false\n"));
        self
    }

    /// Served at a moment, in seconds since 1970.
    #[must_use]
    pub fn at(mut self, moment: u64) -> World {
        self.moment = moment;
        self
    }

    /// With a change that an operator has planned for a pool in so many seconds.
    #[must_use]
    pub fn planned(mut self, pool: &str, seconds: u32) -> World {
        self.planned.push((pool.to_owned(), seconds));
        self
    }

    /// The text of the zone's settings.
    pub fn text(&self) -> &str {
        &self.settings
    }

    /// What the loader says of it.
    pub fn load(&self) -> Result<Loaded, Vec<String>> {
        self.load_in(Mode::Check, None)
    }

    /// The same for a purpose, behind a previous configuration.
    pub fn load_in(&self, mode: Mode, previous: Option<&Configuration>) -> Result<Loaded, Vec<String>> {
        let mut files = self.files.clone();
        files.entry("zones/example.com.zone".into()).or_insert_with(|| self.zone.clone().into());
        files.insert("zones/example.com.toml".into(), self.settings.clone().into());
        files.insert("geoip/maps.toml".into(), self.maps.clone().into());
        let loaded = config::load(&Files::Memory(files), Path::new("meridian.toml"), mode, previous);
        loaded.map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    /// That it is refused, with these words among those of its faults.
    pub fn refused(&self, words: &str) {
        match self.load() {
            Ok(_) => panic!("taken, and not refused with {words:?}:\n{}", self.settings),
            Err(faults) => {
                let said = faults.iter().any(|fault| fault.contains(": error: ") && fault.contains(words));
                assert!(
                    said,
                    "{words:?} is not among\n{}\nof\n{}{}",
                    faults.join("\n"),
                    self.maps,
                    self.settings
                );
            }
        }
    }

    /// Its warnings.
    pub fn warnings(&self) -> Vec<String> {
        let loaded = self.load().unwrap_or_else(|faults| panic!("{}\n{}", faults.join("\n"), self.settings));
        loaded.warnings.iter().map(ToString::to_string).collect()
    }

    /// That it is taken with a warning of these words.
    pub fn warned(&self, words: &str) {
        let warnings = self.warnings();
        assert!(
            warnings.iter().any(|warning| warning.contains(words)),
            "{words:?} is not among {warnings:#?}"
        );
    }

    /// Served.
    pub fn serve(&self) -> Server {
        let loaded = self.load().unwrap_or_else(|faults| {
            panic!("{}\n{}{}{}", faults.join("\n"), self.zone, self.maps, self.settings)
        });
        let names = self.members.iter();
        let names = names.flat_map(|(name, addresses, _)| addresses.map(|address| (address, name.clone())));
        let holds = self.members.iter().map(|(name, _, holds)| (name.clone(), *holds)).collect();
        let tracker = |address: IpAddr, monitors: &[String]| self.tracker(address, monitors);
        let standing = |pool: &str| {
            let planned = self.planned.iter().find(|(name, _)| name == pool);
            planned.map_or(NEVER, |&(_, seconds)| seconds)
        };
        Server::new(loaded.configuration, names.collect(), &holds, self.moment, &standing, &tracker)
    }

    /// A line of `members`, with further keys; the letter is taken down.
    fn member(&mut self, pool: &str, index: usize, word: &str, further: &str) -> String {
        let (letter, rest) = word.split_at(1);
        let (rest, group) = rest.split_once('@').unwrap_or((rest, ""));
        let (weight, family) = rest.split_once('/').unwrap_or((rest, ""));
        let last = index as u8 + 1;
        let [ipv4, ipv6] = [
            IpAddr::from(Ipv4Addr::new(198, 51, self.pools, last)),
            IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0x51, self.pools.into(), 0, 0, 0, last.into())),
        ];
        let address = match family {
            "4" => format!("\"{ipv4}\""),
            "6" => format!("\"{ipv6}\""),
            _ => format!("[\"{ipv4}\", \"{ipv6}\"]"),
        };
        let (tracker, hold, admin) = match letter {
            "u" => (up(0), Hold::Free, ""),
            "d" => (down(0), Hold::Free, ""),
            "?" => (Tracker::new(), Hold::Free, ""),
            "U" => (down(0), Hold::Free, "forced up"),
            "D" => (up(0), Hold::Free, "drained"),
            "F" => (up(0), Hold::Free, "forced down"),
            "s" => (down(0), Hold::Suspect, ""),
            "w" => (up(0), Hold::AwaitsResume, ""),
            _ => panic!("{letter:?} is no letter of a member"),
        };
        let name = format!("{pool}{index}");
        self.observed.insert(0, Observed { member: name.clone(), family: None, monitor: None, tracker });
        self.members.push((name, [ipv4, ipv6], [hold; 3]));
        let admin = if admin.is_empty() { String::new() } else { format!(", admin = \"{admin}\"") };
        let group = if group.is_empty() { String::new() } else { format!(", group = \"{group}\"") };
        format!("  {{ name = \"m{index}\", address = {address}, weight = {weight}{admin}{group}{further} }},")
    }

    /// What was observed last of an address under a monitor of one of these names; one that is no member's goes by itself.
    fn tracker(&self, address: IpAddr, monitors: &[String]) -> Tracker {
        let member = self.members.iter().find(|(_, addresses, _)| addresses.contains(&address));
        let name = member.map_or_else(|| address.to_string(), |(name, ..)| name.clone());
        let fits = |observed: &&Observed| {
            observed.member == name
                && observed.family.is_none_or(|family| family == Family::of(address))
                && observed.monitor.as_ref().is_none_or(|monitor| monitors.contains(monitor))
        };
        self.observed
            .iter()
            .rev()
            .find(fits)
            .unwrap_or_else(|| panic!("nothing was observed of {address}"))
            .tracker
    }
}
