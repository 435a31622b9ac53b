//! What is wrong with a zone as a whole.
//!
//! | what | how bad |
//! |---|---|
//! | no SOA, no NS at the apex | error |
//! | CNAME beside other data (RFC 1034 §3.6.2, RFC 2181 §10.1) | error |
//! | NS at a wildcard (RFC 4592 §4.2) | error |
//! | the zone's own nameserver lies in the zone and has no address | error |
//! | a delegation's nameserver lies in the zone and has no address; likewise MX and SRV targets | warning |
//! | PTR, NAPTR, SVCB or HTTPS that names what the zone does not have | warning |
//! | NS, MX or SRV that names an alias (RFC 2181 §10.3) | warning |
//! | CNAME to a name of the zone that does not exist, CNAME loop | warning |
//! | data at or below a zone cut that is not glue | warning |
//! | data below a DNAME (RFC 6672 §2.4) | error |
//! | DNAME to a name of the zone that does not exist, DNAME loop | warning |
//! | DS where there is no delegation (RFC 4035 §2.4) | warning |
//! | `@` in the mailbox of the SOA (RFC 1035 §3.3.13) | warning |
//! | `*` inside a name or a label: no wildcard there | warning |
//!
//! Names at or below the apex of a zone inside of this one that is served too do not lie in this zone.

mod aliases;
mod targets;

use std::collections::HashSet;
use std::sync::Arc;

use super::compile::Compiled;
use super::compiled::{APEX, Standing, Zone};
use super::faults::{Faults, Place};
use super::field::NAPTR;
use super::lookup::Lookup;
use super::record_type;
use super::rrset::{Referral, Rrset};
use crate::fault::{Fault, Source};
use crate::wire::{Name, QuestionName, rtype};

/// Types below the owner of a DNAME that say what does not exist there (RFC 6672 §2.4 speaks of data).
const BELOW_DNAME: [u16; 2] = [rtype::NSEC3, rtype::RRSIG];
/// Types that the parent side holds at a cut (RFC 4035 §2.4, §2.6).
const AT_CUT: [u16; 4] = [rtype::NS, rtype::DS, rtype::RRSIG, rtype::NSEC];

/// The octets of the five numbers that end the data of a SOA record (RFC 1035 §3.3.13).
const SOA_NUMBERS: usize = 20;

/// Checks a compiled zone, beside which the zones `children` inside of it are served.
pub(super) fn check(compiled: &Compiled, source: &Arc<Source>, children: &[Name], faults: &mut Faults) {
    let zone = &compiled.zone;
    let children = children.iter().map(|child| child.to_lowercase().as_octets().into()).collect();
    let mut checker = Checker { zone, children, faults, is_host: host_nodes(zone) };
    let mut name = QuestionName::default();
    if zone.node(APEX).rrset(rtype::NS).is_none() {
        let fault = Fault::file(source, format!("the zone {} has no NS record at its apex", zone.apex()));
        checker.faults.push(fault.help("name the servers of the zone, as in: @ NS ns1.example.com."));
    }
    let mut places = compiled.places.as_slice();
    for number in zone.node_numbers() {
        let count: usize = zone.node(number).rrsets().map(|rrset| rrset.record_count()).sum();
        let (own, rest) = places.split_at(count);
        places = rest;
        if count > 0 {
            checker.check_node(number, own, &mut name);
        }
    }
}

/// Says that there is no SOA, unless one was written and the fault in it is told.
pub(super) fn report_missing_soa(apex: &Name, source: &Arc<Source>, faults: &mut Faults) {
    if faults.explains_missing_soa() {
        return;
    }
    let fault = Fault::file(source, format!("the zone {apex} has no SOA record"));
    faults.push(fault.help("begin it with: @ SOA ns1.example.com. hostmaster.example.com. 1 1h 15m 1w 5m"));
}

/// For each node whether it holds addresses that go along with an RRset. Empty for a zone without such.
fn host_nodes(zone: &Zone) -> Vec<bool> {
    let mut is_host = vec![false; if zone.hosts.is_empty() { 0 } else { zone.nodes.len() }];
    zone.hosts.iter().for_each(|host| is_host[host.node as usize] = true);
    is_host
}

struct Checker<'a> {
    zone: &'a Zone,
    /// The apexes of served zones inside of this one in lower case, in wire form.
    children: HashSet<Box<[u8]>>,
    faults: &'a mut Faults,
    is_host: Vec<bool>,
}

