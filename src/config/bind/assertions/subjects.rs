//! What an assertion is about: the names and types that it names, and the rules that steer them.

use std::collections::HashMap;

use crate::config::bind::steered::{Found, Steered};
use crate::config::spec::AssertSpec;
use crate::config::text::{Broken, Faults, Parsed, Written, did_you_mean, quote};
use crate::fault::Fault;
use crate::snapshot::RuleLabel;
use crate::wire::Name;
use crate::zone::record_type;

use super::Draft;

/// A name of an assertion, and the types that are steered there.
struct Subject<'s> {
    name: &'s Written<String>,
    owner: Name,
    types: Vec<u16>,
}

/// Looks up what assertions name.
pub(super) struct Subjects<'a> {
    /// What there is.
    pub(super) steered: &'a Steered,
    /// Where faults go.
    pub(super) faults: &'a Faults,
}

impl Subjects<'_> {
    /// The names of an assertion as rules have them. Those that no rule steers are faults, and so are types that none steers
    /// there. Broken where there is one, or where that cannot be known.
    pub(super) fn owners(&self, spec: &AssertSpec, zone: Option<&Name>) -> Parsed<Vec<Name>> {
        let found: Vec<Parsed<Subject<'_>>> =
            spec.names.iter().map(|name| self.subject(name, zone)).collect();
        let subjects: Vec<Subject<'_>> = found.into_iter().collect::<Parsed<_>>()?;
        if !subjects.is_empty() {
            self.check_types(spec, &subjects)?;
        }
        Ok(subjects.into_iter().map(|subject| subject.owner).collect())
    }

    fn subject<'s>(&self, name: &'s Written<String>, zone: Option<&Name>) -> Parsed<Subject<'s>> {
        let owner = owner(name, zone, self.faults)?;
        match self.steered.at(&owner, zone) {
            Found::Types(types) => Ok(Subject { name, owner, types }),
            Found::Unclear => Err(Broken),
            Found::Nothing => {
                let help = || {
                    let known = self.steered.names(zone);
                    did_you_mean(&owner.to_string(), self.faults.compared(known.iter().map(String::as_str)))
                };
                let fault = name.place.error(format!("{owner} is not steered")).label("no such rule");
                self.refuse(Fault { help: self.faults.suggestion(help), ..fault })
            }
        }
    }

    /// A type that is steered at none of the names is wrong itself; else the names are that have none of the types.
    fn check_types(&self, spec: &AssertSpec, subjects: &[Subject<'_>]) -> Parsed<()> {
        let (mut known, mut checked) = (Vec::new(), Ok(()));
        for rtype in &spec.types {
            if subjects.iter().any(|subject| subject.types.contains(rtype)) {
                known.push(rtype.value);
                continue;
            }
            let name = record_type::name(rtype.value);
            let message = match subjects {
                [subject] => format!("{name} is not steered at {}", subject.owner),
                _ => format!("{name} is steered at none of these names"),
            };
            let fault = rtype.place.error(message).label("no such rule");
            checked = self.refuse(fault.help(there(subjects.iter().flat_map(|subject| &subject.types))));
        }
        // Where all types are wrong, the names are not.
        let lacks_all = |subject: &&Subject<'_>| {
            !known.is_empty() && !known.iter().any(|rtype| subject.types.contains(rtype))
        };
        for subject in subjects.iter().filter(lacks_all) {
            let names: Vec<String> = known.iter().map(|&rtype| record_type::name(rtype)).collect();
            let message = format!("{} is not steered at {}", names.join(" or "), subject.owner);
            let fault = subject.name.place.error(message).label("no such rule");
            checked = self.refuse(fault.help(there(subject.types.iter())));
        }
        checked
    }

    fn refuse<T>(&self, fault: Fault) -> Parsed<T> {
        self.faults.add(fault);
        Err(Broken)
    }
}

/// `A and AAAA are steered there`.
fn there<'t>(types: impl Iterator<Item = &'t u16>) -> String {
    let mut types: Vec<u16> = types.copied().collect();
    types.sort_unstable();
    types.dedup();
    let names: Vec<String> = types.iter().map(|&rtype| record_type::name(rtype)).collect();
    match names.split_last() {
        None => "no type is steered there".to_owned(),
        Some((only, [])) => format!("{only} is steered there"),
        Some((last, others)) => format!("{} and {last} are steered there", others.join(", ")),
    }
}

/// A name as rules have it: in a zone's file relative to the zone.
fn owner(name: &Written<String>, zone: Option<&Name>, faults: &Faults) -> Parsed<Name> {
    let origin = zone.cloned().unwrap_or_else(Name::root);
    Name::parse(name.as_bytes(), Some(&origin)).map(|name| name.to_lowercase()).map_err(|error| {
        faults
            .add(name.place.error(format!("{} is no domain name: {error}", quote(name))).label("not a name"));
        Broken
    })
}

/// The rules of a configuration by their names.
pub(super) struct RulesByName<'c> {
    labels: &'c [RuleLabel],
    by_owner: HashMap<&'c Name, Vec<u32>>,
}

impl<'c> RulesByName<'c> {
    /// Of the labels of all rules.
    pub(super) fn new(labels: &'c [RuleLabel]) -> RulesByName<'c> {
        let mut by_owner: HashMap<&Name, Vec<u32>> = HashMap::new();
        for (rule, label) in (0..).zip(labels) {
            by_owner.entry(&label.owner).or_default().push(rule);
        }
        RulesByName { labels, by_owner }
    }

    /// The rules that an assertion of these names is about.
    pub(super) fn of(&self, draft: &Draft<'_>, owners: &[Name]) -> Vec<u32> {
        let types = &draft.spec.types;
        let is_meant = |rule: &u32| {
            let label = &self.labels[*rule as usize];
            let of_type = types.is_empty() || types.iter().any(|rtype| rtype.value == label.rtype);
            of_type && draft.zone.is_none_or(|zone| *zone == label.zone)
        };
        if owners.is_empty() {
            return (0..self.labels.len() as u32).filter(is_meant).collect();
        }
        let named = owners.iter().filter_map(|owner| self.by_owner.get(owner)).flatten();
        named.copied().filter(is_meant).collect()
    }
}
