//! What is at a name: RFC 1034 §4.3.2 with the wildcards of RFC 4592.
//!
//! | the name | and | is |
//! |---|---|---|
//! | has a node | above every cut | found (an empty non-terminal too: no type at all) |
//! | has a node | at a cut, asked for DS | found: the parent side answers (RFC 4035 §3.1.4.1) |
//! | has a node | at or below a cut | a referral from the topmost cut |
//! | has none | its closest encloser is at or below a cut | a referral from the topmost cut |
//! | has none | its closest encloser has a wildcard child | found by the wildcard |
//! | has none | otherwise | no name |
//!
//! A node's ancestors up to the apex are nodes too. So the closest encloser is found by halving the row of suffixes,
//! in at most seven steps; names longer than the deepest node start at that node's depth.

use super::compiled::{APEX, Standing, Zone};
use super::rrset::{Node, Referral};
use crate::wire::{QuestionName, rtype};

/// What is at a name.
pub enum Lookup<'z> {
    /// The name exists, or a wildcard stands in for it; NODATA when the node lacks the type (also an empty
    /// non-terminal, whose node has no RRset).
    Found {
        /// The name's own node or the wildcard's.
        node: Node<'z>,
        /// Whether a wildcard stood in (the owner in the answer is the question's name either way).
        wildcard: bool,
    },
    /// At or below a zone cut.
    Referral(Referral<'z>),
    /// Name error (NXDOMAIN).
    NoName,
}

