//! Which hosts' addresses go along with an RRset that names them (RFC 1034 §4.3.2 step 6, RFC 9460 §4.2, RFC 9471).
//!
//! | RRset | hosts |
//! |---|---|
//! | NS at a cut | glue: at or below this cut, then below others, then the zone's own, each once |
//! | NS at the apex | the same, none of it in-domain: resolvers prime with it (RFC 9609 §4) |
//! | MX, SRV | the zone's own |
//! | SVCB, HTTPS | the zone's own; the owner itself for the target `.`; for an alias its SVCB or HTTPS too |
//!
//! A host is the zone's own when an answer about it would be: also by a wildcard, not below a cut. Hosts of other zones
//! are none of this zone's, also where the same server has them (Knot, NSD and BIND alike).

use std::collections::HashSet;

use super::compiled::{Backing, Host, HostWeight, Standing, Ties, Zone};
use super::lookup::Lookup;
use super::rrset::{Rrset, Target};
use crate::wire::{QuestionName, rtype};

/// Links each RRset to the hosts that it names.
pub(super) fn link(zone: &mut Zone) {
    let mut finder = Finder { zone, found: Vec::new(), seen: HashSet::new() };
    let mut room = QuestionName::default();
    let (mut hosts, mut starts) = (Vec::new(), Vec::new());
    for node in zone.node_numbers() {
        for rrset in zone.node(node).rrsets().filter(|rrset| names_hosts(rrset.rtype())) {
            finder.find(node, rrset, &mut room);
            if let Some(last) = finder.found.last_mut() {
                last.is_last = true;
                starts.push((rrset.number(), hosts.len() as u32));
                hosts.append(&mut finder.found);
            }
        }
    }
    let mut ties = std::mem::take(&mut zone.ties).into_vec();
    for (rrset, start) in starts {
        let entry = &mut zone.rrsets[rrset as usize];
        let number = entry.backing.as_ties().unwrap_or_else(|| {
            ties.push(Ties::default());
            ties.len() as u32 - 1
        });
        entry.backing = Backing::ties(number);
        let tie = &mut ties[number as usize];
        (tie.has_hosts, tie.hosts) = (true, start);
    }
    (zone.ties, zone.hosts) = (ties.into(), hosts.into());
}

impl Zone {
    /// Shows the nameservers that the zone's NS records name, in lower case.
    pub fn visit_nameservers(&self, mut visit: impl FnMut(&QuestionName)) {
        let mut room = QuestionName::default();
        for ns in self.node_numbers().filter_map(|number| self.node(number).rrset(rtype::NS)) {
            ns.visit_targets(&mut room, |target| visit(target.name));
        }
    }
}

fn names_hosts(number: u16) -> bool {
    matches!(number, rtype::NS | rtype::MX | rtype::SRV | rtype::SVCB | rtype::HTTPS)
}

struct Finder<'z> {
    zone: &'z Zone,
    /// Those of the RRset that is looked at.
    found: Vec<Host>,
    /// Their nodes, and hashes of their names: one wildcard stands in for many.
    seen: HashSet<(u32, u64)>,
}

