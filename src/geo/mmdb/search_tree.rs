//! The search tree of an mmdb file: its shape is checked, then its networks are walked in the order of their addresses.
//!
//! A file is only a graph: nodes may point anywhere. A walk visits every path, so a few kilobytes of nodes that all
//! point at the same next one would keep it busy for ever. A real tree reaches each node once, except the root of the
//! IPv4 space, which MaxMind's own files also reach from ::ffff:0:0/96, 2001::/32 and 2002::/16.

use thiserror::Error;

use crate::geo::space::Space;

/// Why a search tree cannot be walked.
#[derive(Debug, Error, PartialEq, Eq)]
pub(in crate::geo) enum BrokenTree {
    /// The octets end inside the tree.
    #[error("the search tree is longer than the file")]
    Short,
    /// A node leads back or across.
    #[error("node {0} is reached on several ways")]
    Shared(usize),
    /// More nodes behind each other than an address has bits.
    #[error("node {0} lies deeper than addresses have bits")]
    TooDeep(usize),
}

/// A search tree as octets: nodes of two records each. A record is a number: that of a node, the number of nodes for
/// nothing, or a larger one for data.
pub(super) struct SearchTree<'a> {
    /// The file.
    octets: &'a [u8],
    /// Number of nodes.
    nodes: usize,
    /// Bits of a record: 24, 28 or 32.
    record_size: u16,
}

/// Bits before the IPv4 space in a tree of IPv6.
const IPV4_DEPTH: usize = 96;
/// Octets between the tree and the data, all of them 0.
pub(super) const SEPARATOR_OCTETS: usize = 16;
/// Octets that a node is read with; the separator holds those behind the last node.
const READ_OCTETS: usize = size_of::<u64>();

impl<'a> SearchTree<'a> {
    /// The tree at the beginning of a file, with the octets that separate it from the data.
    pub(super) fn new(octets: &'a [u8], nodes: usize, record_size: u16) -> Result<Self, BrokenTree> {
        let tree = SearchTree { octets, nodes, record_size };
        if octets.len().saturating_sub(SEPARATOR_OCTETS) / tree.node_octets() < nodes {
            return Err(BrokenTree::Short);
        }
        Ok(tree)
    }

    /// Octets behind the tree and the separator: the data, and the metadata.
    pub(super) fn octets_behind(&self) -> usize {
        self.octets.len() - self.nodes * self.node_octets() - SEPARATOR_OCTETS
    }

    /// Whether a record is that of a node.
    pub(super) fn is_node(&self, record: usize) -> bool {
        record < self.nodes
    }

    /// Where in the data the record begins that a record of a node stands for; `None` for one that points elsewhere.
    pub(super) fn data_offset(&self, record: usize) -> Option<usize> {
        record.checked_sub(self.nodes + SEPARATOR_OCTETS)
    }

    /// Checks that a walk visits each node once, but for the one where the IPv4 space starts, if there is such a one.
    /// `data` gets each record that stands for data, as often as one does.
    pub(super) fn check(
        &self,
        ipv4_start: Option<usize>,
        mut data: impl FnMut(usize),
    ) -> Result<(), BrokenTree> {
        let mut reached = vec![false; self.nodes];
        if let Some(root) = reached.first_mut() {
            *root = true;
        }
        for record in (0..self.nodes).flat_map(|node| self.children(node)) {
            match reached.get_mut(record) {
                Some(true) if Some(record) != ipv4_start => return Err(BrokenTree::Shared(record)),
                Some(reached) => *reached = true,
                None if record > self.nodes => data(record),
                None => {}
            }
        }
        Ok(())
    }

    /// The record where the IPv4 space starts in a tree of IPv6: a node, or what ends the way before.
    pub(super) fn ipv4_start(&self) -> usize {
        let zero = |node, _| if node < self.nodes { Ok(self.children(node)[0]) } else { Err(node) };
        (0..IPV4_DEPTH).try_fold(0, zero).unwrap_or_else(|end| end)
    }