impl<'a> Checker<'a> {
    /// Checks a node with records, whose places are `places`; `name` is room for a name, here and below.
    fn check_node(&mut self, number: u32, places: &[Place], name: &mut QuestionName) {
        self.check_asterisks(number, places[0]);
        let standing = self.zone.standing(number);
        let mut places = places;
        for rrset in self.zone.node(number).rrsets() {
            let (own, rest) = places.split_at(rrset.record_count());
            places = rest;
            let Some(&first) = own.first() else { continue };
            let is_own = matches!(standing, Standing::Authoritative | Standing::Dname);
            if !is_own && !self.may_stand_at_cut(number, standing, rrset) {
                self.report_occluded(number, rrset, first, name);
                continue;
            }
            match rrset.rtype() {
                rtype::CNAME => self.check_cname(number, rrset, first, name),
                rtype::NS | rtype::MX | rtype::SRV => self.check_hosts(number, rrset, own, name),
                rtype::PTR | rtype::SVCB | rtype::HTTPS | NAPTR => self.check_targets(rrset, own, name),
                rtype::SOA => self.check_mailbox(rrset, first),
                rtype::DS if standing == Standing::Authoritative => self.warn_lonely_ds(number, first),
                rtype::DNAME => self.check_alias(number, rrset, first, name),
                _ => {}
            }
        }
    }

    fn may_stand_at_cut(&self, number: u32, standing: Standing, rrset: Rrset<'_>) -> bool {
        let is_address = matches!(rrset.rtype(), rtype::A | rtype::AAAA);
        let is_glue = is_address && self.is_host.get(number as usize) == Some(&true);
        is_glue || (standing == Standing::Cut && AT_CUT.contains(&rrset.rtype()))
    }

    fn report_occluded(&mut self, number: u32, rrset: Rrset<'_>, place: Place, room: &mut QuestionName) {
        let name = self.zone.full_name(number);
        room.set(&name);
        match self.zone.find(room, rtype::ANY) {
            Lookup::Referral(referral) => self.warn_below_cut(&name, &referral, rrset.rtype(), place),
            Lookup::Redirected(redirection) if !BELOW_DNAME.contains(&rrset.rtype()) => {
                let owner = suffix(room, redirection.labels);
                self.refuse_below_dname(&name, &owner, rrset.rtype(), place);
            }
            _ => {}
        }
    }

    fn warn_below_cut(&mut self, name: &Name, referral: &Referral<'_>, rtype: u16, place: Place) {
        let cut = self.zone.full_name(referral.node);
        let what = record_type::name(rtype);
        let message = format!("the {what} record of {name} is never answered: {cut} is delegated");
        let fault = self.faults.warning_at(place, 0, message).label("not glue");
        self.faults.push(fault.help(format!("move it to the servers of {cut}, or remove the delegation")));
    }

    fn refuse_below_dname(&mut self, name: &Name, owner: &str, rtype: u16, place: Place) {
        let what = record_type::name(rtype);
        let message = format!("the {what} record of {name} is never answered: {owner} has a DNAME record");
        let fault = self.faults.error_at(place, 0, message).label("below a DNAME");
        let help = "remove it, or write CNAME records for single names instead of the DNAME (RFC 6672 §2.4)";
        self.faults.push(fault.help(help));
    }

    fn warn_lonely_ds(&mut self, number: u32, place: Place) {
        let name = self.zone.full_name(number);
        let fault = self.faults.warning_at(place, 0, format!("{name} has a DS record but is not delegated"));
        self.faults.push(
            fault.help("a DS record belongs beside the NS records of a delegation, in the parent zone"),
        );
    }

    fn check_asterisks(&mut self, number: u32, place: Place) {
        let labels = self.zone.labels(number);
        if !labels.contains(&b'*') {
            return;
        }
        let name = self.zone.full_name(number);
        let zone = self.zone;
        if name.is_wildcard() && zone.node(number).rrset(rtype::NS).is_some() && number != APEX {
            let fault = self.faults.error_at(
                place,
                0,
                format!("a wildcard cannot be delegated: {name} has NS records"),
            );
            self.faults.push(fault.help("delegate each name by itself"));
        }
        let inner = name.labels().skip(1).any(|label| label == b"*");
        let partial = name.labels().next().is_some_and(|label| label.len() > 1 && label[0] == b'*');
        if inner || partial {
            let message = format!("the asterisk in {name} is an ordinary character");
            let fault = self.faults.warning_at(place, 0, message);
            self.faults.push(fault.help("a wildcard is a first label that is * and nothing else"));
        }
    }

    fn check_mailbox(&mut self, rrset: Rrset<'_>, place: Place) {
        let rdata = rrset.rdata().next().unwrap_or_default();
        let names = &rdata[..rdata.len().saturating_sub(SOA_NUMBERS)];
        // In full or as a pointer to the apex, the name of the server ends in the first zero octet.
        let mailbox = names.splitn(2, |&octet| octet == 0).nth(1).unwrap_or_default();
        if mailbox.contains(&b'@') {
            let message = "the mailbox of the SOA record is written with a dot in place of the @";
            let fault = self.faults.warning_at(place, 2, message).label("not a mailbox");
            self.faults.push(fault.help("hostmaster@example.com is written hostmaster.example.com."));
        }
    }
}

fn written(name: &QuestionName) -> String {
    suffix(name, 0)
}

/// Suffix number `index` of a name, for people.
fn suffix(name: &QuestionName, index: usize) -> String {
    Name::from_wire(name.suffix(index)).map_or_else(|_| String::new(), |name| name.to_string())
}

#[cfg(test)]
mod tests;
