//! What is different in the files themselves, whoever feels it: databases, maps, pools, rules, records.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::net::IpAddr;

use super::NameAndType;
use crate::geo::{SiteId, codes};
use crate::health::{AdminState, TargetId};
use crate::snapshot::{self, Configuration, GeoSource, Snapshot};
use crate::steer::{AllDown, Content, Empty, Member, MinHealthy, Pool, PoolKind, PoolUse, Require, Rule};
use crate::wire::{Family, Name};
use crate::zone::{print_data, record_type};

/// What is different in the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// Databases that hold something else.
    pub databases: Vec<DatabaseDifference>,
    /// Maps, by name.
    pub maps: Vec<Difference>,
    /// Pools, by name.
    pub pools: Vec<Difference>,
    /// Rules on both sides, with the names whose rules differ alike.
    pub rules: Vec<RuleDifference>,
    /// Zones whose records that are not steered differ, or that are on one side only.
    pub zones: Vec<ZoneDifference>,
}

/// What is different about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// What is different, key by key. Of something that is on one side only, one line without a key.
    pub lines: Vec<Line>,
}

/// One key that is different: `weight of member a: 1 → 2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which key.
    pub key: String,
    /// What it was; `None` where there was none.
    pub old: Option<String>,
    /// What it is; `None` where there is none.
    pub new: Option<String>,
}

/// A rule that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleDifference {
    /// The names whose rules differ alike.
    pub names: Vec<NameAndType>,
    /// How.
    pub lines: Vec<Line>,
}

/// A database that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseDifference {
    /// Its path as configured, or `built-in`.
    pub name: String,
    /// The old one; `None` where there was none.
    pub old: Option<DatabaseFacts>,
    /// The new one; `None` where there is none.
    pub new: Option<DatabaseFacts>,
}

/// What is told of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// When it was built, in seconds since 1970.
    pub built_at: u64,
    /// Networks with a usable record.
    pub networks: usize,
    /// Distinct countries.
    pub countries: usize,
}

/// A zone with other records that are not steered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneDifference {
    /// The apex.
    pub apex: Name,
    /// The serial on the old side; `None` where the zone is new.
    pub old_serial: Option<u32>,
    /// The serial on the new side; `None` where the zone is gone.
    pub new_serial: Option<u32>,
    /// How many names have other records.
    pub names: usize,
}

/// Compares what two generations were loaded from.
pub(super) fn between(sides: [&Snapshot; 2]) -> Differences {
    let configurations = sides.map(|side| &*side.configuration);
    Differences {
        databases: databases(configurations),
        maps: by_name(configurations.map(maps)),
        pools: by_name(configurations.map(pools)),
        rules: rules(configurations),
        zones: zones(configurations),
    }
}

/// What is written of one thing: keys and values, in the order of writing.
type Written = Vec<(String, String)>;

/// The things of both sides that are different.
fn by_name([old, new]: [BTreeMap<String, Written>; 2]) -> Vec<Difference> {
    let mut names: Vec<&String> =
        old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))).collect();
    names.sort_unstable();
    let difference = |name: &String| {
        let lines = match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => lines(old, new),
            (old, new) => {
                let there = || "present".to_owned();
                vec![Line { key: String::new(), old: old.map(|_| there()), new: new.map(|_| there()) }]
            }
        };
        Difference { name: name.clone(), lines }
    };
    names.into_iter().map(difference).filter(|difference| !difference.lines.is_empty()).collect()
}

/// The keys whose values differ, in the order of the new side, then those that only the old one has.
fn lines(old: &Written, new: &Written) -> Vec<Line> {
    let [of_old, of_new] = [old, new].map(|written| {
        written.iter().map(|(key, value)| (key, value)).collect::<HashMap<&String, &String>>()
    });
    let gone = old.iter().map(|(key, _)| key).filter(|key| !of_new.contains_key(key));
    let keys = new.iter().map(|(key, _)| key).chain(gone);
    let value = |of: &HashMap<&String, &String>, key: &String| of.get(key).map(|&value| value.clone());
    let line = |key: &String| Line { key: key.clone(), old: value(&of_old, key), new: value(&of_new, key) };
    keys.map(line).filter(|line| line.old != line.new).collect()
}

