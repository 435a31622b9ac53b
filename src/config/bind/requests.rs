//! What rules ask to steer, checked against the records of the zone (semantics §4).

use std::collections::HashMap;

use crate::config::text::{Faults, Place, Written, closest, quote};
use crate::fault::Source;
use crate::snapshot::{SteerMark, SteerRequest};
use crate::wire::{Family, Name, rtype};
use crate::zone::ZoneData;

/// Checks requests against the records of their zone.
pub(super) struct Checker<'a> {
    /// The records.
    pub(super) data: &'a ZoneData,
    /// The master file, for faults.
    pub(super) master: &'a Source,
    /// Addresses that the pools of each rule have, by family.
    pub(super) examples: &'a [[Option<String>; 2]],
    /// Where faults go.
    pub(super) faults: &'a Faults,
}

impl Checker<'_> {
    /// What of the requests is steered, rules numbered from `first_rule` on.
    pub(super) fn marks(&self, requests: &[Written<SteerRequest>], first_rule: u32) -> Vec<SteerMark> {
        let mut marks: Vec<SteerMark> = Vec::new();
        let mut steered: HashMap<(&Name, Family), &Place> = HashMap::new();
        for (index, request) in requests.iter().enumerate() {
            if self.is_refused(request) {
                continue;
            }
            for family in self.families(request) {
                let Some(ttl) = self.data.ttl(&request.owner, family.rtype()) else { continue };
                if let Some(first) = steered.get(&(&request.owner, family)) {
                    self.report_second_rule(request, family, first);
                    continue;
                }
                steered.insert((&request.owner, family), &request.place);
                if ttl == 0 {
                    self.report_no_ttl(request, family);
                    continue;
                }
                let rule = first_rule + marks.len() as u32;
                marks.push(SteerMark { request: index, family, rule, ttl });
            }
        }
        marks
    }

    /// The types that the rule steers here. None is a fault, as is one that was asked for and has no default RRset.
    fn families(&self, request: &Written<SteerRequest>) -> Vec<Family> {
        let has = |family: &Family| self.data.ttl(&request.owner, family.rtype()).is_some();
        // No type at all stands for types that were a fault: then only the name is checked.
        let asked = request.types.as_deref().filter(|types| !types.is_empty());
        let wanted = asked.unwrap_or(&Family::BOTH);
        let present: Vec<Family> = wanted.iter().copied().filter(has).collect();
        let complete = if asked.is_some() { present.len() == wanted.len() } else { !present.is_empty() };
        if !complete {
            self.report_no_default(request, wanted, &present);
        }
        if asked.is_none() && request.types.is_some() { Vec::new() } else { present }
    }

    /// Whether nothing at all may be steered at the name.
    fn is_refused(&self, request: &Written<SteerRequest>) -> bool {
        let (owner, place) = (&request.owner, &request.place);
        let fault = if let Some(above) = self.alias_at_or_above(owner) {
            let (name, kind) = above;
            let fault = place.error(format!("{name} has a {kind}, so {owner} cannot be steered"));
            fault.label(format!("below a {kind}")).help(format!("steer the target of the {kind}"))
        } else if let Some(cut) = self.data.cut_at_or_above(owner) {
            let fault = place.error(format!("{cut} is delegated, so {owner} cannot be steered here"));
            fault.label("in another zone").help("steer it in the zone that it is delegated to")
        } else if self.data.is_ns_target(owner) {
            let fault = place.error(format!("{owner} is the target of an NS record"));
            fault
                .label("a nameserver")
                .help("addresses of nameservers are not steered: give it a name of its own")
        } else {
            return false;
        };
        self.faults.add(fault);
        true
    }

    fn alias_at_or_above(&self, owner: &Name) -> Option<(Name, &'static str)> {
        let above = std::iter::successors(Some(owner.clone()), Name::parent);
        for name in above.take_while(|name| name.is_within(self.data.apex())) {
            if self.data.ttl(&name, rtype::CNAME).is_some() {
                return Some((name, "CNAME"));
            }
            if name != *owner && self.data.ttl(&name, rtype::DNAME).is_some() {
                return Some((name, "DNAME"));
            }
        }
        None
    }

    fn report_no_default(&self, request: &Written<SteerRequest>, wanted: &[Family], present: &[Family]) {
        let missing: Vec<Family> =
            wanted.iter().copied().filter(|family| !present.contains(family)).collect();
        let types: Vec<&str> = missing.iter().map(|&family| family.type_name()).collect();
        let message =
            format!("{} has no {} RRset in {}", request.owner, types.join(" or "), quote(&self.master.path));
        let help = self.faults.suggestion(|| self.meant(request)).unwrap_or_else(|| {
            // The first missing one that the pools can answer is the one that was meant.
            let examples = self.examples.get(request.table);
            let has_example = |family: &&Family| examples.is_some_and(|of| of[family.index()].is_some());
            let family = missing.iter().find(has_example).or(missing.first()).copied().unwrap_or(Family::V4);
            format!("add the default RRset there: {}", quote(&self.line_to_add(request, family)))
        });
        self.faults.add(request.place.error(message).label("no default RRset").help(help));
    }

    /// What a name that is not there may mean: it lacks its final dot, or is misspelt.
    fn meant(&self, request: &SteerRequest) -> Option<String> {
        let apex = self.data.apex();
        if self.data.owners().any(|owner| owner == request.owner) {
            return None;
        }
        let written = relative(&request.owner, apex);
        let absolute = Name::parse(format!("{written}.").as_bytes(), None).ok();
        if let Some(absolute) = absolute.filter(|name| name.is_within(apex)) {
            return Some(format!("the final dot is missing: write {}", quote(&absolute.to_string())));
        }
        let steerable =
            |owner: &Name| Family::BOTH.iter().any(|family| self.data.ttl(owner, family.rtype()).is_some());
        let owners: Vec<String> =
            self.data.owners().filter(steerable).map(|owner| relative(&owner, apex)).collect();
        closest(&written, owners.iter().map(String::as_str))
            .map(|found| format!("did you mean {}?", quote(found)))
    }

    /// The line of the master file that is missing, with an address of the rule's pools and a usual TTL.
    fn line_to_add(&self, request: &SteerRequest, family: Family) -> String {
        let documentation = ["192.0.2.1", "2001:db8::1"][family.index()].to_owned();
        let example = self.examples.get(request.table).and_then(|of| of[family.index()].clone());
        let owner = relative(&request.owner, self.data.apex());
        format!("{owner} 300 IN {} {}", family.type_name(), example.unwrap_or(documentation))
    }

    fn report_second_rule(&self, request: &Written<SteerRequest>, family: Family, first: &Place) {
        let message = format!("{} {} is steered twice", request.owner, family.type_name());
        let help = format!(
            "it is steered at {} already: keep one, or narrow them with `types`",
            first.file_and_line()
        );
        self.faults.add(request.place.error(message).label("again").help(help));
    }

    fn report_no_ttl(&self, request: &Written<SteerRequest>, family: Family) {
        let message = format!("the {} RRset of {} has TTL 0", family.type_name(), request.owner);
        let fault = request.place.error(message).label("TTL 0");
        self.faults.add(
            fault.help("its TTL is the upper bound of the steered one: give it a longer one, such as 300"),
        );
    }
}

/// The name as it is written within its zone.
fn relative(name: &Name, apex: &Name) -> String {
    let (text, suffix) = (name.to_string(), apex.to_string());
    if name == apex {
        return "@".into();
    }
    match text.len().checked_sub(suffix.len() + 1) {
        Some(length) if suffix != "." => text[..length].to_owned(),
        _ => text,
    }
}
