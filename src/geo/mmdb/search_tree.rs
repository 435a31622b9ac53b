//! The shape of an mmdb search tree, checked before it is walked.
//!
//! A file is only a graph: nodes may point anywhere. The walk of `maxminddb` visits every path, so a few kilobytes of
//! nodes that all point at the same next one would keep it busy for ever. A real tree reaches each node once, except
//! the root of the IPv4 space, which MaxMind's own files also reach from ::ffff:0:0/96, 2001::/32 and 2002::/16.

use thiserror::Error;

/// Why a search tree cannot be walked.
#[derive(Debug, Error, PartialEq, Eq)]
pub(in crate::geo) enum BrokenTree {
    /// The octets end inside the tree.
    #[error("the search tree is longer than the file")]
    Short,
    /// A node leads back or across.
    #[error("node {0} is reached on several ways")]
    Shared(usize),
}

/// A search tree as octets: nodes of two records each.
pub(super) struct SearchTree<'a> {
    /// The file.
    pub(super) octets: &'a [u8],
    /// Number of nodes.
    pub(super) nodes: usize,
    /// Bits of a record: 24, 28 or 32.
    pub(super) record_size: u16,
}

/// Bits before the IPv4 space in a tree of IPv6.
const IPV4_DEPTH: usize = 96;

impl SearchTree<'_> {
    /// Checks that walking the tree visits each node once; `ipv6` tells whether its addresses have 128 bits. Gives the
    /// node where the IPv4 space starts in a tree of IPv6, if it is a node.
    pub(super) fn check(&self, ipv6: bool) -> Result<Option<usize>, BrokenTree> {
        if self.octets.len() / self.node_octets() < self.nodes {
            return Err(BrokenTree::Short);
        }
        let ipv4_root = if ipv6 { self.ipv4_root() } else { None };
        let mut reached = vec![false; self.nodes];
        if let Some(root) = reached.first_mut() {
            *root = true;
        }
        for child in (0..self.nodes).flat_map(|node| self.children(node)).filter(|&child| child < self.nodes)
        {
            if reached[child] && Some(child) != ipv4_root {
                return Err(BrokenTree::Shared(child));
            }
            reached[child] = true;
        }
        Ok(ipv4_root)
    }

    /// The node where the IPv4 space starts; `None` where a record ends the way before.
    fn ipv4_root(&self) -> Option<usize> {
        (0..IPV4_DEPTH).try_fold(0, |node, _| {
            let [zero, _] = self.children(node);
            (zero < self.nodes).then_some(zero)
        })
    }

    fn node_octets(&self) -> usize {
        usize::from(self.record_size) / 4
    }

    /// The two records of a node: where bit 0 and bit 1 lead. A node of 28-bit records has its high bits in the
    /// middle octet.
    fn children(&self, node: usize) -> [usize; 2] {
        let octets = self.node_octets();
        let node = &self.octets[node * octets..(node + 1) * octets];
        let number = |high: u8, rest: &[u8]| {
            rest.iter().fold(usize::from(high), |number, &octet| number << 8 | usize::from(octet))
        };
        match self.record_size {
            28 => [number(node[3] >> 4, &node[..3]), number(node[3] & 0x0F, &node[4..])],
            _ => [number(0, &node[..octets / 2]), number(0, &node[octets / 2..])],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of 24-bit records.
    fn check(nodes: &[[u32; 2]], ipv6: bool, expected: Result<Option<usize>, BrokenTree>) {
        let octets: Vec<u8> =
            nodes.iter().flatten().flat_map(|record| record.to_be_bytes()[1..].to_vec()).collect();
        let tree = SearchTree { octets: &octets, nodes: nodes.len(), record_size: 24 };
        assert_eq!(tree.check(ipv6), expected, "{nodes:?}");
    }

    #[test]
    fn each_node_is_reached_once() {
        check(&[[1, 2], [3, 3], [3, 9]], false, Ok(None));
        check(&[[1, 1], [3, 3], [3, 9]], false, Err(BrokenTree::Shared(1)));
        check(&[[0, 5]], false, Err(BrokenTree::Shared(0)));
        check(&[], false, Ok(None));
    }

    #[test]
    fn only_the_root_of_ipv4_may_be_reached_again() {
        let mut nodes: Vec<[u32; 2]> = (1..=96).map(|next| [next, 200]).collect();
        nodes.push([200, 200]);
        nodes[5][1] = 96;
        check(&nodes, true, Ok(Some(96)));
        nodes[7][1] = 50;
        check(&nodes, true, Err(BrokenTree::Shared(50)));
    }

    #[test]
    fn a_tree_longer_than_its_octets_is_refused() {
        let tree = SearchTree { octets: &[0; 11], nodes: 2, record_size: 24 };
        assert_eq!(tree.check(false), Err(BrokenTree::Short));
    }

    #[test]
    fn records_of_28_bits_share_the_middle_octet() {
        let tree = SearchTree { octets: &[1, 2, 3, 0xAB, 4, 5, 6], nodes: 1, record_size: 28 };
        assert_eq!(tree.children(0), [0x0A01_0203, 0x0B04_0506]);
    }
}
