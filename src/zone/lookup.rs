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

use super::compiled::{APEX, NO_LINK, Standing, Zone};
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
        let node = &self.nodes[number as usize];
        match node.standing {
            Standing::Authoritative if suffix == 0 => {
                Lookup::Found { node: self.node(number), wildcard: false }
            }
            Standing::Authoritative if node.link == NO_LINK => Lookup::NoName,
            Standing::Authoritative => Lookup::Found { node: self.node(node.link), wildcard: true },
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
        while self.nodes[number as usize].standing == Standing::BelowCut {
            suffix += 1;
            number = self.node_at(name, suffix, depth).expect("a node's ancestors are nodes");
        }
        let ns = self.node(number).rrset(rtype::NS).expect("a node is a cut because it has NS records");
        Referral { cut: suffix, ns, node: number }
    }
}
