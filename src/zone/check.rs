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
//! | DS where there is no delegation (RFC 4035 §2.4) | warning |
//! | `@` in the mailbox of the SOA (RFC 1035 §3.3.13) | warning |
//! | `*` inside a name or a label: no wildcard there | warning |

use std::sync::Arc;

use super::compile::Compiled;
use super::compiled::{APEX, Standing, Zone};
use super::faults::{Faults, Place};
use super::field::NAPTR;
use super::lookup::Lookup;
use super::record_type;
use super::rrset::{CnameTarget, Node, Rrset};
use crate::fault::{Fault, Source};
use crate::wire::{Name, QuestionName, rtype};

/// The most aliases that are followed to find a loop.
const LOOP_MAX: usize = 16;
/// Types that stand beside a CNAME: its signature and its place in the chain of denial (RFC 4035 §2.5), and what they
/// were called before (SIG, KEY, NXT).
const BESIDE_CNAME: [u16; 6] = [rtype::CNAME, rtype::RRSIG, rtype::NSEC, 24, 25, 30];
/// Types that the parent side holds at a cut (RFC 4035 §2.4, §2.6).
const AT_CUT: [u16; 4] = [rtype::NS, rtype::DS, rtype::RRSIG, rtype::NSEC];

/// The octets of the five numbers that end the data of a SOA record (RFC 1035 §3.3.13).
const SOA_NUMBERS: usize = 20;

