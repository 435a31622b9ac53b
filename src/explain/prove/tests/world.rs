//! Small worlds: pools at three sites under one rule, and the snapshot that a server would serve in some state of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{self, Files, Mode};
use crate::geo::SiteId;
use crate::health::{State, TargetId};
use crate::snapshot::{Configuration, Snapshot};
use crate::steer::{NEVER, PoolId, Seats, Stand, TargetHealth, standing};
use crate::wire::{Content, Family};

pub(super) const SITES: [&str; 3] = ["fra", "iad", "sin"];

/// A Friday noon, from which on all is proven.
pub(super) const FROM: u64 = 1_795_176_000;

/// A pool at a site.
#[derive(Debug, Clone, Default)]
pub(super) struct PoolText {
    pub(super) members: Vec<MemberText>,
    /// Further lines of it.
    pub(super) lines: String,
}

/// A member.
#[derive(Debug, Clone)]
pub(super) struct MemberText {
    /// Whether it is probed; those that are not stand in a pool of their own.
    pub(super) watched: bool,
    /// The last octet of its address; several may share one.
    pub(super) last: u8,
    /// Further keys of it.
    pub(super) keys: String,
}

/// A pool of probed members with these addresses, and further lines.
pub(super) fn pool(addresses: impl IntoIterator<Item = u8>, lines: &str) -> PoolText {
    let member = |last| MemberText { watched: true, last, keys: String::new() };
    PoolText { members: addresses.into_iter().map(member).collect(), lines: lines.to_owned() }
}

/// What is loaded of pools, one at each site in turn, under a rule with these further lines.
pub(super) fn configuration(pools: &[PoolText], rule: &str) -> Configuration {
    let maps = "[site.fra]\n[site.iad]\n[site.sin]\n[map.world]\ndefault = [\"fra\", \"iad\"]\n[map.world.network]\n\
                \"44.0.0.0/8\" = [\"sin\", \"iad\"]\n\"45.0.0.0/8\" = [\"iad\"]\n\"46.0.0.0/8\" = []\n";
    let mut steering = String::new();
    let mut names = Vec::new();
    for (number, text) in pools.iter().enumerate() {
        for watched in [true, false] {
            let own = text.members.iter().enumerate().filter(|(_, member)| member.watched == watched);
            let one = |(index, MemberText { last, keys, .. }): (usize, &MemberText)| {
                format!("{{ name = \"m{index}\", address = \"192.0.2.{last}\"{keys} }}")
            };
            let members: Vec<String> = own.map(one).collect();
            if members.is_empty() {
                continue;
            }
            let (site, again) =
                (SITES[number % SITES.len()], if number < SITES.len() { "" } else { "-again" });
            let (monitor, unwatched) = if watched { ("monitor = \"web\"\n", "") } else { ("", "-unwatched") };
            let lines = if watched { text.lines.as_str() } else { "" };
            let name = format!("{site}{again}{unwatched}");
            let members = members.join(", ");
            let _ = writeln!(
                steering,
                "[pool.{name}]\nsite = \"{site}\"\n{monitor}{lines}\nmembers = [{members}]"
            );
            names.push(format!("\"{name}\""));
        }
    }
    let names = names.join(", ");
    let _ = writeln!(steering, "[[steer]]\nname = \"www\"\nmap = \"world\"\npools = [{names}]\n{rule}");
    loaded(maps, &steering)
}

/// What is loaded of a file of sites and maps, and of pools and rules; there is a monitor `web`.
pub(super) fn loaded(maps: &str, steering: &str) -> Configuration {
    let zone =
        "$ORIGIN example.com.\n$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.10\n";
    let steering = format!("[monitor.web]\nprobe = {{ tcp = {{}} }}\nport = 80\n{steering}");
    let main =
        "[server]\nlisten = \"127.0.0.1:53\"\n[zones]\nfolder = \"zones\"\n[geo]\nmaps = \"maps.toml\"\n";
    let files = [
        ("meridian.toml", main),
        ("maps.toml", maps),
        ("zones/example.com.zone", zone),
        ("zones/example.com.toml", &steering),
    ];
    let files: BTreeMap<PathBuf, Vec<u8>> =
        files.map(|(path, text)| (path.into(), text.as_bytes().to_vec())).into();
    match config::load(&Files::Memory(files), Path::new("meridian.toml"), Mode::Check, None) {
        Ok(loaded) => loaded.configuration,
        Err(faults) => {
            let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
            panic!("{messages:?}\n{steering}")
        }
    }
}

/// What is down: sites and addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Outage {
    pub(super) sites: BTreeSet<SiteId>,
    pub(super) addresses: BTreeSet<IpAddr>,
}