impl Zone {
    /// What is at a name that is the apex or below it (RFC 1034 §4.3.2, RFC 4592). `qtype` matters at a cut only:
    /// DS is answered by the parent side.
    #[inline]
    pub fn find(&self, name: &QuestionName, qtype: u16) -> Lookup<'_> {
        let depth = name.label_count().saturating_sub(self.apex_labels);
        let (suffix, number) = self.closest_encloser(name, depth);
        let link = self.nodes[number as usize].link;
        match link.standing() {
            Standing::Authoritative if suffix == 0 => {
                Lookup::Found { node: self.node(number), wildcard: false }
            }
            Standing::Authoritative => match link.target() {
                Some(wildcard) => Lookup::Found { node: self.node(wildcard), wildcard: true },
                None => Lookup::NoName,
            },
            Standing::Cut if suffix == 0 && qtype == rtype::DS => {
                Lookup::Found { node: self.node(number), wildcard: false }
            }
            Standing::Cut | Standing::BelowCut => Lookup::Referral(self.referral(name, suffix, number)),
        }
    }

    /// The node of exactly this name, wherever it stands.
    pub(super) fn exact(&self, name: &QuestionName) -> Option<u32> {
        let depth = name.label_count().checked_sub(self.apex_labels)?;
        (name.suffix(depth) == &*self.apex_octets).then(|| self.node_at(name, 0, depth))?
    }

    /// The longest suffix of the name that has a node: the suffix's number and the node's. `depth` is the number of
    /// the suffix that is the apex.
    #[inline]
    fn closest_encloser(&self, name: &QuestionName, depth: usize) -> (usize, u32) {
        let first = depth.saturating_sub(self.deepest);
        if let Some(node) = self.node_at(name, first, depth) {
            return (first, node);
        }
        let (mut missing, mut found, mut node) = (first, depth, APEX);
        while found - missing > 1 {
            let middle = missing.midpoint(found);
            match self.node_at(name, middle, depth) {
                Some(number) => (found, node) = (middle, number),
                None => missing = middle,
            }
        }
        (found, node)
    }

    /// The node of suffix number `suffix`.
    #[inline]
    fn node_at(&self, name: &QuestionName, suffix: usize, depth: usize) -> Option<u32> {
        if suffix == depth {
            return Some(APEX);
        }
        let labels = &name.as_octets()[name.suffix_offset(suffix)..name.suffix_offset(depth)];
        self.table.find(name.suffix_hash(suffix), |node| self.labels(node) == labels)
    }

    /// The referral for a name whose closest encloser is at or below a cut: from the topmost one.
    fn referral(&self, name: &QuestionName, mut suffix: usize, mut number: u32) -> Referral<'_> {
        let depth = name.label_count().saturating_sub(self.apex_labels);
        while self.standing(number) == Standing::BelowCut {
            suffix += 1;
            number = self.node_at(name, suffix, depth).expect("a node's ancestors are nodes");
        }
        let ns = self.node(number).rrset(rtype::NS).expect("a node is a cut because it has NS records");
        Referral { cut: suffix, ns, node: number }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{name, question, rdata, whole};
    use super::*;
    use crate::wire::Name;

    /// What is found, in one line: `types [by wildcard]`, `cut at name`, or `no name`.
    fn found(zone: &Zone, wanted: &str, qtype: u16) -> String {
        let question = question(wanted);
        match zone.find(&question, qtype) {
            Lookup::NoName => "no name".to_owned(),
            Lookup::Referral(referral) => {
                format!("cut at {}", Name::from_wire(question.suffix(referral.cut)).unwrap())
            }
            Lookup::Found { node, wildcard } => {
                let types: Vec<String> = node.rrsets().map(|rrset| rrset.rtype().to_string()).collect();
                format!("{}{}", types.join(" "), if wildcard { " by wildcard" } else { "" })
            }
        }
    }

    fn check(zone: &Zone, cases: &[(&str, u16, &str)]) {
        for (wanted, qtype, expected) in cases {
            assert_eq!(found(zone, &format!("{wanted}.example.com."), *qtype), *expected, "{wanted}");
        }
    }

    #[test]
    fn rfc4592_wildcards_match_as_in_its_section_2_2_1() {
        let zone = whole(
            "* TXT \"this is a wildcard\"\n* MX 10 host1\nsub.* TXT \"this is not a wildcard\"\n\
             host1 A 192.0.2.1\n_ssh._tcp.host1 SRV 0 0 22 host1\n_ssh._tcp.host2 SRV 0 0 22 host1\n\
             subdel NS ns.example.com.\nsubdel NS ns.example.net.\nns A 192.0.2.2\n",
        );
        check(
            &zone,
            &[
                ("host3", 15, "15 16 by wildcard"),
                ("host3", 1, "15 16 by wildcard"),
                ("foo.bar", 16, "15 16 by wildcard"),
                ("host1", 15, "1"),
                ("sub.*", 15, "16"),
                ("_telnet._tcp.host1", 33, "no name"),
                ("host.subdel", 1, "cut at subdel.example.com."),
                ("ghost.*", 15, "no name"),
                ("*", 16, "15 16"),
                ("_tcp.host2", 33, ""),
                ("host2", 33, ""),
            ],
        );
    }

    #[test]
    fn delegations_hide_what_is_below_them_and_ds_is_the_parents() {
        let zone = whole(
            "sub NS ns.sub\nns.sub A 192.0.2.3\n*.sub TXT x\ndeep.sub NS ns.sub\nsub DS 1 13 9 aa\n\
             x.unsigned NS ns1\n",
        );
        check(
            &zone,
            &[
                ("sub", 1, "cut at sub.example.com."),
                ("sub", 43, "2 43"),
                ("ns.sub", 1, "cut at sub.example.com."),
                ("ns.sub", 43, "cut at sub.example.com."),
                ("q.sub", 16, "cut at sub.example.com."),
                ("q.deep.sub", 16, "cut at sub.example.com."),
                ("deep.sub", 43, "cut at sub.example.com."),
                ("unsigned", 1, ""),
                ("x.unsigned", 43, "2"),
                ("y.unsigned", 1, "no name"),
            ],
        );
        assert_eq!(found(&zone, "example.com.", 43), "2 6");
    }

    #[test]
    fn names_deeper_than_the_zone_are_found_missing_and_wildcards_still_match() {
        let zone = whole("a.b TXT x\n*.b TXT y\n");
        let long = vec!["x"; 110].join(".");
        check(&zone, &[(&long, 16, "no name"), (&format!("{long}.b"), 16, "16 by wildcard")]);
        check(&zone, &[(&format!("{long}.a.b"), 16, "no name")]);
    }

    #[test]
    fn rfc9471_glue_is_in_domain_first_then_sibling_then_authoritative() {
        let zone = whole(
            "sub NS ns1\nsub NS ns.other\nsub NS ns.sub\nsub NS ns.example.net.\nsub NS missing.sub\n\
             other NS ns.other\nns.other A 192.0.2.4\nns.sub AAAA 2001:db8::1\nns.sub A 192.0.2.5\n",
        );
        let Lookup::Referral(referral) = zone.find(&question("x.y.sub.example.com."), 1) else { panic!() };
        assert_eq!(referral.cut, 2);
        assert_eq!(referral.ns.record_count(), 5);
        let glue: Vec<(&[u8], Vec<String>)> =
            referral.glue().map(|glue| (glue.owner, rdata(glue.rrset))).collect();
        assert_eq!(
            glue,
            [
                (b"\x02ns\x03sub\xc0\0".as_slice(), vec!["c0000205".to_owned()]),
                (b"\x02ns\x03sub\xc0\0", vec!["20010db8000000000000000000000001".to_owned()]),
                (b"\x02ns\x05other\xc0\0", vec!["c0000204".to_owned()]),
                (b"\x03ns1\xc0\0", vec!["c0000201".to_owned()]),
            ]
        );
    }

    #[test]
    fn a_root_zone_has_whole_names() {
        let text = "$TTL 1\n. SOA ns. host. 1 2 3 4 5\n. NS ns.\nns. A 192.0.2.1\nxn. NS ns.xn.\nns.xn. A 192.0.2.2\n";
        let (data, faults) = super::super::fixture::load_files(".", &[("z", text)]);
        assert_eq!(faults, []);
        let zone = data.unwrap().compile();
        let Lookup::Referral(referral) = zone.find(&question("a.xn."), 1) else { panic!() };
        assert_eq!(referral.ns.apex_pointers().count(), 0);
        assert_eq!(referral.glue().next().unwrap().owner, b"\x02ns\x02xn\0");
        assert!(matches!(zone.find(&question("nowhere."), 1), Lookup::NoName));
        assert_eq!(zone.apex(), &name("."));
    }
}
