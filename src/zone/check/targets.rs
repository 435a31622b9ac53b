//! The names that records lead to: hosts with addresses, and names that exist.

use super::{Checker, written};
use crate::wire::{QuestionName, rtype};
use crate::zone::compiled::APEX;
use crate::zone::faults::Place;
use crate::zone::field::NAPTR;
use crate::zone::lookup::Lookup;
use crate::zone::record_type;
use crate::zone::rrset::{Node, Rrset, Target};

impl Checker<'_> {
    /// Checks the hosts that NS, MX and SRV records name, as far as they lie in the zone.
    pub(super) fn check_hosts(
        &mut self,
        number: u32,
        rrset: Rrset<'_>,
        places: &[Place],
        room: &mut QuestionName,
    ) {
        let fields_before = match rrset.rtype() {
            rtype::NS => 1,
            rtype::MX => 2,
            _ => 4,
        };
        rrset.visit_targets(room, |target| {
            if let Some(place) = places.get(target.record).filter(|_| self.is_in_zone(target.name)) {
                self.check_host(number, rrset.rtype(), target.name, (*place, fields_before));
            }
        });
    }

    /// Checks the names that need not be hosts (services of DNS-SD, aliases of SVCB), as far as they lie in the zone.
    pub(super) fn check_targets(&mut self, rrset: Rrset<'_>, places: &[Place], room: &mut QuestionName) {
        let fields_before = match rrset.rtype() {
            rtype::PTR => 1,
            NAPTR => 6,
            _ => 2,
        };
        rrset.visit_targets(room, |Target { record, name: target, .. }| {
            let Some(place) = places.get(record).filter(|_| self.is_in_zone(target)) else { return };
            if matches!(self.zone.find(target, rtype::ANY), Lookup::NoName) {
                let what = record_type::name(rrset.rtype());
                let message = format!("{what} names {}, which does not exist", written(target));
                let fault = self.faults.warning_at(*place, fields_before, message);
                self.faults.push(
                    fault.help("end the name with a dot if it is not in this zone, or add its records"),
                );
            }
        });
    }

    pub(super) fn is_in_zone(&self, name: &QuestionName) -> bool {
        // A target of "." says that there is no such service (RFC 7505, RFC 2782).
        name.label_count() > 0 && self.zone.holds(name) && !self.is_in_child(name)
    }

    /// Whether a name of the zone belongs to a zone inside of it that is served too: then that zone answers.
    fn is_in_child(&self, name: &QuestionName) -> bool {
        let mut suffixes = 0..name.label_count() - self.zone.apex_labels;
        !self.children.is_empty() && suffixes.any(|suffix| self.children.contains(name.suffix(suffix)))
    }

    fn check_host(&mut self, owner: u32, rtype: u16, target: &QuestionName, at: (Place, usize)) {
        let what = record_type::name(rtype);
        let name = || written(target);
        match self.zone.find(target, rtype::A) {
            Lookup::Found { node, .. } if node.rrset(rtype::CNAME).is_some() => {
                self.warn_alias(rtype, target, at);
            }
            Lookup::Redirected(_) => self.warn_alias(rtype, target, at),
            Lookup::Found { node, .. } if has_address(node) => {}
            Lookup::Found { .. } | Lookup::NoName => {
                let message = format!("{what} names {}, which has no A or AAAA record", name());
                if rtype == rtype::NS && owner == APEX {
                    let fault = self.faults.error_at(at.0, at.1, message).label("no address");
                    self.faults.push(fault.help(target_help(target)));
                } else {
                    self.warn_target(at.0, at.1, message, target);
                }
            }
            Lookup::Referral(referral) => {
                let own_cut = referral.node == owner || owner == APEX;
                let has_glue = self.zone.exact(target).is_some_and(|node| self.zone.has_addresses(node));
                if rtype == rtype::NS && own_cut && !has_glue {
                    let message =
                        format!("the glue of {} is missing: it has no A or AAAA record here", name());
                    self.warn_target(at.0, at.1, message, target);
                }
            }
        }
    }

    fn warn_alias(&mut self, rtype: u16, target: &QuestionName, at: (Place, usize)) {
        let what = record_type::name(rtype);
        let message = format!("{what} names {}, which is an alias", written(target));
        let fault = self.faults.warning_at(at.0, at.1, message);
        self.faults.push(fault.help("name the host itself (RFC 2181 §10.3)"));
    }

    pub(super) fn warn_target(&mut self, place: Place, count: usize, message: String, target: &QuestionName) {
        let fault = self.faults.warning_at(place, count, message);
        self.faults.push(fault.help(target_help(target)));
    }
}

fn has_address(node: Node<'_>) -> bool {
    node.rrset(rtype::A).is_some() || node.rrset(rtype::AAAA).is_some()
}

fn target_help(target: &QuestionName) -> String {
    format!(
        "add an A or AAAA record for {}, or end the name with a dot if it is not in this zone",
        written(target)
    )
}