fn databases(sides: [&Configuration; 2]) -> Vec<DatabaseDifference> {
    let name = |source: &GeoSource| match &source.path {
        Some(path) if !source.builtin => path.clone(),
        _ => source.database.name().to_owned(),
    };
    let [old, new] = sides.map(|side| {
        side.geo.iter().map(|source| (name(source), source)).collect::<BTreeMap<String, &GeoSource>>()
    });
    let facts = |source: &&GeoSource| {
        let (networks, countries) = source.database.coverage();
        DatabaseFacts { built_at: source.database.built_at(), networks, countries }
    };
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let digest = |source: Option<&&GeoSource>| source.map(|source| source.database.digest());
    let differs = |name: &&String| digest(old.get(*name)) != digest(new.get(*name));
    let difference = |name: &String| DatabaseDifference {
        name: name.clone(),
        old: old.get(name).map(facts),
        new: new.get(name).map(facts),
    };
    names.into_iter().filter(differs).map(difference).collect()
}

fn maps(side: &Configuration) -> BTreeMap<String, Written> {
    let written = |map: &snapshot::Map| {
        let rules = map.table.rules();
        let sites = |sites: &[SiteId]| {
            let names = sites.iter().map(|site| side.sites[usize::from(site.0)].name.as_str());
            format!("[{}]", names.collect::<Vec<_>>().join(", "))
        };
        let mut written = vec![
            ("ecs".to_owned(), map.ecs.to_string()),
            ("default".to_owned(), sites(&rules.default)),
            ("nearest".to_owned(), rules.nearest.map_or("none".to_owned(), |nearest| nearest.to_string())),
        ];
        let mut add = |level: &str, key: &dyn Display, listed: &[SiteId]| {
            written.push((format!("{level} {key}"), sites(listed)));
        };
        rules.network.iter().for_each(|(network, listed)| add("network", network, listed));
        rules.asn.iter().for_each(|(asn, listed)| add("asn", asn, listed));
        rules.city.iter().for_each(|(city, listed)| add("city", &format!("{city:?}"), listed));
        rules.subdivision.iter().for_each(|(code, listed)| add("subdivision", code, listed));
        let text = codes::text;
        rules.country.iter().for_each(|&(code, ref listed)| add("country", &text(code), listed));
        rules.continent.iter().for_each(|&(code, ref listed)| add("continent", &text(code), listed));
        (map.table.name().to_owned(), written)
    };
    side.maps.iter().map(written).collect()
}

fn pools(side: &Configuration) -> BTreeMap<String, Written> {
    side.pools.iter().map(|pool| (pool.name.clone(), pool_written(side, pool))).collect()
}

fn pool_written(side: &Configuration, pool: &Pool) -> Written {
    let site = pool.site.map(|site| side.sites[usize::from(site.0)].name.clone());
    let min_healthy = match pool.min_healthy {
        MinHealthy::Count(count) => count.to_string(),
        MinHealthy::Fraction { numerator, denominator } => format!("{numerator}/{denominator}"),
    };
    let mut written = vec![
        ("site".to_owned(), site.unwrap_or_else(|| "none".to_owned())),
        ("pick".to_owned(), pool.pick.to_string()),
        ("min_healthy".to_owned(), min_healthy),
    ];
    let members = pool.members.iter();
    written.extend(
        members.map(|member| (format!("member {}", member.name), member_written(side, pool.kind, member))),
    );
    written
}

