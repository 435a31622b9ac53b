//! What is at a name: RFC 1034 §4.3.2 with the wildcards of RFC 4592.
//!
//! | the name | and | is |
//! |---|---|---|
//! | has a node | above every cut | found (an empty non-terminal too: no type at all) |
//! | has a node | at a cut, asked for DS | found: the parent side answers (RFC 4035 §3.1.4.1) |
//! | has a node | at or below a cut | a referral from the topmost cut |
//! | has a node | at a DNAME | found: a DNAME redirects only what is below it (RFC 6672 §2.3) |
//! | has a node | below a DNAME | redirected by the topmost DNAME |
//! | has none | its closest encloser is at or below a cut | a referral from the topmost cut |
//! | has none | its closest encloser is at or below a DNAME | redirected by the topmost DNAME |
//! | has none | its closest encloser has a wildcard child | found by the wildcard |
//! | has none | otherwise | no name |
//!
//! A node's ancestors up to the apex are nodes too. So the closest encloser is found by halving the row of suffixes,
//! in at most seven steps. The first look is not at the middle but at the depth of the most nodes: nearly every name that
//! exists is found by it, and below it nearly none needs a second. No suffix is longer than the deepest node. A wildcard that has a DNAME
//! redirects nothing when it stands in for a name; only names below the wildcard's own name are (RFC 4592 §4.4, RFC
//! 6672 §3.3; Knot, NSD and BIND alike).

use std::ops::Range;

use super::compiled::{APEX, NodeEntry, Standing, Zone};
use super::rrset::{Node, Redirection, Referral};
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
    /// Below a DNAME.
    Redirected(Redirection<'z>),
    /// Name error (NXDOMAIN).
    NoName,
}

/// What the first look for a name has found where that does not say it all.
pub struct FirstLook<'z> {
    /// The node of the name, which stands at or below a cut, or has a DNAME. `None` where there is none, or where the name lies
    /// deeper than most nodes and nothing was looked at.
    node: Option<&'z [NodeEntry; 2]>,
}

