//! The branches of a map: everything that an operator wrote which can decide.

use std::collections::BTreeSet;
use std::fmt;

use super::codes;
use super::level::Level;
use super::lines::RuleLines;
use super::rules::MapRules;
use crate::fault::Line;

/// An entry of a map that can decide, as [`super::LevelStep`] names it. The countries of a region are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Branch {
    /// The level.
    pub level: Level,
    /// The entry, as the table has it; `None` for `default`.
    pub entry: Option<String>,
    /// Where it stands.
    pub line: Option<Line>,
}

/// All branches of a map, in the order of precedence, and within a table as written.
pub fn branches(rules: &MapRules, lines: &RuleLines) -> Vec<Branch> {
    let branch = |level, index: usize, entry| Branch { level, entry, line: lines.line(level, index) };
    let country = |index: usize, code| lines.region(index).map_or_else(|| codes::text(code), str::to_owned);
    let of = |level, entries: Vec<String>| {
        entries.into_iter().enumerate().map(move |(index, entry)| (level, index, Some(entry)))
    };
    let network = rules.network.iter().map(|(network, _)| network.to_string());
    let asn = rules.asn.iter().map(|(asn, _)| asn.to_string());
    let city = rules.city.iter().map(|(city, _)| city.to_string());
    let subdivision = rules.subdivision.iter().map(|(code, _)| code.clone());
    let countries = rules.country.iter().enumerate().map(|(index, (code, _))| country(index, *code));
    let continent = rules.continent.iter().map(|(code, _)| codes::text(*code));
    let nearest = rules.nearest.iter().map(u16::to_string);
    let all = of(Level::Network, network.collect())
        .chain(of(Level::Asn, asn.collect()))
        .chain(of(Level::City, city.collect()))
        .chain(of(Level::Subdivision, subdivision.collect()))
        .chain(of(Level::Country, countries.collect()))
        .chain(of(Level::Continent, continent.collect()))
        .chain(of(Level::Nearest, nearest.collect()))
        .chain([(Level::Default, 0, None)]);
    let mut seen = BTreeSet::new();
    all.map(|(level, index, entry)| branch(level, index, entry))
        .filter(|branch| seen.insert(branch.clone()))
        .collect()
}

/// `country DE at geoip/maps.toml:12`.
impl fmt::Display for Branch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.level)?;
        if let Some(entry) = &self.entry {
            write!(formatter, " {entry}")?;
        }
        match &self.line {
            Some(line) => write!(formatter, " at {line}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Prefix, SiteId};
    use super::*;

    #[test]
    fn every_entry_is_a_branch_and_a_region_is_one() {
        let sites = || vec![SiteId(0)];
        let rules = MapRules {
            network: vec![(Prefix { address: "192.0.2.0".parse().unwrap(), length: 24 }, sites())],
            asn: vec![(64500, sites())],
            country: vec![(*b"DE", sites()), (*b"AT", sites()), (*b"FR", sites())],
            continent: vec![(*b"EU", sites())],
            nearest: Some(2),
            default: sites(),
            ..MapRules::default()
        };
        let region = || Some("dach".into());
        let lines = RuleLines { regions: vec![region(), region(), None], ..RuleLines::default() };
        let found: Vec<String> = branches(&rules, &lines).iter().map(ToString::to_string).collect();
        let expected = [
            "network 192.0.2.0/24",
            "asn 64500",
            "country dach",
            "country FR",
            "continent EU",
            "nearest 2",
            "default",
        ];
        assert_eq!(found, expected);
    }
}
