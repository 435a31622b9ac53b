//! The rules that an assertion is about.

use crate::config::text::{Broken, Faults, Parsed, Written, did_you_mean, quote};
use crate::snapshot::Configuration;
use crate::wire::Name;

use super::Draft;

impl Draft<'_> {
    /// The rules that the assertion is about.
    pub(super) fn rules(&self, configuration: &Configuration, faults: &Faults) -> Parsed<Vec<u32>> {
        self.spec.all_names?;
        let labels = || (0_u32..).zip(&configuration.rule_labels);
        let in_zone = |apex: &Name| self.zone.is_none_or(|zone| zone == apex);
        let of_type = |rtype| self.spec.types.is_empty() || self.spec.types.contains(&rtype);
        if self.spec.names.is_empty() {
            let rules = labels().filter(|(_, label)| in_zone(&label.zone) && of_type(label.rtype));
            return Ok(rules.map(|(rule, _)| rule).collect());
        }
        let mut rules = Vec::new();
        let mut found = Ok(());
        for name in &self.spec.names {
            let owner = self.owner(name, faults)?;
            let before = rules.len();
            let own = labels().filter(|(_, label)| in_zone(&label.zone) && label.owner == owner);
            rules.extend(own.filter(|(_, label)| of_type(label.rtype)).map(|(rule, _)| rule));
            if rules.len() == before {
                let mut fault = name.place.error(format!("{owner} is not steered"));
                let known: Vec<String> = labels()
                    .filter(|(_, label)| in_zone(&label.zone) && of_type(label.rtype))
                    .map(|(_, label)| label.owner.to_string())
                    .collect();
                fault.help = did_you_mean(&owner.to_string(), known.iter().map(String::as_str));
                faults.add(fault.label("no such rule"));
                found = Err(Broken);
            }
        }
        found.map(|()| rules)
    }

    /// A name as rules have it: in a zone's file relative to the zone.
    fn owner(&self, name: &Written<String>, faults: &Faults) -> Parsed<Name> {
        let origin = self.zone.cloned().unwrap_or_else(Name::root);
        Name::parse(name.as_bytes(), Some(&origin)).map(|name| name.to_lowercase()).map_err(|error| {
            faults.add(name.place.error(format!("{} is no domain name: {error}", quote(name))));
            Broken
        })
    }
}
