//! A zone that was read and checked but is not served yet: what config looks into before it marks what is steered.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use super::compiled::{Backing, Standing, Zone};
use super::faults::Faults;
use super::hints::Hints;
use super::lookup::Lookup;
use super::{check, compile, master};
use crate::fault::{Fault, Source};
use crate::wire::{Name, QuestionName, rtype};

/// Reads an `$INCLUDE`d file; the argument is the path as written, the error a sentence for the operator.
pub type Include<'a> = &'a mut dyn FnMut(&str) -> Result<Arc<Source>, String>;

/// The records of one master file, checked: what config looks into (which RRsets exist) before it marks the steered
/// ones.
pub struct ZoneData {
    zone: Zone,
    ns_targets: OnceLock<HashSet<Name>>,
}

impl ZoneData {
    /// Parses and checks a master file whose first origin is `apex`. `children` are the apexes of zones below this one
    /// that are served beside it, at least the topmost: what is at or below them is theirs. All faults of all files in one run, in the order
    /// of files and lines; `None` when a fault leaves nothing to go on with: there is no SOA. Data that came with an
    /// error is fit to look into, not to be served.
    pub fn parse(
        apex: &Name,
        source: &Arc<Source>,
        children: &[Name],
        include: Include<'_>,
    ) -> (Option<ZoneData>, Vec<Fault>) {
        let mut faults = Faults::default();
        let records = master::read(apex, source, include, &mut faults);
        let compiled = compile::compile(apex, records, &mut faults);
        match &compiled {
            Some(compiled) => check::check(compiled, source, children, &mut faults),
            None => check::report_missing_soa(apex, source, &mut faults),
        }
        let data = compiled.map(|compiled| ZoneData { zone: compiled.zone, ns_targets: OnceLock::new() });
        (data, faults.into_list())
    }

    /// The name of the zone.
    pub fn apex(&self) -> &Name {
        self.zone.apex()
    }

    /// The zone as it was compiled.
    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether a name has any record.
    pub fn has_records(&self, owner: &Name) -> bool {
        self.node(owner).is_some_and(|node| self.zone.node(node).rrsets().next().is_some())
    }

    /// The TTL of an RRset in seconds, if there is one.
    pub fn ttl(&self, owner: &Name, rtype: u16) -> Option<u32> {
        Some(self.zone.node(self.node(owner)?).rrset(rtype)?.ttl())
    }

    /// An RRset of SVCB or HTTPS with hints of its owner's addresses, which other addresses can take the place of.
    pub fn hints(&self, owner: &Name, rtype: u16) -> Option<Hints> {
        if !matches!(rtype, rtype::SVCB | rtype::HTTPS) {
            return None;
        }
        Hints::of(self.zone.node(self.node(owner)?).rrset(rtype)?, owner)
    }

