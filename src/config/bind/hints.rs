//! Hints that stay as they are written while the addresses that they stand for are steered. One rule of addresses takes
//! the hints along; two rules, one for each family, do not, and neither says so by itself.

use std::collections::BTreeMap;

use crate::config::text::{Faults, Parsed};
use crate::steer::Content;
use crate::wire::{Name, QuestionName, rtype};
use crate::zone::{Hints, Lookup, Zones, record_type};

use super::drafts::Draft;

/// Warns of names whose A and AAAA have rules of their own and whose hints have none. One rule with
/// `types = ["A", "AAAA"]` leaves hints alone on purpose.
pub(super) fn check(zones: &Zones, drafts: &[Parsed<Draft<'_>>], faults: &Faults) {
    let mut first_rules: BTreeMap<&Name, &Draft<'_>> = BTreeMap::new();
    for draft in drafts.iter().flatten().filter(|draft| draft.content != Content::Data) {
        let first = *first_rules.entry(&draft.owner.value).or_insert(draft);
        if !std::ptr::eq(first.rule, draft.rule) {
            report(draft, &unsteered(zones, &draft.owner.value), faults);
        }
    }
}

/// The types at a name that have hints of its addresses and no rule.
fn unsteered(zones: &Zones, owner: &Name) -> Vec<String> {
    let mut name = QuestionName::default();
    name.set(owner);
    let Some((zone, _)) = zones.find(&name, rtype::A) else { return Vec::new() };
    let Lookup::Found { node, .. } = zone.find(&name, rtype::A) else { return Vec::new() };
    let rrsets = [rtype::SVCB, rtype::HTTPS].into_iter().filter_map(|number| node.rrset(number));
    let hinted = rrsets.filter(|rrset| rrset.rule().is_none() && Hints::of(*rrset, owner).is_some());
    hinted.map(|rrset| record_type::name(rrset.rtype())).collect()
}

fn report(draft: &Draft<'_>, types: &[String], faults: &Faults) {
    if types.is_empty() {
        return;
    }
    let types = types.join(" and ");
    let message = format!("hints of {} {types} are not steered", draft.owner.value);
    let warning = draft.owner.place.warning(message).label("A and AAAA have rules of their own");
    faults.add(warning.help(format!(
        "clients that use them pass steering by: write one rule without `types`, or name {types} in the `types` of one"
    )));
}