impl Finder<'_> {
    /// Finds the hosts of an RRset, the most urgent first.
    fn find(&mut self, owner: u32, rrset: Rrset<'_>, room: &mut QuestionName) {
        let is_answered = match self.zone.standing(owner) {
            Standing::Authoritative | Standing::Dname => true,
            Standing::Cut => rrset.rtype() == rtype::NS,
            Standing::Occluded => false,
        };
        if !is_answered {
            return;
        }
        self.seen.clear();
        rrset.visit_targets(room, |target| {
            let host = match rrset.rtype() {
                rtype if target.name.label_count() == 0 => own_host(owner, rtype, &target),
                rtype::NS => self.nameserver(owner, &target),
                rtype => self.own(owner, rtype, &target),
            };
            self.found.extend(host.filter(|host| self.seen.insert((host.node, target.name.suffix_hash(0)))));
        });
        self.found.sort_by_key(|host| host.weight);
    }

    /// A nameserver of the zone that begins at `owner`, a cut or the apex.
    fn nameserver(&self, owner: u32, target: &Target<'_>) -> Option<Host> {
        if !self.zone.holds(target.name) {
            return None;
        }
        let (node, weight) = match self.zone.find(target.name, rtype::A) {
            Lookup::Found { node, .. } => (node.number(), HostWeight::Addresses),
            Lookup::Referral(referral) if referral.node == owner => {
                (self.zone.exact(target.name)?, HostWeight::InDomain)
            }
            Lookup::Referral(_) => (self.zone.exact(target.name)?, HostWeight::Sibling),
            Lookup::Redirected(_) | Lookup::NoName => return None,
        };
        self.zone.has_addresses(node).then(|| host(node, target, weight))
    }

    /// A host that is the zone's own.
    fn own(&self, owner: u32, rtype: u16, target: &Target<'_>) -> Option<Host> {
        if !self.zone.holds(target.name) {
            return None;
        }
        let Lookup::Found { node, .. } = self.zone.find(target.name, rtype::A) else { return None };
        let leads_on = is_alias(rtype, target) && node.number() != owner && node.rrset(rtype).is_some();
        if leads_on {
            return Some(host(node.number(), target, HostWeight::Alias));
        }
        self.zone.has_addresses(node.number()).then(|| host(node.number(), target, HostWeight::Addresses))
    }
}

/// The owner as its own target: the `.` of SVCB and HTTPS, unless the record is an alias: then `.` says that there is
/// no service (RFC 9460 §2.5). In other types `.` is no host either (RFC 7505, RFC 2782).
fn own_host(owner: u32, rtype: u16, target: &Target<'_>) -> Option<Host> {
    let is_service = matches!(rtype, rtype::SVCB | rtype::HTTPS) && !is_alias(rtype, target);
    is_service.then_some(Host { node: owner, name: 0, weight: HostWeight::Addresses, is_last: false })
}

/// Whether a record is an SVCB or HTTPS record of priority 0.
fn is_alias(rtype: u16, target: &Target<'_>) -> bool {
    matches!(rtype, rtype::SVCB | rtype::HTTPS) && target.rdata.starts_with(&[0, 0])
}

fn host(node: u32, target: &Target<'_>, weight: HostWeight) -> Host {
    // An RRset has fewer than 2¹⁶ octets.
    Host { node, name: target.offset as u16, weight, is_last: false }
}

#[cfg(test)]
mod tests {
    use super::super::compiled::APEX_POINTER;
    use super::super::fixture::{question, rdata, whole};
    use super::*;

    /// What goes along with the RRset of a name of example.com, one record set a line: the owner as the RRset names it
    /// (`@` for the RRset's own), the number of the type, the data in hexadecimal, `!` where it is required.
    fn check(text: &str, owner: &str, rtype: u16, expected: &[&str]) {
        let zone = whole(text);
        let node = zone.exact(&question(&format!("{owner}.example.com."))).unwrap();
        let rrset = zone.node(node).rrset(rtype).unwrap();
        let found: Vec<String> = rrset
            .additional()
            .map(|additional| {
                let owner = additional.owner.map_or("@".to_owned(), |at| labels(rrset.octets(), at));
                let data = rdata(additional.rrset).join(" ");
                let required = if additional.required { " !" } else { "" };
                format!("{owner} {} {data}{required}", additional.rrset.rtype())
            })
            .collect();
        assert_eq!(found, expected, "{text}");
        assert_eq!(rrset.has_additional(), !expected.is_empty(), "{text}");
    }

    /// The labels of the name at `at`, up to the pointer to the apex or the root label.
    fn labels(octets: &[u8], mut at: usize) -> String {
        let mut text = String::new();
        loop {
            match usize::from(octets[at]) {
                0 => return text,
                length @ 1..=63 => {
                    text.push_str(&format!("{}.", String::from_utf8_lossy(&octets[at + 1..][..length])));
                    at += 1 + length;
                }
                _ if octets[at..].starts_with(&APEX_POINTER) => return text,
                _ => at = usize::from(octets[at + 1]),
            }
        }
    }

