//! A zone that was read and checked but is not served yet: what config looks into before it marks what is steered.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use super::compiled::{Standing, Zone};
use super::faults::Faults;
use super::{check, compile, master};
use crate::fault::{Fault, Source};
use crate::wire::{Name, QuestionName, rtype};

/// Reads an `$INCLUDE`d file; the argument is the path as written, the error a sentence for the operator.
pub type Include<'a> = &'a mut dyn FnMut(&str) -> Result<Arc<Source>, String>;

/// The records of one master file, checked: what config looks into (which RRsets exist) before it marks the steered
/// ones.
pub struct ZoneData {
    zone: Zone,
    ns_targets: OnceLock<HashSet<Name>>,
}

impl ZoneData {
    /// Parses and checks a master file whose first origin is `apex`. All faults of all files in one run, in the order
    /// of files and lines; `None` when a fault leaves nothing to go on with: there is no SOA. Data that came with an
    /// error is fit to look into, not to be served.
    pub fn parse(apex: &Name, source: &Arc<Source>, include: Include<'_>) -> (Option<ZoneData>, Vec<Fault>) {
        let mut faults = Faults::default();
        let records = master::read(apex, source, include, &mut faults);
        let compiled = compile::compile(apex, &records, &mut faults);
        drop(records);
        match &compiled {
            Some(compiled) => check::check(compiled, source, &mut faults),
            None => check::report_missing_soa(apex, source, &mut faults),
        }
        let data = compiled.map(|compiled| ZoneData { zone: compiled.zone, ns_targets: OnceLock::new() });
        (data, faults.into_list())
    }

    /// The name of the zone.
    pub fn apex(&self) -> &Name {
        self.zone.apex()
    }

    /// The TTL of an RRset in seconds, if there is one.
    pub fn ttl(&self, owner: &Name, rtype: u16) -> Option<u32> {
        Some(self.zone.node(self.node(owner)?).rrset(rtype)?.ttl())
    }

    /// Every owner name in lower case, for suggestions ("did you mean").
    pub fn owners(&self) -> impl Iterator<Item = Name> + '_ {
        let has_records = |&number: &u32| self.zone.node(number).rrsets().next().is_some();
        self.zone.node_numbers().filter(has_records).map(|number| self.zone.full_name(number))
    }

    /// The zone cut (an owner of NS other than the apex) at or above `name`, the topmost one.
    pub fn cut_at_or_above(&self, name: &Name) -> Option<Name> {
        let names = std::iter::successors(Some(name.clone()), Name::parent);
        let is_cut = |name: &Name| {
            let node = self.node(name);
            node.is_some_and(|number| self.zone.standing(number) == Standing::Cut)
        };
        names.take_while(|name| name.is_within(self.apex())).find(is_cut)
    }

    /// Whether `name` is the target of an NS record of this zone.
    pub fn is_ns_target(&self, name: &Name) -> bool {
        self.ns_targets.get_or_init(|| self.collect_ns_targets()).contains(name)
    }

    /// Marks an RRset as steered by the rule number `rule` (dense over all zones). The RRset must exist.
    pub fn steer(&mut self, owner: &Name, rtype: u16, rule: u32) {
        let number =
            self.node(owner).and_then(|node| self.zone.node(node).rrset(rtype)).map(|rrset| rrset.number());
        debug_assert!(number.is_some(), "{owner} has no RRset of type {rtype} to steer");
        if let Some(number) = number {
            self.zone.rrsets[number as usize].rule = rule;
        }
    }

    /// Compiles to the form that answers queries.
    pub fn compile(self) -> Zone {
        self.zone
    }

    fn node(&self, name: &Name) -> Option<u32> {
        let mut question_name = QuestionName::default();
        question_name.set(name);
        self.zone.exact(&question_name)
    }

    fn collect_ns_targets(&self) -> HashSet<Name> {
        let mut targets = HashSet::new();
        let mut name = QuestionName::default();
        let nodes = self.zone.node_numbers();
        for ns in nodes.filter_map(|number| self.zone.node(number).rrset(rtype::NS)) {
            ns.visit_targets(&mut name, |_, target| targets.extend(Name::from_wire(target.as_octets())));
        }
        targets
    }
}
