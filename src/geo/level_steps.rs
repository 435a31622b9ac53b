//! What came of each level of a map for one client, and why.

use std::net::IpAddr;

use super::codes;
use super::database::Database;
use super::decide::{Decider, Decision, origin};
use super::level::{Level, LevelOutcome, LevelStep};
use super::lines::RuleLines;
use super::merged::{Merged, Said};
use super::place::city_in_words;
use super::rules::MapRules;

/// What the levels of a map look at for one client.
pub(super) struct Scene<'a> {
    pub(super) rules: &'a MapRules,
    pub(super) lines: &'a RuleLines,
    pub(super) databases: &'a [&'a Database],
    pub(super) decider: &'a Decider<'a>,
    /// What the databases say of the client.
    pub(super) known: &'a Merged,
    /// Its address, as databases and networks are asked for it.
    pub(super) client: IpAddr,
}

/// What a level looks at, and the database that says it.
type LookedAt = Option<(String, Option<usize>)>;

impl Scene<'_> {
    /// All levels; `network` is the entry of the longest network that holds the client.
    pub(super) fn levels(&self, network: Option<usize>) -> Vec<LevelStep> {
        let mut decided = None;
        Level::ALL.map(|level| self.step(level, network, &mut decided)).into()
    }

    fn step(&self, level: Level, network: Option<usize>, decided: &mut Option<Level>) -> LevelStep {
        let decision = match level {
            Level::Network => network.map(|entry| self.by_network(entry)),
            Level::Nearest => self.decider.nearest(self.known),
            Level::Default => Some(self.decider.default()),
            _ => self.decider.by_table(level, self.known),
        };
        let looked_at = self.looked_at(level);
        let outcome = match (&decision, *decided) {
            (Some(_), None) => LevelOutcome::Decides,
            (Some(_), Some(above)) => LevelOutcome::Beaten(above),
            (None, _) if self.has_no_table(level) => LevelOutcome::NoTable,
            (None, _) if looked_at.is_none() => LevelOutcome::NoRecord,
            (None, _) => LevelOutcome::NotInTable,
        };
        if outcome == LevelOutcome::Decides {
            *decided = Some(level);
        }
        let (looked_at, said_by) = looked_at.unzip();
        LevelStep {
            level,
            looked_at,
            said_by: said_by.flatten().map(|by| self.databases[by].name().to_owned()),
            outcome,
            entry: decision.as_ref().and_then(|decision| self.entry(decision)),
            line: decision.as_ref().and_then(|decision| self.lines.line(level, decision.entry)),
            sites: decision.map(|decision| decision.sites.into_owned()).unwrap_or_default(),
        }
    }

    fn by_network(&self, entry: usize) -> Decision<'_> {
        let sites = self.rules.network[entry].1.as_slice().into();
        Decision { level: Level::Network, entry, origin: None, sites }
    }

    fn has_no_table(&self, level: Level) -> bool {
        let rules = self.rules;
        match level {
            Level::Network => rules.network.is_empty(),
            Level::Asn => rules.asn.is_empty(),
            Level::City => rules.city.is_empty(),
            Level::Subdivision => rules.subdivision.is_empty(),
            Level::Country => rules.country.is_empty(),
            Level::Continent => rules.continent.is_empty(),
            Level::Nearest => rules.nearest.is_none(),
            Level::Default => false,
        }
    }

    fn looked_at(&self, level: Level) -> LookedAt {
        let known = self.known;
        match level {
            Level::Network => Some((self.client.to_string(), None)),
            Level::Asn => said(known.asn, |asn| format!("AS{asn}")),
            Level::City => self.city(),
            Level::Subdivision => said(known.subdivision, |subdivision| subdivision.code().to_owned()),
            Level::Country => said(known.country, codes::text),
            Level::Continent => said(known.continent, codes::text),
            Level::Nearest => {
                let by = known.location.map(|said| said.by).or(known.country.map(|said| said.by));
                origin(known).map(|origin| (origin.to_string(), by))
            }
            Level::Default => None,
        }
    }

    fn city(&self) -> LookedAt {
        let (id, name) = (self.known.city, self.known.city_name);
        let by = name.map(|name| name.by).or(id.map(|id| id.by));
        let name = name.map(|name| self.databases[name.by].city_name(name.value));
        Some((city_in_words(name, id.map(|id| id.value))?, by))
    }

    /// An entry as the table has it.
    fn entry(&self, decision: &Decision<'_>) -> Option<String> {
        let (rules, entry) = (self.rules, decision.entry);
        match decision.level {
            Level::Network => Some(rules.network[entry].0.to_string()),
            Level::Asn => Some(rules.asn[entry].0.to_string()),
            Level::City => Some(rules.city[entry].0.to_string()),
            Level::Subdivision => Some(rules.subdivision[entry].0.clone()),
            Level::Country => {
                let region = self.lines.region(entry).map(str::to_owned);
                region.or_else(|| Some(codes::text(rules.country[entry].0)))
            }
            Level::Continent => Some(codes::text(rules.continent[entry].0)),
            Level::Nearest => rules.nearest.map(|count| count.to_string()),
            Level::Default => None,
        }
    }
}

fn said<T>(said: Option<Said<T>>, in_words: impl Fn(T) -> String) -> LookedAt {
    said.map(|Said { value, by }| (in_words(value), Some(by)))
}