    #[test]
    fn rfc9471_glue_is_in_domain_first_then_sibling_then_the_zones_own() {
        check(
            "sub NS ns1\nsub NS ns.other\nsub NS NS.Sub\nsub NS ns.example.net.\nsub NS missing.sub\n\
             other NS ns.other\nns.other A 192.0.2.4\nns.sub AAAA 2001:db8::1\nns.sub A 192.0.2.5\n",
            "sub",
            rtype::NS,
            &[
                "NS.Sub. 1 c0000205 !",
                "NS.Sub. 28 20010db8000000000000000000000001 !",
                "ns.other. 1 c0000204",
                "ns1. 1 c0000201",
            ],
        );
        check(
            "a.sub NS ns.sub\nns.sub A 192.0.2.5\nsub NS x.hosts\n*.hosts A 192.0.2.6\n",
            "sub",
            rtype::NS,
            &["x.hosts. 1 c0000206"],
        );
        check("sub NS a.d\nd DNAME ns1\n", "sub", rtype::NS, &[]);
    }

    #[test]
    fn rfc1035_hosts_of_mail_and_services_go_along_once_each() {
        let zone = "a MX 10 ns1\na MX 20 NS1\na MX 30 b.hosts\na MX 40 c.hosts\na MX 50 x.net.\na MX 60 alias\n\
                    a MX 70 ns.sub\na MX 80 d\na MX 90 .\nsub NS ns.sub\nns.sub A 192.0.2.5\nalias CNAME ns1\n\
                    *.hosts A 192.0.2.6\nd TXT x\n_s._tcp SRV 0 0 1 NS1\n_n._tcp SRV 0 0 1 .\np PTR ns1\n";
        check(zone, "a", rtype::MX, &["ns1. 1 c0000201", "b.hosts. 1 c0000206", "c.hosts. 1 c0000206"]);
        check(zone, "_s._tcp", rtype::SRV, &["NS1.example.com. 1 c0000201"]);
        check(zone, "_n._tcp", rtype::SRV, &[]);
        check(zone, "p", rtype::PTR, &[]);
    }

    #[test]
    fn an_owner_points_at_labels_not_at_another_pointer() {
        let zone = whole("a MX 10 b.h\na MX 20 h\nb.h TXT x\nh A 192.0.2.1\n");
        let mx = zone.node(zone.exact(&question("a.example.com.")).unwrap()).rrset(rtype::MX).unwrap();
        assert_eq!(mx.octets()[14..20], *b"\x01b\x01h\xc0\0");
        assert_eq!(mx.additional().next().unwrap().owner, Some(16));
    }

    #[test]
    fn rfc9460_targets_and_what_aliases_lead_to_go_along() {
        let zone = "a HTTPS 1 .\na A 192.0.2.7\nb HTTPS 0 a\nc HTTPS 0 b\nd HTTPS 0 .\nd A 192.0.2.8\ne SVCB 1 ns1\n\
                    f SVCB 0 a\ng HTTPS 2 x.net.\n";
        check(zone, "a", rtype::HTTPS, &["@ 1 c0000207"]);
        check(zone, "b", rtype::HTTPS, &["a.example.com. 65 000100", "a.example.com. 1 c0000207"]);
        check(zone, "c", rtype::HTTPS, &["b.example.com. 65 00000161076578616d706c6503636f6d00"]);
        check(zone, "d", rtype::HTTPS, &[]);
        check(zone, "e", rtype::SVCB, &["ns1.example.com. 1 c0000201"]);
        check(zone, "f", rtype::SVCB, &["a.example.com. 1 c0000207"]);
        check(zone, "g", rtype::HTTPS, &[]);
    }
}