/// `192.0.2.1 2001:db8::1, weight 1, drained, monitors web`.
fn member_written(side: &Configuration, kind: PoolKind, member: &Member) -> String {
    let addresses = Family::BOTH.iter().filter_map(|&family| member.address(family));
    let addresses: Vec<String> = addresses.map(|address: IpAddr| address.to_string()).collect();
    let mut parts = match kind {
        PoolKind::Addresses => Vec::new(),
        PoolKind::Records(rtype) => {
            let print = |data: &[u8]| format!("{} {}", record_type::name(rtype), print_data(rtype, data));
            member.data.iter().map(|data| print(data)).collect()
        }
    };
    if !addresses.is_empty() {
        parts.push(addresses.join(" "));
    }
    parts.push(format!("weight {}", member.weight));
    if member.admin != AdminState::Auto {
        parts.push(member.admin.to_string());
    }
    let monitor = |target: &TargetId| {
        let target = &side.targets[target.0 as usize];
        side.monitors[target.monitor].names.join("/")
    };
    let mut monitors: Vec<String> = member.targets.iter().flatten().map(monitor).collect();
    monitors.sort_unstable();
    monitors.dedup();
    if !monitors.is_empty() {
        parts.push(format!("monitors {}", monitors.join(" ")));
        if let Require::AtLeast(count) = member.require {
            parts.push(format!("require {count}"));
        }
    }
    parts.join(", ")
}

fn rules(sides: [&Configuration; 2]) -> Vec<RuleDifference> {
    let [old, new] = sides.map(|side| {
        let labels = side.rule_labels.iter().zip(&side.rules);
        labels
            .map(|(label, rule)| ((&label.owner, label.rtype), rule_written(side, rule)))
            .collect::<BTreeMap<(&Name, u16), Written>>()
    });
    let mut differences: Vec<RuleDifference> = Vec::new();
    for (&(owner, rtype), new) in &new {
        let lines = old.get(&(owner, rtype)).map(|old| lines(old, new)).unwrap_or_default();
        if lines.is_empty() {
            continue;
        }
        let name = NameAndType { owner: owner.clone(), rtype };
        match differences.iter_mut().find(|known| known.lines == lines) {
            Some(alike) => alike.names.push(name),
            None => differences.push(RuleDifference { names: vec![name], lines }),
        }
    }
    differences
}

fn rule_written(side: &Configuration, rule: &Rule) -> Written {
    let used = |pool: &PoolUse| {
        let PoolUse { pool, set } = *pool;
        let pool = &side.pools[pool.0 as usize];
        match (pool.kind, rule.content) {
            (PoolKind::Addresses, Content::Data) => format!("{} (hints)", pool.name),
            _ => format!("{} (answers {})", pool.name, pool.answers[usize::from(set)]),
        }
    };
    let pools: Vec<String> = rule.pools.iter().map(used).collect();
    let map = rule.map.map(|map| side.maps[map as usize].table.name().to_owned());
    let all_down = match &rule.all_down {
        AllDown::All => "all".to_owned(),
        AllDown::Default => "default".to_owned(),
        AllDown::None => "none".to_owned(),
        AllDown::Pool(pool) => format!("pool {}", used(pool)),
    };
    let empty = match rule.empty {
        Empty::Default => "default",
        Empty::NoData => "nodata",
    };
    let written = [
        ("pools", pools.join(", ")),
        ("map", map.unwrap_or_else(|| "none".to_owned())),
        ("all_down", all_down),
        ("empty", empty.to_owned()),
        ("min_ttl", rule.min_ttl.to_string()),
        ("TTL of the default RRset", rule.max_ttl.to_string()),
    ];
    written.map(|(key, value)| (key.to_owned(), value)).into()
}

fn zones(sides: [&Configuration; 2]) -> Vec<ZoneDifference> {
    let [old, new] = sides
        .map(|side| side.zones.iter().map(|file| (file.zone.apex(), file)).collect::<BTreeMap<&Name, _>>());
    let mut apexes: Vec<&Name> = old.keys().chain(new.keys()).copied().collect();
    apexes.sort_unstable();
    apexes.dedup();
    let difference = |apex: &Name| {
        let [old, new] = [old.get(apex), new.get(apex)];
        let names = match (old, new) {
            (Some(old), Some(new)) if old.digest == new.digest && old.includes == new.includes => 0,
            (Some(old), Some(new)) => old.zone.names_unlike(&new.zone),
            (Some(one), None) | (None, Some(one)) => one.zone.name_count(),
            (None, None) => 0,
        };
        let [old_serial, new_serial] = [old, new].map(|file| file.map(|file| file.zone.serial()));
        ZoneDifference { apex: apex.clone(), old_serial, new_serial, names }
    };
    apexes.into_iter().map(difference).filter(|difference| difference.names > 0).collect()
}