    /// Visits every network below a record that stands for the whole space, in ascending order: first and last address,
    /// and the record that is its data. What lies below the node `without` is left out. The tree must have been checked.
    pub(super) fn walk<A: Space, E: From<BrokenTree>>(
        &self,
        from: usize,
        without: Option<usize>,
        mut visit: impl FnMut(A, A, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        // The other halves of the networks on the way to the one that is visited.
        let mut waiting: Vec<(usize, A, u8)> = Vec::with_capacity(A::BITS.into());
        let mut next = Some((from, A::FIRST, 0));
        while let Some((record, first, length)) = next {
            if record < self.nodes && Some(record) != without {
                if length == A::BITS {
                    return Err(BrokenTree::TooDeep(record).into());
                }
                let [zero, one] = self.children(record);
                waiting.push((one, first.with_bit(length), length + 1));
                next = Some((zero, first, length + 1));
                continue;
            }
            if record > self.nodes {
                visit(first, first.last_of(length), record)?;
            }
            next = waiting.pop();
        }
        Ok(())
    }

    fn node_octets(&self) -> usize {
        usize::from(self.record_size) / 4
    }

    /// The two records of a node: where bit 0 and bit 1 lead. A node of 28-bit records has its high bits in the
    /// middle octet.
    fn children(&self, node: usize) -> [usize; 2] {
        let begin = node * self.node_octets();
        let octets = self.octets[begin..begin + READ_OCTETS].try_into();
        let word = u64::from_be_bytes(octets.expect("as many octets as a word has"));
        let (zero, one) = match self.record_size {
            24 => (word >> 40, word >> 16 & 0x00FF_FFFF),
            28 => (word >> 40 | (word >> 36 & 0xF) << 24, word >> 8 & 0x0FFF_FFFF),
            _ => (word >> 32, word & 0xFFFF_FFFF),
        };
        [zero as usize, one as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The octets of a tree of 24-bit records, with the separator.
    fn octets(nodes: &[[u32; 2]]) -> Vec<u8> {
        let records = nodes.iter().flatten().flat_map(|record| record.to_be_bytes()[1..].to_vec());
        records.chain([0; SEPARATOR_OCTETS]).collect()
    }

    fn check(nodes: &[[u32; 2]], ipv4_start: Option<usize>, expected: Result<&[usize], BrokenTree>) {
        let octets = octets(nodes);
        let tree = SearchTree::new(&octets, nodes.len(), 24).unwrap();
        let mut data = Vec::new();
        let found = tree.check(ipv4_start, |record| data.push(record));
        assert_eq!(found.map(|()| data.as_slice()), expected, "{nodes:?}");
    }

    #[test]
    fn each_node_is_reached_once() {
        check(&[[1, 2], [3, 3], [3, 9]], None, Ok(&[9]));
        check(&[[1, 1], [3, 3], [3, 9]], None, Err(BrokenTree::Shared(1)));
        check(&[[0, 5]], None, Err(BrokenTree::Shared(0)));
        check(&[], None, Ok(&[]));
    }

    /// A chain of 96 nodes to the one of IPv4.
    fn ipv6() -> Vec<[u32; 2]> {
        let mut nodes: Vec<[u32; 2]> = (1..=96).map(|next| [next, 200]).collect();
        nodes.push([200, 201]);
        nodes
    }

    #[test]
    fn only_the_root_of_ipv4_may_be_reached_again() {
        let mut nodes = ipv6();
        nodes[5][1] = 96;
        let data: Vec<usize> = [[200; 95].as_slice(), &[200, 201]].concat();
        check(&nodes, Some(96), Ok(&data));
        nodes[7][1] = 50;
        check(&nodes, Some(96), Err(BrokenTree::Shared(50)));
    }

    #[test]
    fn the_ipv4_space_starts_behind_96_zeros_or_where_the_way_ends() {
        let check = |nodes: &[[u32; 2]], expected| {
            let octets = octets(nodes);
            assert_eq!(SearchTree::new(&octets, nodes.len(), 24).unwrap().ipv4_start(), expected);
        };
        check(&ipv6(), 96);
        check(&ipv6()[..95], 95);
        check(&[[150, 1], [2, 2]], 150);
    }

    #[test]
    fn networks_are_visited_in_order_without_what_is_left_out() {
        let walk = |nodes: &[[u32; 2]], from, without| {
            let octets = octets(nodes);
            let mut found = Vec::new();
            let tree = SearchTree::new(&octets, nodes.len(), 24).unwrap();
            let walked: Result<(), BrokenTree> = tree.walk(from, without, |first: u32, last, record| {
                found.push((first >> 24, last >> 24, record));
                Ok(())
            });
            walked.map(|()| found)
        };
        let nodes = [[1, 2], [20, 3], [21, 22], [4, 23]];
        let whole = vec![(0, 63, 20), (96, 127, 23), (128, 191, 21), (192, 255, 22)];
        assert_eq!(walk(&nodes, 0, None), Ok(whole.clone()));
        assert_eq!(walk(&nodes, 0, Some(2)), Ok(whole[..2].to_vec()));
        assert_eq!(walk(&nodes, 2, None), Ok(vec![(0, 127, 21), (128, 255, 22)]));
        assert_eq!(walk(&nodes, 25, None), Ok(vec![(0, 255, 25)]));
        assert_eq!(walk(&nodes, 4, None), Ok(vec![]));
        assert_eq!(walk(&[[0, 1]], 0, None), Err(BrokenTree::TooDeep(0)));
    }

    #[test]
    fn a_tree_longer_than_its_octets_is_refused() {
        let new = |octets: usize| SearchTree::new(&vec![0; octets], 2, 24).err();
        assert_eq!(new(2 * 6 + SEPARATOR_OCTETS - 1), Some(BrokenTree::Short));
        assert_eq!(new(2 * 6 + SEPARATOR_OCTETS), None);
        assert_eq!(new(0), Some(BrokenTree::Short));
    }

    #[test]
    fn records_of_every_size_are_read() {
        let check = |record_size, node: &[u8], expected| {
            let octets: Vec<u8> = node.iter().copied().chain([0xFF; SEPARATOR_OCTETS]).collect();
            assert_eq!(SearchTree::new(&octets, 1, record_size).unwrap().children(0), expected);
        };
        check(24, &[1, 2, 3, 4, 5, 6], [0x0001_0203, 0x0004_0506]);
        check(28, &[1, 2, 3, 0xAB, 4, 5, 6], [0x0A01_0203, 0x0B04_0506]);
        check(32, &[0xF1, 2, 3, 4, 0xF5, 6, 7, 8], [0xF102_0304, 0xF506_0708]);
    }
}
