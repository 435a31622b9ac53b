//! CNAME and DNAME: what stands beside them, where they lead, and whether they lead back.

use super::{Checker, written};
use crate::wire::{QuestionName, rtype};
use crate::zone::compiled::APEX;
use crate::zone::faults::Place;
use crate::zone::lookup::Lookup;
use crate::zone::record_type;
use crate::zone::rrset::Rrset;

/// The most aliases that are followed to find a loop.
const LOOP_MAX: usize = 16;
/// Types that stand beside a CNAME: its signature and its place in the chain of denial (RFC 4035 §2.5), and what they
/// were called before (SIG, KEY, NXT).
const BESIDE_CNAME: [u16; 6] = [rtype::CNAME, rtype::RRSIG, rtype::NSEC, 24, 25, 30];

impl Checker<'_> {
    pub(super) fn check_cname(
        &mut self,
        number: u32,
        rrset: Rrset<'_>,
        place: Place,
        target: &mut QuestionName,
    ) {
        let other = self.zone.node(number).rrsets().find(|other| !BESIDE_CNAME.contains(&other.rtype()));
        match other {
            Some(other) => self.refuse_beside_cname(number, other.rtype(), place),
            None => self.check_alias(number, rrset, place, target),
        }
    }

    /// Follows a CNAME or DNAME as far as it stays in the zone.
    pub(super) fn check_alias(
        &mut self,
        number: u32,
        rrset: Rrset<'_>,
        place: Place,
        target: &mut QuestionName,
    ) {
        let read = rrset.alias_target(target);
        if read.is_none() || !self.is_in_zone(target) {
            return;
        }
        if matches!(self.zone.find(target, rrset.rtype()), Lookup::NoName) {
            let what = if rrset.rtype() == rtype::CNAME { "the alias" } else { "the DNAME" };
            let message = format!("{what} leads to {}, which does not exist", written(target));
            self.warn_target(place, 1, message, target);
        } else if self.leads_back(number, rrset.rtype(), target) {
            self.warn_loop(number, rrset.rtype(), place);
        }
    }

    fn refuse_beside_cname(&mut self, number: u32, other: u16, place: Place) {
        let what = record_type::name(other);
        let message = format!("{} has a CNAME record and {what} beside it", self.zone.full_name(number));
        let fault = self.faults.error_at(place, 0, message).label("an alias has no other data");
        self.faults.push(fault.help(match number {
            APEX => "the apex has SOA and NS records, so it cannot be an alias: write A and AAAA records",
            _ => "remove the CNAME record or the others",
        }));
    }

    fn warn_loop(&mut self, number: u32, rtype: u16, place: Place) {
        let name = self.zone.full_name(number);
        let kind = record_type::name(rtype);
        let message = match rtype {
            rtype::CNAME => format!("the alias {name} leads back to itself"),
            _ => format!("the {kind} of {name} leads back to itself"),
        };
        let fault = self.faults.warning_at(place, 0, message).label(format!("a loop of {kind} records"));
        self.faults.push(fault.help("let one of them lead out of the loop"));
    }

    /// Whether aliases of one type lead from a name of the zone to node `start`, or with DNAME to a name below it.
    /// Other DNAMEs on the way are followed.
    fn leads_back(&self, start: u32, rtype: u16, name: &mut QuestionName) -> bool {
        let own = self.zone.node(start).rrset(rtype).map(|rrset| rrset.number());
        for _ in 0..LOOP_MAX {
            if !self.is_in_zone(name) {
                return false;
            }
            let led_on = match self.zone.find(name, rtype) {
                Lookup::Found { node, .. } if node.number() == start => return true,
                Lookup::Found { node, .. } => node.rrset(rtype).and_then(|alias| alias.alias_target(name)),
                Lookup::Redirected(redirection) if Some(redirection.dname.number()) == own => return true,
                Lookup::Redirected(redirection) => name.redirect(redirection.labels, redirection.target()),
                Lookup::Referral(_) | Lookup::NoName => None,
            };
            if led_on.is_none() {
                return false;
            }
        }
        false
    }
}
