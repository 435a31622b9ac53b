//! A file of monitors and pools, and beside a zone of rules too.

use std::sync::Arc;

use crate::config::document::{self, Value};
use crate::config::limits;
use crate::config::text::{self, Faults, Later, Parsed, Reader, Written, list, sound, unplaced};
use crate::fault::Source;

use super::access::AccessSpec;
use super::assertion::{self, AssertSpec};
use super::expect::ExpectSpec;
use super::monitor::{self, MonitorSpec};
use super::pool::{self, PoolSpec};
use super::rule::{self, RuleSpec};
use super::{Named, named_tables};

/// What one such file says.
#[derive(Debug, Default)]
pub(crate) struct SteeringSpec {
    /// `[monitor.NAME]`.
    pub(crate) monitors: Vec<Named<MonitorSpec>>,
    /// `[pool.NAME]`.
    pub(crate) pools: Vec<Named<PoolSpec>>,
    /// `[[steer]]`.
    pub(crate) rules: Vec<Written<RuleSpec>>,
    /// Whether there may be rules, or names of them, that could not be read.
    pub(crate) lacks_rules: bool,
    /// `[access]`.
    pub(crate) access: Option<AccessSpec>,
    /// `[[expect]]`.
    pub(crate) expectations: Vec<Written<ExpectSpec>>,
    /// `[[assert]]`; those without a fault.
    pub(crate) assertions: Vec<Written<AssertSpec>>,
}

const ELSEWHERE: &[Later] = &[
    ("site", "sites stand in the file that `maps` of `[geo]` names"),
    ("map", "maps stand in the file that `maps` of `[geo]` names"),
    ("include", "only meridian.toml includes files"),
    ("panic", "it belongs into a pool"),
    ("schedule", "it belongs into a member, a pool or a site: `schedule = [{ … }]`"),
    ("rule", "rules are called `[[steer]]`"),
];

const NO_RULES_HERE: &[Later] = &[
    ("access", "it stands in the file beside its zone, `zones/NAME.toml`, or in meridian.toml for all zones"),
    ("steer", "rules stand in the file beside their zone: `zones/NAME.toml`"),
    ELSEWHERE[0],
    ELSEWHERE[1],
    ELSEWHERE[2],
];

impl SteeringSpec {
    /// The kinds of names that such files define.
    pub(crate) const DEFINES: [&'static str; 2] = ["monitor", "pool"];

    /// Reads a file that stands beside a zone.
    pub(crate) fn read_of_zone(source: &Arc<Source>, faults: &Faults) -> SteeringSpec {
        SteeringSpec::read(source, true, faults)
    }

    /// Reads a file that `meridian.toml` includes: no rules, which belong to a zone.
    pub(crate) fn read_included(source: &Arc<Source>, faults: &Faults) -> SteeringSpec {
        SteeringSpec::read(source, false, faults)
    }

    fn read(source: &Arc<Source>, of_zone: bool, faults: &Faults) -> SteeringSpec {
        let table = document::read(source, &SteeringSpec::DEFINES, faults);
        let mut reader = Reader::new(&table, "this file", faults);
        let monitors = reader.optional("monitor", |value, faults| {
            Ok(named_tables(text::table(value, faults)?, "monitor", limits::MONITORS, faults, monitor::read))
        });
        let pools = reader.optional("pool", |value, faults| {
            Ok(named_tables(text::table(value, faults)?, "pool", limits::POOLS, faults, pool::read))
        });
        let rules = if of_zone { reader.optional("steer", read_rules) } else { Ok(None) };
        let access = if of_zone { reader.lenient("access", AccessSpec::read) } else { None };
        let expectations = faults.aside(|| reader.lenient("expect", super::expect::read_all));
        let assertions = faults.aside(|| reader.lenient("assert", assertion::read_all));
        reader.finish(if of_zone { ELSEWHERE } else { NO_RULES_HERE });
        let unread = [monitors.is_err(), pools.is_err()];
        super::doubt_unread(&table, SteeringSpec::DEFINES.into_iter().zip(unread), faults);
        let named = |rules: &Vec<Written<RuleSpec>>| rules.iter().all(|rule| rule.all_names.is_ok());
        let all_rules = rules.as_ref().is_ok_and(|rules| rules.as_ref().is_none_or(|rules| named(rules)));
        SteeringSpec {
            lacks_rules: !all_rules || faults.has_lost(source),
            monitors: monitors.map(unplaced).ok().flatten().unwrap_or_default(),
            pools: pools.map(unplaced).ok().flatten().unwrap_or_default(),
            rules: rules.map(unplaced).ok().flatten().unwrap_or_default(),
            access: unplaced(access),
            expectations: unplaced(expectations).unwrap_or_default(),
            assertions: unplaced(assertions).map(sound).unwrap_or_default(),
        }
    }
}

/// The rules, but for what is no table.
fn read_rules(value: &Value, faults: &Faults) -> Parsed<Vec<Written<RuleSpec>>> {
    list(limits::STEER_TABLES, rule::read)(value, faults).map(sound)
}