/// Checks a compiled zone.
pub(super) fn check(compiled: &Compiled, source: &Arc<Source>, faults: &mut Faults) {
    let zone = &compiled.zone;
    let mut checker = Checker {
        zone,
        faults,
        is_glue: glue_nodes(zone),
        has_dname: zone.rrsets.iter().any(|entry| entry.rtype == rtype::DNAME),
    };
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

/// For each node whether it holds the address of a delegation's nameserver. Empty for a zone without delegations.
fn glue_nodes(zone: &Zone) -> Vec<bool> {
    let mut is_glue = vec![false; if zone.glue.is_empty() { 0 } else { zone.nodes.len() }];
    let mut rest = &*zone.glue;
    while let Some((&count, tail)) = rest.split_first() {
        let (nodes, next) = tail.split_at(count as usize);
        nodes.iter().for_each(|&node| is_glue[node as usize] = true);
        rest = next;
    }
    is_glue
}

struct Checker<'a> {
    zone: &'a Zone,
    faults: &'a mut Faults,
    is_glue: Vec<bool>,
    /// Names below a DNAME exist without a node.
    has_dname: bool,
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
            if standing != Standing::Authoritative && !self.may_stand_at_cut(number, standing, rrset) {
                self.warn_occluded(number, rrset, first, name);
                continue;
            }
            match rrset.rtype() {
                rtype::CNAME => self.check_cname(number, rrset, first, name),
                rtype::NS | rtype::MX | rtype::SRV => self.check_hosts(number, rrset, own, name),
                rtype::PTR | rtype::SVCB | rtype::HTTPS | NAPTR => self.check_targets(rrset, own, name),
                rtype::SOA => self.check_mailbox(rrset, first),
                rtype::DS if standing == Standing::Authoritative => self.warn_lonely_ds(number, first),
                rtype::DNAME => self.warn_dname(number, first),
                _ => {}
            }
        }
    }

    fn may_stand_at_cut(&self, number: u32, standing: Standing, rrset: Rrset<'_>) -> bool {
        let is_address = matches!(rrset.rtype(), rtype::A | rtype::AAAA);
        let is_glue = is_address && self.is_glue.get(number as usize) == Some(&true);
        is_glue || (standing == Standing::Cut && AT_CUT.contains(&rrset.rtype()))
    }

    fn warn_occluded(&mut self, number: u32, rrset: Rrset<'_>, place: Place, room: &mut QuestionName) {
        let name = self.zone.full_name(number);
        room.set(&name);
        let Lookup::Referral(referral) = self.zone.find(room, rtype::ANY) else { return };
        let cut = self.zone.full_name(referral.node);
        let what = record_type::name(rrset.rtype());
        let message = format!("the {what} record of {name} is never answered: {cut} is delegated");
        let fault = self.faults.warning_at(place, 0, message).label("not glue");
        self.faults.push(fault.help(format!("move it to the servers of {cut}, or remove the delegation")));
    }

    fn warn_lonely_ds(&mut self, number: u32, place: Place) {
        let name = self.zone.full_name(number);
        let fault = self.faults.warning_at(place, 0, format!("{name} has a DS record but is not delegated"));
        self.faults.push(
            fault.help("a DS record belongs beside the NS records of a delegation, in the parent zone"),
        );
    }

    fn warn_dname(&mut self, number: u32, place: Place) {
        let name = self.zone.full_name(number);
        let message = format!("names below the DNAME record of {name} are not synthesised in this version");
        let fault = self.faults.warning_at(place, 0, message).label("only the record itself is answered");
        self.faults.push(fault.help("write CNAME records for the names that are asked for"));
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

    fn check_cname(&mut self, number: u32, rrset: Rrset<'_>, place: Place, target: &mut QuestionName) {
        let other = self.zone.node(number).rrsets().find(|other| !BESIDE_CNAME.contains(&other.rtype()));
        if let Some(other) = other {
            let what = record_type::name(other.rtype());
            let message = format!("{} has a CNAME record and {what} beside it", self.zone.full_name(number));
            let fault = self.faults.error_at(place, 0, message).label("an alias has no other data");
            let fault = fault.help(match number {
                APEX => "the apex has SOA and NS records, so it cannot be an alias: write A and AAAA records",
                _ => "remove the CNAME record or the others",
            });
            return self.faults.push(fault);
        }
        let stands = rrset.cname_target(target);
        if !matches!(stands, Some(CnameTarget::BelowApex { .. })) {
            return;
        }
        match self.zone.find(target, rtype::CNAME) {
            Lookup::NoName if !self.has_dname => {
                let message = format!("the alias leads to {}, which does not exist", written(target));
                self.warn_target(place, 1, message, target);
            }
            Lookup::Found { node, .. } if self.returns_to(number, node, target) => {
                let message = format!("the alias {} leads back to itself", self.zone.full_name(number));
                let fault = self.faults.warning_at(place, 0, message).label("a loop of CNAME records");
                self.faults.push(fault.help("let one of them lead out of the loop"));
            }
            _ => {}
        }
    }

    /// Whether the aliases from `node` on come to node `start` again.
    fn returns_to(&self, start: u32, mut node: Node<'a>, name: &mut QuestionName) -> bool {
        for _ in 0..LOOP_MAX {
            if node.number() == start {
                return true;
            }
            let Some(cname) = node.rrset(rtype::CNAME) else { return false };
            if !matches!(cname.cname_target(name), Some(CnameTarget::BelowApex { .. })) {
                return false;
            }
            match self.zone.find(name, rtype::CNAME) {
                Lookup::Found { node: next, .. } => node = next,
                _ => return false,
            }
        }
        false
    }

    /// Checks the hosts that NS, MX and SRV records name, as far as they lie in the zone.
    fn check_hosts(&mut self, number: u32, rrset: Rrset<'_>, places: &[Place], room: &mut QuestionName) {
        let fields_before = match rrset.rtype() {
            rtype::NS => 1,
            rtype::MX => 2,
            _ => 4,
        };
        rrset.visit_targets(room, |index, target| {
            if let Some(place) = places.get(index).filter(|_| self.is_in_zone(target)) {
                self.check_host(number, rrset.rtype(), target, (*place, fields_before));
            }
        });
    }

    /// Checks the names that need not be hosts (services of DNS-SD, aliases of SVCB), as far as they lie in the zone.
    fn check_targets(&mut self, rrset: Rrset<'_>, places: &[Place], room: &mut QuestionName) {
        let fields_before = match rrset.rtype() {
            rtype::PTR => 1,
            NAPTR => 6,
            _ => 2,
        };
        rrset.visit_targets(room, |index, target| {
            let Some(place) = places.get(index).filter(|_| self.is_in_zone(target)) else { return };
            if !self.has_dname && matches!(self.zone.find(target, rtype::ANY), Lookup::NoName) {
                let what = record_type::name(rrset.rtype());
                let message = format!("{what} names {}, which does not exist", written(target));
                let fault = self.faults.warning_at(*place, fields_before, message);
                self.faults.push(
                    fault.help("end the name with a dot if it is not in this zone, or add its records"),
                );
            }
        });
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

    fn is_in_zone(&self, name: &QuestionName) -> bool {
        let depth = name.label_count().checked_sub(self.zone.apex_labels);
        // A target of "." says that there is no such service (RFC 7505, RFC 2782).
        name.label_count() > 0 && depth.is_some_and(|depth| *name.suffix(depth) == *self.zone.apex_octets)
    }

    fn check_host(&mut self, owner: u32, rtype: u16, target: &QuestionName, at: (Place, usize)) {
        let what = record_type::name(rtype);
        let name = || written(target);
        match self.zone.find(target, rtype::A) {
            Lookup::Found { node, .. } if node.rrset(rtype::CNAME).is_some() => {
                let fault =
                    self.faults.warning_at(at.0, at.1, format!("{what} names {}, which is an alias", name()));
                self.faults.push(fault.help("name the host itself (RFC 2181 §10.3)"));
            }
            Lookup::Found { node, .. } if has_address(node) => {}
            Lookup::NoName if self.has_dname => {}
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

    fn warn_target(&mut self, place: Place, count: usize, message: String, target: &QuestionName) {
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

fn written(name: &QuestionName) -> String {
    Name::from_wire(name.as_octets()).map_or_else(|_| String::new(), |name| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{HEAD, lines, load};

    /// The lines below the head, the first of which is line 5, give these faults; what to do is left out.
    fn check(text: &str, expected: &[&str]) {
        let faults = lines(&load(&format!("{HEAD}{text}\n")).1);
        let messages: Vec<&str> =
            faults.iter().map(|line| line.split(" (help").next().unwrap_or_default()).collect();
        assert_eq!(messages, expected, "{text}");
    }

    /// The first target stands in full, the second ends in a pointer to the apex.
    #[test]
    fn two_cnames_of_which_only_the_second_is_in_the_zone_are_a_fault_and_nothing_worse() {
        let faults = lines(&load(&format!("{HEAD}a CNAME x.net.\na CNAME a-much-longer-target\n")).1);
        assert!(faults.iter().any(|line| line.contains("error")), "{faults:?}");
    }

    #[test]
    fn a_zone_has_soa_and_ns() {
        let messages = |text: &str| lines(&load(text).1);
        assert_eq!(
            messages("$TTL 1\n@ NS a.\n"),
            [" error: the zone example.com. has no SOA record \
              (help: begin it with: @ SOA ns1.example.com. hostmaster.example.com. 1 1h 15m 1w 5m)"]
        );
        assert_eq!(
            messages("$TTL 1\n@ SOA a b 1 2 3 4 5\n"),
            [" error: the zone example.com. has no NS record at its apex \
              (help: name the servers of the zone, as in: @ NS ns1.example.com.)"]
        );
        check("", &[]);
    }

    #[test]
    fn a_cname_stands_alone_but_for_its_signature() {
        check(
            "a CNAME ns1\na A 192.0.2.1",
            &["5:3: error: a.example.com. has a CNAME record and A beside it"],
        );
        check("@ CNAME ns1", &["5:3: error: example.com. has a CNAME record and NS beside it"]);
        check(
            "a CNAME ns1\na NSEC b CNAME\na RRSIG CNAME 13 3 300 20270101000000 20261201000000 1 @ AAAA",
            &[],
        );
    }

    #[test]
    fn nameservers_and_hosts_of_the_zone_have_addresses() {
        check("@ NS ns2", &["5:6: error: NS names ns2.example.com., which has no A or AAAA record"]);
        check(
            "@ NS ns2\n*.b A 192.0.2.1\n@ NS x.b",
            &["5:6: error: NS names ns2.example.com., which has no A or AAAA record"],
        );
        check(
            "a MX 10 b\nb TXT x",
            &["5:9: warning: MX names b.example.com., which has no A or AAAA record"],
        );
        check("a SRV 1 2 3 b", &["5:13: warning: SRV names b.example.com., which has no A or AAAA record"]);
        check(
            "a MX 0 .\na SRV 0 0 0 .\na NS x.net.",
            &[
                "5:3: warning: the MX record of a.example.com. is never answered: a.example.com. is delegated",
                "6:3: warning: the SRV record of a.example.com. is never answered: a.example.com. is delegated",
            ],
        );
        check("a NS b", &["5:6: warning: NS names b.example.com., which has no A or AAAA record"]);
        check(
            "a NS (\n ; c\n ns.a )",
            &["7:2: warning: the glue of ns.a.example.com. is missing: it has no A or AAAA record here"],
        );
        check("a NS ns.a\nns.a A 192.0.2.1\nb NS ns.a", &[]);
        check("a NS x.b\nb NS ns1", &[]);
    }

    #[test]
    fn what_records_lead_to_exists_or_lies_elsewhere() {
        check(
            "1 PTR www.acme.test",
            &["5:7: warning: PTR names www.acme.test.example.com., which does not exist"],
        );
        check("1 PTR www.acme.test.\n_a._udp PTR _b.c\nx._b.c TXT x\n2 PTR @\n*.w TXT x\n3 PTR a.w", &[]);
        check(
            "a HTTPS 1 . alpn=h2\nb HTTPS 0 ns1\nc HTTPS 0 www.acme.test\nd SVCB 1 nowhere port=53",
            &[
                "7:11: warning: HTTPS names www.acme.test.example.com., which does not exist",
                "8:10: warning: SVCB names nowhere.example.com., which does not exist",
            ],
        );
        check(
            "a NAPTR 1 2 s \"SIP+D2U\" \"\" nowhere\nb NAPTR 1 2 u \"\" \"!^.*$!x!\" .\nc NAPTR 1 2 a \"\" \"\" ns1",
            &["5:28: warning: NAPTR names nowhere.example.com., which does not exist"],
        );
        check("a PTR b.d\nd NS ns.x.net.", &[]);
    }

    #[test]
    fn the_mailbox_has_a_dot_for_its_at_sign() {
        let zone = |names: &str| format!("$TTL 300\n@ SOA {names} 1 2 3 4 64\n@ NS x.net.\n");
        let messages = |names: &str| lines(&load(&zone(names)).1);
        for wrong in ["ns.x.net. hostmaster@acme.test.", "ns hostmaster@acme.test"] {
            let [message] = &messages(wrong)[..] else { panic!("{wrong}: {:?}", messages(wrong)) };
            assert!(
                message.contains("warning: the mailbox of the SOA record is written with a dot"),
                "{message}"
            );
        }
        for right in ["ns.x.net. hostmaster.acme.test.", "@ host\\.master", "ns ."] {
            assert_eq!(messages(right), [""; 0], "{right}");
        }
    }

    #[test]
    fn aliases_are_no_hosts_and_lead_somewhere() {
        check("a CNAME ns1\nb MX 1 a", &["6:8: warning: MX names a.example.com., which is an alias"]);
        check(
            "a CNAME nowhere",
            &["5:9: warning: the alias leads to nowhere.example.com., which does not exist"],
        );
        check("a CNAME nowhere.example.net.", &[]);
        check(
            "a CNAME b.d\nd DNAME x.net.",
            &[
                "6:3: warning: names below the DNAME record of d.example.com. are not synthesised in this version",
            ],
        );
        check(
            "a CNAME b\nb CNAME a",
            &[
                "5:3: warning: the alias a.example.com. leads back to itself",
                "6:3: warning: the alias b.example.com. leads back to itself",
            ],
        );
        check("*.a CNAME x.a", &["5:5: warning: the alias *.a.example.com. leads back to itself"]);
    }

    #[test]
    fn what_a_delegation_hides_is_told() {
        check(
            "a NS ns.a\nns.a A 192.0.2.1\nns.a TXT x\nb.a A 192.0.2.1\na TXT x\na DS 1 13 9 aa\nns.a AAAA ::1",
            &[
                "7:6: warning: the TXT record of ns.a.example.com. is never answered: a.example.com. is delegated",
                "8:5: warning: the A record of b.a.example.com. is never answered: a.example.com. is delegated",
                "9:3: warning: the TXT record of a.example.com. is never answered: a.example.com. is delegated",
            ],
        );
        check("a DS 1 13 9 aa", &["5:3: warning: a.example.com. has a DS record but is not delegated"]);
    }

    #[test]
    fn asterisks_are_wildcards_only_as_the_whole_first_label() {
        check("*.a TXT x", &[]);
        check("*a TXT x", &["5:4: warning: the asterisk in *a.example.com. is an ordinary character"]);
        check("b.*.a TXT x", &["5:7: warning: the asterisk in b.*.a.example.com. is an ordinary character"]);
        check("*.a NS ns1", &["5:5: error: a wildcard cannot be delegated: *.a.example.com. has NS records"]);
    }
}