    /// Every owner name in lower case, for suggestions ("did you mean").
    pub fn owners(&self) -> impl Iterator<Item = Name> + '_ {
        let has_records = |&number: &u32| self.zone.node(number).rrsets().next().is_some();
        self.zone.node_numbers().filter(has_records).map(|number| self.zone.full_name(number))
    }

    /// The zone cut (an owner of NS other than the apex) at or above `name`, the topmost one.
    pub fn cut_at_or_above(&self, name: &Name) -> Option<Name> {
        let names = std::iter::successors(Some(name.clone()), Name::parent);
        let is_cut = |name: &Name| {
            let node = self.node(name);
            node.is_some_and(|number| self.zone.standing(number) == Standing::Cut)
        };
        names.take_while(|name| name.is_within(self.apex())).find(is_cut)
    }

    /// Whether `name` is the target of an NS record of this zone, or the wildcard that such a target gets its addresses
    /// by.
    pub fn is_ns_target(&self, name: &Name) -> bool {
        self.ns_targets.get_or_init(|| self.collect_ns_targets()).contains(name)
    }

    /// Marks an RRset as steered by the rule number `rule` (dense over all zones). The RRset must exist.
    pub fn steer(&mut self, owner: &Name, rtype: u16, rule: u32) {
        let number =
            self.node(owner).and_then(|node| self.zone.node(node).rrset(rtype)).map(|rrset| rrset.number());
        debug_assert!(number.is_some(), "{owner} has no RRset of type {rtype} to steer");
        if let Some(number) = number {
            let entry = &mut self.zone.rrsets[number as usize];
            match entry.backing.as_ties() {
                Some(ties) => {
                    self.zone.ties[ties as usize].rule = rule;
                    entry.backing = entry.backing.with_rule();
                }
                None => entry.backing = Backing::rule(rule),
            }
        }
    }

    /// Compiles to the form that answers queries.
    pub fn compile(self) -> Zone {
        self.zone
    }

    fn node(&self, name: &Name) -> Option<u32> {
        let mut question_name = QuestionName::default();
        question_name.set(name);
        self.zone.exact(&question_name)
    }

    fn collect_ns_targets(&self) -> HashSet<Name> {
        let mut targets = HashSet::new();
        let mut name = QuestionName::default();
        let nodes = self.zone.node_numbers();
        for ns in nodes.filter_map(|number| self.zone.node(number).rrset(rtype::NS)) {
            ns.visit_targets(&mut name, |target| {
                targets.extend(Name::from_wire(target.name.as_octets()));
                targets.extend(self.wildcard_of(target.name));
            });
        }
        targets
    }

    /// The wildcard that stands in for a name of this zone.
    fn wildcard_of(&self, name: &QuestionName) -> Option<Name> {
        let is_within = Name::from_wire(name.as_octets()).is_ok_and(|name| name.is_within(self.apex()));
        match is_within.then(|| self.zone.find(name, rtype::A))? {
            Lookup::Found { node, wildcard: true } => Some(self.zone.full_name(node.number())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{HEAD, load, name};
    use super::*;

    #[test]
    fn config_finds_what_it_asks_for() {
        let text = format!("{HEAD}WWW 60 A 192.0.2.1\nsub NS ns.sub\nns.sub A 192.0.2.2\na.b TXT x\n");
        let mut data = load(&text).0.unwrap();
        assert_eq!(data.apex(), &name("example.com."));
        assert_eq!(data.ttl(&name("www.example.com."), rtype::A), Some(60));
        assert_eq!(data.ttl(&name("www.example.com."), rtype::AAAA), None);
        assert_eq!(data.ttl(&name("www.example.net."), rtype::A), None);
        let owners: Vec<String> = data.owners().map(|owner| owner.to_string()).collect();
        assert_eq!(
            owners.join(" "),
            "example.com. ns1.example.com. www.example.com. sub.example.com. ns.sub.example.com. a.b.example.com."
        );
        assert_eq!(data.cut_at_or_above(&name("x.sub.example.com.")), Some(name("sub.example.com.")));
        assert_eq!(data.cut_at_or_above(&name("sub.example.com.")), Some(name("sub.example.com.")));
        assert_eq!(data.cut_at_or_above(&name("www.example.com.")), None);
        assert!(data.is_ns_target(&name("NS.sub.example.com.")));
        assert!(!data.is_ns_target(&name("www.example.com.")));
        assert!(!data.is_ns_target(&name("*.example.com.")));
        data.steer(&name("www.example.com."), rtype::A, 7);
        let zone = data.compile();
        let mut rules =
            zone.node_numbers().flat_map(|node| zone.node(node).rrsets()).filter_map(|set| set.rule());
        assert_eq!((rules.next(), rules.next()), (Some(7), None));
    }

    #[test]
    fn the_wildcard_behind_a_nameserver_is_one_too() {
        let data =
            load(&format!("{HEAD}sub NS ns7.hosts\n*.hosts A 192.0.2.1\n*.web A 192.0.2.2\n")).0.unwrap();
        assert!(data.is_ns_target(&name("ns7.hosts.example.com.")));
        assert!(data.is_ns_target(&name("*.hosts.example.com.")));
        assert!(!data.is_ns_target(&name("*.web.example.com.")));
    }

    #[test]
    fn an_error_behind_a_thousand_warnings_still_refuses_the_zone() {
        let warnings: String = (0..1200).map(|number| format!("a{number} MX 1 nowhere\n")).collect();
        for error in ["b A ::1", "b CNAME a1\nb TXT x", "b CNAME a1\nb CNAME a2"] {
            let (_, faults) = load(&format!("{HEAD}{warnings}{error}\n"));
            assert!(crate::fault::any_error(&faults), "{error}");
        }
    }

    mod no_panic {
        use proptest::prelude::*;

        use super::super::super::{Lookup, Rrset};
        use super::*;

        /// Pieces that a master file is made of, and octets that it is not.
        fn soup() -> impl Strategy<Value = Vec<u8>> {
            let pieces = [
                "@ ",
                "a ",
                "*.a ",
                "b.a ",
                "\\# 4 ",
                "C0000201 ",
                "A ",
                "NS ",
                "CNAME ",
                "SOA ",
                "MX ",
                "TXT ",
                "SVCB ",
                "HTTPS ",
                "DNAME ",
                "DS ",
                "NSEC ",
                "RRSIG ",
                "CAA ",
                "TYPE1 ",
                "192.0.2.1 ",
                "10 ",
                "1h ",
                "IN ",
                "\n",
                "\n",
                "\n",
                "\n ",
                "(",
                ")",
                "\"",
                "\\",
                "\\1",
                "\\200",
                ";",
                "$TTL 1\n",
                "$ORIGIN ",
                "$INCLUDE z\n",
                ". ",
                "..",
                "alpn=h2 ",
                "key1=",
                "mandatory=",
                "\r\n",
                "\t",
                "\0",
                "\u{e9}",
                "@ 1 SOA a b 1 2 3 4 5\n",
                "@ NS a\n",
            ];
            let piece = prop_oneof![
                8 => prop::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
                1 => prop::collection::vec(any::<u8>(), 0..6),
            ];
            prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
        }

        proptest! {
            #[test]
            fn any_octets_load_or_are_refused_with_faults_inside_the_file(octets in soup()) {
                let source = Source::new("z", octets.clone());
                let mut include = |_: &str| Ok(Source::new("i", octets.clone()));
                let (data, faults) = ZoneData::parse(&name("example.com."), &source, &[], &mut include);
                prop_assert!(data.is_some() || crate::fault::any_error(&faults));
                for fault in &faults {
                    let span = fault.span.clone().unwrap_or_default();
                    prop_assert!(span.start <= span.end && span.end <= octets.len());
                }
                let Some(data) = data else { return Ok(()) };
                let owners: Vec<Name> = data.owners().collect();
                let zone = data.compile();
                let mut question = QuestionName::default();
                for owner in owners {
                    question.set(&owner);
                    match zone.find(&question, rtype::DS) {
                        Lookup::Found { node, .. } => {
                            let is_whole = |set: Rrset<'_>| set.rdata().count() == set.record_count();
                            prop_assert!(node.rrsets().all(is_whole));
                        }
                        Lookup::Referral(referral) => prop_assert!(referral.ns.additional().count() < 100),
                        Lookup::Redirected(redirection) => prop_assert!(!redirection.target().is_empty()),
                        Lookup::NoName => prop_assert!(false, "{owner} was just listed"),
                    }
                }
            }
        }
    }
}
