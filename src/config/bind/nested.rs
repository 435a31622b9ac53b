//! Zones inside of zones that are served too: which ones there are, and whether the outer one delegates the inner one.

use std::collections::{HashMap, HashSet};

use crate::config::text::Faults;
use crate::fault::Fault;
use crate::snapshot::ZoneFile;
use crate::wire::{Name, QuestionName, rtype};
use crate::zone::{Lookup, Zone, Zones};

/// For each zone that has others inside of it the apexes of these in the order of `apexes`, without those that have one
/// of these in between.
pub(super) fn children<'a>(apexes: impl Iterator<Item = &'a Name> + Clone) -> HashMap<Name, Vec<Name>> {
    let served: HashSet<&Name> = apexes.clone().collect();
    let mut children: HashMap<Name, Vec<Name>> = HashMap::new();
    for apex in apexes {
        let mut above = std::iter::successors(apex.parent(), Name::parent);
        if let Some(parent) = above.find(|name| served.contains(name)) {
            children.entry(parent).or_default().push(apex.clone());
        }
    }
    children
}

/// Warns of zones that their parent does not delegate. Who asks there first, for the DS record or for a name on the way
/// (RFC 9156), is told that there is nothing.
pub(super) fn check(files: &[&ZoneFile], zones: &Zones, faults: &Faults) {
    let mut apex = QuestionName::default();
    for parent in files {
        for child in &parent.children {
            // A child with faults of its own says nothing yet of its nameservers.
            if !files.iter().any(|file| file.zone.apex() == child) {
                continue;
            }
            apex.set(child);
            let help = match parent.zone.find(&apex, rtype::NS) {
                // A cut further up: then the zone that stands there delegates it, wherever it is served.
                Lookup::Referral(_) => continue,
                Lookup::Redirected(_) => {
                    "a DNAME record above it redirects the names on the way: write CNAME \
                                          records for single names instead, and NS records for the zone"
                        .to_owned()
                }
                Lookup::Found { .. } | Lookup::NoName => missing_line(child, &apex, zones),
            };
            let message = format!(
                "the zone {child} is served here, but its parent zone {}, served here too, does not delegate it",
                parent.zone.apex()
            );
            faults.add(Fault::file_warning(&parent.source, message).help(help));
        }
    }
}

/// What to write into the parent's file, with the first NS record of the child.
fn missing_line(child: &Name, apex: &QuestionName, zones: &Zones) -> String {
    let zone = zones.find(apex, rtype::NS).map(|(zone, _)| zone);
    let server =
        zone.and_then(|zone| nameserver(zone, apex)).expect("no zone is served without NS at its apex");
    format!(
        "add its NS records, as in: {child} NS {server}; without them a resolver that goes down name by name (RFC 9156) \
         may be told that there is no such name"
    )
}

fn nameserver(zone: &Zone, apex: &QuestionName) -> Option<String> {
    match zone.find(apex, rtype::NS) {
        Lookup::Found { node, .. } => node.rrset(rtype::NS)?.print().into_iter().next(),
        _ => None,
    }
}
