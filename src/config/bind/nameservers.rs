//! Nameservers are not steered, also where another zone of ours names them: its delegations would hold one address today
//! and another one tomorrow. Within a zone `requests` sees to it; this is for all zones together.

use std::collections::BTreeMap;
use std::ptr;

use crate::config::text::{Faults, Parsed};
use crate::wire::{Name, rtype};
use crate::zone::{Lookup, Zones};

use super::drafts::Draft;

/// Types by which a resolver finds the addresses of a nameserver.
const LEADS_TO_ADDRESSES: [u16; 3] = [rtype::A, rtype::AAAA, rtype::CNAME];

/// Reports the steered names that NS records of other zones name, be it of a zone around theirs. `drafts` are in the order
/// of the rules' numbers.
pub(super) fn check(zones: &Zones, drafts: &[Parsed<Draft<'_>>], faults: &Faults) {
    let mut named: BTreeMap<u32, &Name> = BTreeMap::new();
    for zone in zones.iter() {
        zone.visit_nameservers(|target| {
            let holder = zones.find(target, rtype::A).map(|(holder, _)| holder);
            let Some(holder) = holder.filter(|holder| !ptr::eq(*holder, &**zone)) else { return };
            let Lookup::Found { node, .. } = holder.find(target, rtype::A) else { return };
            let mut rrsets = node.rrsets().filter(|rrset| LEADS_TO_ADDRESSES.contains(&rrset.rtype()));
            if let Some(rule) = rrsets.find_map(|rrset| rrset.rule()) {
                named.entry(rule).or_insert(zone.apex());
            }
        });
    }
    for (rule, apex) in named {
        if let Some(Ok(Draft { owner, .. })) = drafts.get(rule as usize) {
            let message = format!("{} is the target of an NS record of the zone {apex}", owner.value);
            let fault = owner.place.error(message).label("a nameserver");
            faults.add(fault.help("addresses of nameservers are not steered: give it a name of its own"));
        }
    }
}