impl Outage {
    /// Every one of up to so many sites and addresses of a world.
    pub(super) fn all(configuration: &Configuration, sites: u8, failures: u8) -> Vec<Outage> {
        let addresses: BTreeSet<_> = configuration.targets.iter().map(|target| target.key.address).collect();
        let addresses: Vec<_> = addresses.into_iter().collect();
        let all_sites: Vec<SiteId> = (0..configuration.sites.len() as u16).map(SiteId).collect();
        let lost = subsets(&all_sites, sites.into());
        let failed = subsets(&addresses, failures.into());
        let with = |sites: &BTreeSet<SiteId>, addresses: &BTreeSet<IpAddr>| Outage {
            sites: sites.clone(),
            addresses: addresses.clone(),
        };
        lost.iter().flat_map(|sites| failed.iter().map(move |addresses| with(sites, addresses))).collect()
    }

    /// Whether it is a part of another.
    pub(super) fn is_within(&self, other: &Outage) -> bool {
        self.sites.is_subset(&other.sites) && self.addresses.is_subset(&other.addresses)
    }

    /// Whether it takes a target down.
    pub(super) fn has(&self, configuration: &Configuration, target: TargetId) -> bool {
        let at_lost_site = || {
            let is_lost = |site: SiteId| self.sites.contains(&site);
            let pools = configuration.pools.iter().filter(|pool| pool.site.is_some_and(is_lost));
            let mut targets =
                pools.flat_map(|pool| &pool.members).flat_map(|member| member.targets.iter().flatten());
            targets.any(|own| *own == target)
        };
        self.addresses.contains(&configuration.targets[target.0 as usize].key.address) || at_lost_site()
    }
}

/// One moment of a running server: all that its answers depend on.
pub(super) struct Now<'n> {
    pub(super) configuration: &'n Arc<Configuration>,
    pub(super) moment: u64,
    pub(super) outage: Outage,
    /// Targets that nothing has been heard of, unless they are down.
    pub(super) unknown: BTreeSet<TargetId>,
    /// What the keeper holds of the members of each pool, with IPv4.
    pub(super) seats: BTreeMap<PoolId, Seats>,
}

impl<'n> Now<'n> {
    /// All up.
    pub(super) fn new(configuration: &'n Arc<Configuration>, moment: u64) -> Now<'n> {
        let mut seats = BTreeMap::new();
        for (pool, id) in configuration.pools.iter().zip(0..) {
            let index = Family::V4.index();
            let state = |own: &[TargetId]| (!own.is_empty()).then_some(State::Up);
            let states = pool.members.iter().map(|member| state(&member.targets[index]));
            seats.insert(PoolId(id), Seats::new(states));
        }
        Now { configuration, moment, outage: Outage::default(), unknown: BTreeSet::new(), seats }
    }

    /// Brings an outage about, member by member in the order that `order` sorts them by, each after so many seconds.
    pub(super) fn bring(&mut self, outage: Outage, each: u64, order: impl Fn(PoolId, usize) -> u64) {
        let configuration = self.configuration;
        let before = std::mem::replace(&mut self.outage, outage);
        let mut changes = Vec::new();
        for (pool, id) in configuration.pools.iter().zip(0..) {
            for (index, member) in pool.members.iter().enumerate() {
                let Some(&target) = member.targets[Family::V4.index()].first() else { continue };
                let is_down = self.outage.has(configuration, target);
                if is_down != before.has(configuration, target) {
                    changes.push((is_down, order(PoolId(id), index), PoolId(id), index));
                }
            }
        }
        // Who comes back does so first: never is more down than in one of the two outages.
        changes.sort_unstable();
        for (is_down, _, id, index) in changes {
            let state = if is_down { State::Down } else { State::Up };
            self.moment += each;
            let turnover = configuration.pools[id.0 as usize].turnover;
            self.seats.get_mut(&id).unwrap().observe(&turnover, index, state, self.moment);
        }
    }

    /// The health of a target.
    pub(super) fn health(&self, target: TargetId) -> TargetHealth {
        let state = match (self.outage.has(self.configuration, target), self.unknown.contains(&target)) {
            (true, _) => State::Down,
            (false, true) => State::Unknown,
            (false, false) => State::Up,
        };
        TargetHealth { state, soonest_flip: 0 }
    }

    /// What is served, with IPv4.
    pub(super) fn snapshot(&self) -> Snapshot {
        let stand = |id: PoolId, content: Content| {
            let pool = &self.configuration.pools[id.0 as usize];
            let seats = self.seats.get(&id).map(|seats| Content::ALL.map(|_| seats.clone()));
            let pool = standing(pool, content, seats.as_ref(), self.moment).map(Arc::new);
            Stand { pool, planned_change: NEVER }
        };
        Snapshot::of_standing(1, Arc::clone(self.configuration), &stand, &|target| self.health(target))
    }
}

/// Every set of up to `most` of the items.
pub(super) fn subsets<T: Copy + Ord>(items: &[T], most: usize) -> BTreeSet<BTreeSet<T>> {
    let mut all = BTreeSet::from([BTreeSet::new()]);
    for _ in 0..most {
        let more: Vec<BTreeSet<T>> = all
            .iter()
            .flat_map(|set: &BTreeSet<T>| {
                items.iter().map(|&item| set.iter().copied().chain([item]).collect())
            })
            .collect();
        all.extend(more);
    }
    all
}