impl Zone {
    /// What is at a name that is the apex or below it (RFC 1034 §4.3.2, RFC 4592). `qtype` matters at a cut only:
    /// DS is answered by the parent side.
    pub fn find(&self, name: &QuestionName, qtype: u16) -> Lookup<'_> {
        let depth = name.label_count().saturating_sub(self.apex_labels);
        match self.find_at_a_glance(name, depth) {
            Ok(node) => Lookup::Found { node, wildcard: false },
            Err(look) => self.find_otherwise(name, qtype, depth, look),
        }
    }

    /// The node of a name that lies no deeper than most nodes and above every cut: what nearly every question is about. `depth` is
    /// the number of the suffix that is the apex. The error is what [`Zone::find_otherwise`] goes on from.
    #[inline(always)]
    pub fn find_at_a_glance(&self, name: &QuestionName, depth: usize) -> Result<Node<'_>, FirstLook<'_>> {
        if depth > self.usual_depth {
            return Err(FirstLook { node: None });
        }
        match self.node_at(name, 0, depth) {
            Some(node) if node[0].link.standing() == Standing::Authoritative => Ok(Node::new(self, node)),
            node => Err(FirstLook { node }),
        }
    }

    /// What is at a name where a glance does not say it.
    #[inline(never)]
    pub fn find_otherwise<'z>(
        &'z self,
        name: &QuestionName,
        qtype: u16,
        depth: usize,
        look: FirstLook<'z>,
    ) -> Lookup<'z> {
        let (usual, node) = match depth.checked_sub(self.usual_depth) {
            Some(usual @ 1..) => (usual, self.node_at(name, usual, depth)),
            _ => (0, look.node),
        };
        let (suffix, node) = self.closest_encloser(name, depth, usual, node);
        let link = node[0].link;
        match link.standing() {
            Standing::Authoritative | Standing::Dname if suffix == 0 => {
                Lookup::Found { node: Node::new(self, node), wildcard: false }
            }
            Standing::Authoritative => match link.wildcard() {
                Some(wildcard) => Lookup::Found { node: self.node(wildcard), wildcard: true },
                None => Lookup::NoName,
            },
            Standing::Cut if suffix == 0 && qtype == rtype::DS => {
                Lookup::Found { node: Node::new(self, node), wildcard: false }
            }
            Standing::Cut | Standing::Dname | Standing::Occluded => {
                self.elsewhere(name, suffix, Node::new(self, node))
            }
        }
    }

    /// The node of exactly this name, wherever it stands.
    pub(super) fn exact(&self, name: &QuestionName) -> Option<u32> {
        let depth = name.label_count() - self.apex_labels;
        let node = self.holds(name).then(|| self.node_at(name, 0, depth))??;
        Some(Node::new(self, node).number())
    }

    /// Whether the name is the apex or lies below it.
    pub(super) fn holds(&self, name: &QuestionName) -> bool {
        let depth = name.label_count().checked_sub(self.apex_labels);
        depth.is_some_and(|depth| *name.suffix(depth) == *self.apex_octets)
    }

    /// The longest suffix of the name that has a node: the suffix's number and the node. `depth` is the number of
    /// the suffix that is the apex; that number `usual` has the node `first`.
    #[inline(always)]
    fn closest_encloser<'z>(
        &'z self,
        name: &QuestionName,
        depth: usize,
        usual: usize,
        first: Option<&'z [NodeEntry; 2]>,
    ) -> (usize, &'z [NodeEntry; 2]) {
        let (low, high, node) = match first {
            Some(node) => (depth.saturating_sub(self.deepest).min(usual), usual, node),
            None => (usual + 1, depth, self.pair(APEX)),
        };
        if low < high { self.halve(name, depth, low..high, node) } else { (high, node) }
    }

    /// The longest suffix that has a node: suffix number `row.end` has this one, and none in front of `row.start` has. By itself,
    /// because in a flat zone there is nothing to halve.
    #[inline(never)]
    fn halve<'z>(
        &'z self,
        name: &QuestionName,
        depth: usize,
        mut row: Range<usize>,
        mut node: &'z [NodeEntry; 2],
    ) -> (usize, &'z [NodeEntry; 2]) {
        while !row.is_empty() {
            let middle = row.start.midpoint(row.end);
            match self.node_at(name, middle, depth) {
                Some(found) => (row.end, node) = (middle, found),
                None => row.start = middle + 1,
            }
        }
        (row.end, node)
    }

    /// The node of suffix number `suffix`.
    #[inline(always)]
    fn node_at(&self, name: &QuestionName, suffix: usize, depth: usize) -> Option<&[NodeEntry; 2]> {
        if suffix == depth {
            return Some(self.pair(APEX));
        }
        let hash = name.suffix_hash(suffix);
        let first = self.pair(self.table.first(hash)?);
        if self.is_called(first, name, suffix, depth) {
            return Some(first);
        }
        self.node_among(name, suffix, depth)
    }

    /// The same where another name has the same mark in the table.
    #[cold]
    #[inline(never)]
    fn node_among(&self, name: &QuestionName, suffix: usize, depth: usize) -> Option<&[NodeEntry; 2]> {
        let numbers = self.table.candidates(name.suffix_hash(suffix));
        numbers.map(|number| self.pair(number)).find(|node| self.is_called(node, name, suffix, depth))
    }

    /// Whether a node's name is suffix number `suffix`.
    #[inline(always)]
    fn is_called(&self, node: &[NodeEntry; 2], name: &QuestionName, suffix: usize, depth: usize) -> bool {
        let own = name.suffix_offset(suffix);
        // Suffixes stand in order, and so do names: nothing wraps, and no query pays for a check of it.
        let length = name.suffix_offset(depth).wrapping_sub(own);
        let [start, end] = node.map(|node| node.name as usize);
        start.wrapping_add(length) == end && name.has(own, length, &self.names, start)
    }

    /// Where a name leads whose closest encloser, suffix number `suffix`, is at or below a cut or a DNAME: the topmost
    /// of them decides.
    #[cold]
    fn elsewhere<'z>(&'z self, name: &QuestionName, mut suffix: usize, mut node: Node<'z>) -> Lookup<'z> {
        let depth = name.label_count().saturating_sub(self.apex_labels);
        while node.standing() == Standing::Occluded {
            suffix += 1;
            let parent = self.node_at(name, suffix, depth).expect("a node's ancestors are nodes");
            node = Node::new(self, parent);
        }
        if node.standing() == Standing::Dname {
            let dname = node.rrset(rtype::DNAME).expect("a node redirects because it has a DNAME record");
            return Lookup::Redirected(Redirection { labels: suffix, dname });
        }
        let ns = node.rrset(rtype::NS).expect("a node is a cut because it has NS records");
        Lookup::Referral(Referral { cut: suffix, ns, node: node.number() })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::super::fixture::{HEAD, load, name, question, rdata, whole};
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
            Lookup::Redirected(redirection) => {
                let owner = Name::from_wire(question.suffix(redirection.labels)).unwrap();
                format!("DNAME at {owner} to {}", Name::from_wire(redirection.target()).unwrap())
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
    fn rfc6672_what_is_below_a_dname_is_redirected_by_the_topmost_one() {
        let zone = load(&format!(
            "{HEAD}d DNAME t\nd A 192.0.2.2\nb.d TXT x\n*.d TXT x\nc.d DNAME u\nx.c.d NS ns1\n\
             cut NS ns1\na.cut DNAME t\nboth NS ns1\nboth DNAME t\n*.wild DNAME t\n"
        ));
        check(
            &zone.0.unwrap().compile(),
            &[
                ("d", 1, "1 39"),
                ("d", 39, "1 39"),
                ("a.d", 1, "DNAME at d.example.com. to t.example.com."),
                ("a.d", 39, "DNAME at d.example.com. to t.example.com."),
                ("b.d", 16, "DNAME at d.example.com. to t.example.com."),
                ("q.c.d", 2, "DNAME at d.example.com. to t.example.com."),
                ("x.c.d", 43, "DNAME at d.example.com. to t.example.com."),
                ("y.a.cut", 1, "cut at cut.example.com."),
                ("both", 39, "cut at both.example.com."),
                ("y.both", 1, "cut at both.example.com."),
                ("wild", 1, ""),
                ("a.wild", 1, "39 by wildcard"),
                ("b.a.wild", 39, "39 by wildcard"),
                ("*.wild", 39, "39"),
                ("a.*.wild", 1, "DNAME at *.wild.example.com. to t.example.com."),
            ],
        );
        let apex = load(&format!("{HEAD}@ DNAME example.net.\n")).0.unwrap().compile();
        check(
            &apex,
            &[
                ("a.b", 1, "DNAME at example.com. to example.net."),
                ("ns1", 1, "DNAME at example.com. to example.net."),
            ],
        );
        assert_eq!(found(&apex, "example.com.", 1), "2 6 39");
    }

    #[test]
    fn names_deeper_than_the_zone_are_found_missing_and_wildcards_still_match() {
        let zone = whole("a.b TXT x\n*.b TXT y\n");
        let long = vec!["x"; 110].join(".");
        check(&zone, &[(&long, 16, "no name"), (&format!("{long}.b"), 16, "16 by wildcard")]);
        check(&zone, &[(&format!("{long}.a.b"), 16, "no name")]);
    }

    #[test]
    fn a_zone_of_a_hundred_thousand_delegations_refers_each_to_its_own_servers() {
        const DELEGATIONS: usize = 100_000;
        let mut text = HEAD.to_owned();
        for number in 0..DELEGATIONS {
            writeln!(text, "d{number} NS ns.d{number}\nd{number} NS ns.d{}", (number + 1) % DELEGATIONS)
                .unwrap();
            writeln!(text, "ns.d{number} A 192.0.2.{}", number % 251).unwrap();
        }
        let (data, faults) = load(&text);
        assert_eq!(faults, []);
        let zone = data.unwrap().compile();
        for number in (0..DELEGATIONS).step_by(97) {
            let next = (number + 1) % DELEGATIONS;
            let question = question(&format!("a.b.d{number}.example.com."));
            let Lookup::Referral(referral) = zone.find(&question, rtype::A) else { panic!("d{number}") };
            assert_eq!((referral.cut, referral.ns.record_count()), (2, 2));
            let glue: Vec<String> = referral.ns.additional().flat_map(|glue| rdata(glue.rrset)).collect();
            let address = |number: usize| format!("c00002{:02x}", number % 251);
            assert_eq!(glue, [address(number), address(next)], "d{number}");
        }
        assert!(matches!(zone.find(&question("d100000.example.com."), rtype::A), Lookup::NoName));
    }

    #[test]
    fn a_root_zone_has_whole_names() {
        let text = "$TTL 1\n. SOA ns. host. 1 2 3 4 5\n. NS ns.\nns. A 192.0.2.1\nxn. NS ns.xn.\nns.xn. A 192.0.2.2\n";
        let (data, faults) = super::super::fixture::load_files(".", &[("z", text)]);
        assert_eq!(faults, []);
        let zone = data.unwrap().compile();
        let Lookup::Referral(referral) = zone.find(&question("a.xn."), 1) else { panic!() };
        assert_eq!(referral.ns.pointers().count(), 0);
        let owner = referral.ns.additional().next().unwrap().owner.unwrap();
        assert_eq!(referral.ns.octets()[owner..], *b"\x02ns\x02xn\0");
        assert!(matches!(zone.find(&question("nowhere."), 1), Lookup::NoName));
        assert_eq!(zone.apex(), &name("."));
    }
}
