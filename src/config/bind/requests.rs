//! What rules ask to steer, checked against the records of the zone (semantics §4).

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::limits;
use crate::config::text::{Faults, Place, Written, closest, quote};
use crate::fault::{Fault, Source};
use crate::snapshot::{SteerMark, SteerRequest};
use crate::steer::PoolKind;
use crate::wire::{Name, rtype};
use crate::zone::{Hints, ZoneData, record_type};

use super::offers::Offer;

/// Checks requests against the records of their zone.
pub(super) struct Checker<'a> {
    /// The records.
    pub(super) data: &'a ZoneData,
    /// The master file, for faults.
    pub(super) master: &'a Source,
    /// What the pools of each rule can answer; `None` where that is not known.
    pub(super) offers: &'a [Option<Offer>],
    /// Where faults go.
    pub(super) faults: &'a Faults,
}

impl Checker<'_> {
    /// What of the requests is steered, rules numbered from `first_rule` on.
    pub(super) fn marks(&self, requests: &[Written<SteerRequest>], first_rule: u32) -> Vec<SteerMark> {
        let mut marks: Vec<SteerMark> = Vec::new();
        let mut steered: HashMap<(&Name, u16), &Place> = HashMap::new();
        for (index, request) in requests.iter().enumerate() {
            if self.is_refused(request) {
                continue;
            }
            for rtype in self.types(request) {
                let Some(ttl) = self.data.ttl(&request.owner, rtype) else { continue };
                if let Some(first) = steered.get(&(&request.owner, rtype)) {
                    self.report_second_rule(request, rtype, first);
                    continue;
                }
                steered.insert((&request.owner, rtype), &request.place);
                if ttl == 0 {
                    self.report_no_ttl(request, rtype);
                    continue;
                }
                let rule = first_rule + marks.len() as u32;
                marks.push(SteerMark { request: index, rtype, hints: self.hints(request, rtype), rule, ttl });
            }
        }
        marks
    }

    /// The types that the rule steers here. None is a fault, as is one that was asked for and has no default RRset.
    fn types(&self, request: &Written<SteerRequest>) -> Vec<u16> {
        let has = |number: &u16| self.data.ttl(&request.owner, *number).is_some();
        // No type at all stands for types that were a fault: then only the name is checked.
        let asked = request.types.as_deref().filter(|types| !types.is_empty());
        let usual = usual_types(request.kind);
        let wanted = asked.unwrap_or(&usual);
        let mut present: Vec<u16> = wanted.iter().copied().filter(has).collect();
        let complete = if asked.is_some() { present.len() == wanted.len() } else { !present.is_empty() };
        // What the pools are, and so which types the rule means, may not be known.
        let knows_types = self.offer(request).is_some();
        if !complete && (knows_types || !self.data.has_records(&request.owner)) {
            self.report_no_default(request, wanted, &present);
        }
        match &request.types {
            None => present.extend(self.hinted_types(request)),
            Some(_) if asked.is_none() => present.clear(),
            Some(_) => present.retain(|&number| self.may_be_steered(request, number)),
        }
        present
    }

    fn offer(&self, request: &SteerRequest) -> Option<&Offer> {
        self.offers.get(request.table)?.as_ref()
    }

    /// The types whose hints follow the addresses without being asked for.
    fn hinted_types(&self, request: &SteerRequest) -> impl Iterator<Item = u16> {
        let has_addresses = request.kind == PoolKind::Addresses;
        let types = [rtype::SVCB, rtype::HTTPS].into_iter().filter(move |_| has_addresses);
        types.filter(|&number| self.hints(request, number).is_some())
    }

    /// The RRset of a type whose hints the rule gives, where it gives addresses.
    fn hints(&self, request: &SteerRequest, number: u16) -> Option<Arc<Hints>> {
        match request.kind {
            PoolKind::Addresses => self.data.hints(&request.owner, number).map(Arc::new),
            PoolKind::Records(_) => None,
        }
    }

    /// Addresses can stand in SVCB and HTTPS records only as hints.
    fn may_be_steered(&self, request: &Written<SteerRequest>, number: u16) -> bool {
        let needs_hints = request.kind == PoolKind::Addresses && matches!(number, rtype::SVCB | rtype::HTTPS);
        if !needs_hints || self.hints(request, number).is_some() {
            return true;
        }
        let name = record_type::name(number);
        let message = format!("the {name} RRset of {} has no hints of its own addresses", request.owner);
        let fault = request.place.error(message).label("nothing to steer");
        self.faults.add(fault.help(format!(
            "write `ipv4hint` and `ipv6hint` into it, or take {name} out of `types`: without hints a client asks for A and \
             AAAA, which are steered"
        )));
        false
    }

    /// Whether nothing at all may be steered at the name.
    fn is_refused(&self, request: &Written<SteerRequest>) -> bool {
        let (owner, place) = (&request.owner, &request.place);
        let fault = if let Some(fault) = self.alias_at_apex(request) {
            fault
        } else if let Some(above) = self.alias_at_or_above(request) {
            let (name, kind) = above;
            let fault = place.error(format!("{name} has a {kind}, so {owner} cannot be steered"));
            fault.label(format!("below a {kind}")).help(format!("steer the target of the {kind}"))
        } else if let Some(cut) = self.data.cut_at_or_above(owner) {
            let fault = place.error(format!("{cut} is delegated, so {owner} cannot be steered here"));
            fault.label("in another zone").help("steer it in the zone that it is delegated to")
        } else if leads_to_addresses(request.kind) && self.data.is_ns_target(owner) {
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

    /// The apex has an SOA, so it is no alias.
    fn alias_at_apex(&self, request: &Written<SteerRequest>) -> Option<Fault> {
        let is_alias = request.kind == PoolKind::Records(rtype::CNAME) && request.owner == *self.data.apex();
        is_alias.then(|| {
            let message = format!("{} is the apex of a zone, which cannot be an alias", request.owner);
            let fault = request.place.error(message).label("has an SOA record");
            fault.help(
                "steer addresses there, or HTTPS records of priority 0, which lead on (RFC 9460 §2.4.2)",
            )
        })
    }

    /// An alias that makes the name one itself, unless the rule steers that, or that takes all below away.
    fn alias_at_or_above(&self, request: &SteerRequest) -> Option<(Name, &'static str)> {
        let owner = &request.owner;
        let is_steered = |name: &Name| name == owner && request.kind == PoolKind::Records(rtype::CNAME);
        let above = std::iter::successors(Some(owner.clone()), Name::parent);
        for name in above.take_while(|name| name.is_within(self.data.apex())) {
            if self.data.ttl(&name, rtype::CNAME).is_some() && !is_steered(&name) {
                return Some((name, "CNAME"));
            }
            if name != *owner && self.data.ttl(&name, rtype::DNAME).is_some() {
                return Some((name, "DNAME"));
            }
        }
        None
    }

    fn report_no_default(&self, request: &Written<SteerRequest>, wanted: &[u16], present: &[u16]) {
        let missing: Vec<u16> = wanted.iter().copied().filter(|number| !present.contains(number)).collect();
        let types: Vec<String> = missing.iter().map(|&number| record_type::name(number)).collect();
        let message =
            format!("{} has no {} RRset in {}", request.owner, types.join(" or "), quote(&self.master.path));
        let is_alias = request.kind == PoolKind::Records(rtype::CNAME);
        let help = self.faults.suggestion(|| self.meant(request, wanted)).unwrap_or_else(|| {
            if is_alias && self.data.has_records(&request.owner) {
                return "it has other records, beside which no CNAME can stand: steer those".to_owned();
            }
            // The first missing one that the pools can answer is the one that was meant.
            let has_example = |number: &&u16| self.example(request, **number).is_some();
            let number = missing.iter().find(has_example).or(missing.first()).copied().unwrap_or(rtype::A);
            format!("add the default RRset there: {}", quote(&self.line_to_add(request, number)))
        });
        self.faults.add(request.place.error(message).label("no default RRset").help(help));
    }

    /// What a name that is not there may mean: it lacks its final dot, or is misspelt.
    fn meant(&self, request: &SteerRequest, wanted: &[u16]) -> Option<String> {
        let apex = self.data.apex();
        if self.data.has_records(&request.owner) {
            return None;
        }
        let written = relative(&request.owner, apex);
        let absolute = Name::parse(format!("{written}.").as_bytes(), None).ok();
        if let Some(absolute) = absolute.filter(|name| name.is_within(apex)) {
            return Some(format!("the final dot is missing: write {}", quote(&absolute.to_string())));
        }
        let steerable = |owner: &Name| wanted.iter().any(|&number| self.data.ttl(owner, number).is_some());
        let owners = self.data.owners().filter(steerable).map(|owner| relative(&owner, apex));
        let owners: Vec<String> = owners.take(limits::SUGGESTION_CANDIDATES).collect();
        closest(&written, self.faults.compared(owners.iter().map(String::as_str)))
            .map(|found| format!("did you mean {}?", quote(found)))
    }

    /// The line of the master file that is missing, with data of the rule's pools and a usual TTL.
    fn line_to_add(&self, request: &SteerRequest, number: u16) -> String {
        let documentation = record_type::example(number).unwrap_or("\\# 2 FFFF");
        let example = self.example(request, number).unwrap_or(documentation);
        let owner = relative(&request.owner, self.data.apex());
        format!("{owner} 300 IN {} {example}", record_type::name(number))
    }

    /// Data of this type that the rule's pools have.
    fn example(&self, request: &SteerRequest, number: u16) -> Option<&str> {
        let examples = &self.offer(request)?.examples;
        examples.iter().find(|(known, _)| *known == number).map(|(_, text)| text.as_str())
    }

    fn report_second_rule(&self, request: &Written<SteerRequest>, number: u16, first: &Place) {
        let message = format!("{} {} is steered twice", request.owner, record_type::name(number));
        let help = format!(
            "it is steered at {} already: keep one, or narrow them with `types`",
            first.file_and_line()
        );
        self.faults.add(request.place.error(message).label("again").help(help));
    }

    fn report_no_ttl(&self, request: &Written<SteerRequest>, number: u16) {
        let message = format!("the {} RRset of {} has TTL 0", record_type::name(number), request.owner);
        let fault = request.place.error(message).label("TTL 0");
        self.faults.add(
            fault.help("its TTL is the upper bound of the steered one: give it a longer one, such as 300"),
        );
    }
}

/// The types that a rule steers unless it says which, as far as they have a default RRset.
fn usual_types(kind: PoolKind) -> Vec<u16> {
    match kind {
        PoolKind::Addresses => vec![rtype::A, rtype::AAAA],
        PoolKind::Records(number) => vec![number],
    }
}

/// Whether a resolver finds the addresses of a nameserver by what such pools give.
fn leads_to_addresses(kind: PoolKind) -> bool {
    matches!(kind, PoolKind::Addresses | PoolKind::Records(rtype::CNAME))
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
