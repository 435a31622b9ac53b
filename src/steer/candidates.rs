//! Which pools a rule tries for a client, and in which order (semantics §4.1).
//!
//! | pools | candidates for a class |
//! |---|---|
//! | at a site that the class lists | first, in the order of the class's sites; two at one site in written order |
//! | elsewhere | after them, in written order; with `fence` not at all |
//!
//! A class that lists no site has no candidates, whatever `fence` says: semantics §4.5 decides there.

use std::collections::HashMap;

use crate::geo::{ClassId, SiteId};

/// For each class the candidates of a rule, as indices into its pools, in order. Rules with equal ones share them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Candidates {
    /// The first one of each class, [`NONE`] where it has none: all that nearly every query looks at.
    firsts: Box<[u16]>,
    /// One for each class.
    lists: Box<[List]>,
    /// What the lists are pieces of; classes with the same candidates share a piece.
    indices: Box<[u16]>,
    /// Whether they leave out the pools at other sites than the class's.
    fence: bool,
}

/// Stands for no candidate; no rule has so many pools.
const NONE: u16 = u16::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct List {
    start: u32,
    end: u32,
    has_sites: bool,
}

impl Candidates {
    /// Orders pools by the sites of each class. `sites[i]` is the site of the rule's pool i.
    pub fn compile(classes: &[Box<[SiteId]>], sites: &[SiteId], fence: bool) -> Candidates {
        let mut indices = Vec::new();
        let mut known = HashMap::new();
        let lists = classes.iter().map(|class| {
            let ordered = if class.is_empty() { Vec::new() } else { order(class, sites, fence) };
            let (start, end) = *known.entry(ordered).or_insert_with_key(|ordered: &Vec<u16>| {
                let start = indices.len() as u32;
                indices.extend_from_slice(ordered);
                (start, indices.len() as u32)
            });
            List { start, end, has_sites: !class.is_empty() }
        });
        let lists = lists.collect();
        Candidates::of_lists(lists, indices.into(), fence)
    }

    /// The same rule's candidates when its map has other classes.
    #[must_use]
    pub fn recompile(&self, classes: &[Box<[SiteId]>], sites: &[SiteId]) -> Candidates {
        Candidates::compile(classes, sites, self.fence)
    }

    /// For a rule without a map: one class, the written order of `pools` pools.
    pub fn written_order(pools: usize) -> Candidates {
        let indices: Box<[u16]> = (0..=u16::MAX).take(pools).collect();
        let list = List { start: 0, end: indices.len() as u32, has_sites: true };
        Candidates::of_lists([list].into(), indices, false)
    }

    fn of_lists(lists: Box<[List]>, indices: Box<[u16]>, fence: bool) -> Candidates {
        let first = |list: &List| match list.end - list.start {
            0 => NONE,
            _ => indices[list.start as usize],
        };
        Candidates { firsts: lists.iter().map(first).collect(), lists, indices, fence }
    }

    /// The first candidate of a class. Where there is none, it is a number that no pool has.
    #[inline(always)]
    pub(super) fn first_of(&self, class: ClassId) -> usize {
        self.firsts[usize::from(class.0)].into()
    }

    /// The candidates of a class. Without a map the class is `ClassId(0)`.
    #[inline]
    pub fn of(&self, class: ClassId) -> &[u16] {
        let list = self.lists[usize::from(class.0)];
        &self.indices[list.start as usize..list.end as usize]
    }

    /// Whether the class's site list is empty (semantics §4.5).
    pub fn is_empty_list(&self, class: ClassId) -> bool {
        !self.lists[usize::from(class.0)].has_sites
    }

    /// The classes by their candidates, which are all that a choice knows of them: the first class of each kind, ascending,
    /// and how many are of it.
    pub fn kinds(&self) -> Vec<(ClassId, usize)> {
        let mut places = HashMap::new();
        let mut kinds = Vec::new();
        for (class, list) in self.classes().zip(&self.lists) {
            let place = *places.entry(*list).or_insert(kinds.len());
            if place == kinds.len() {
                kinds.push((class, 0));
            }
            kinds[place].1 += 1;
        }
        kinds
    }

    /// Every class, ascending.
    pub fn classes(&self) -> impl Iterator<Item = ClassId> + use<> {
        (0..=u16::MAX).take(self.lists.len()).map(ClassId)
    }
}

fn order(class: &[SiteId], sites: &[SiteId], fence: bool) -> Vec<u16> {
    let rank = |site: SiteId| class.iter().position(|&listed| listed == site);
    let ranked = (0..=u16::MAX).zip(sites).map(|(index, &site)| (rank(site), index));
    let mut ranked: Vec<_> = ranked.filter(|(rank, _)| rank.is_some() || !fence).collect();
    ranked.sort_by_key(|(rank, _)| rank.unwrap_or(usize::MAX));
    ranked.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRA: SiteId = SiteId(0);
    const IAD: SiteId = SiteId(1);
    const SIN: SiteId = SiteId(2);

    /// Pools 0 at fra, 1 and 3 at iad, 2 at sin.
    const SITES: [SiteId; 4] = [FRA, IAD, SIN, IAD];

    fn check(class: &[SiteId], open: &[u16], fenced: &[u16]) {
        for (fence, expected) in [(false, open), (true, fenced)] {
            let candidates = Candidates::compile(&[class.into()], &SITES, fence);
            assert_eq!(candidates.of(ClassId(0)), expected, "{class:?} fence {fence}");
            let first = expected.first().copied().unwrap_or(NONE);
            assert_eq!(candidates.first_of(ClassId(0)), usize::from(first));
            assert_eq!(candidates.is_empty_list(ClassId(0)), class.is_empty());
        }
    }

    #[test]
    fn pools_follow_the_sites_of_the_class_then_the_written_order() {
        check(&[FRA], &[0, 1, 2, 3], &[0]);
        check(&[SIN, FRA], &[2, 0, 1, 3], &[2, 0]);
        check(&[SIN, IAD, FRA], &[2, 1, 3, 0], &[2, 1, 3, 0]);
        check(&[IAD, IAD], &[1, 3, 0, 2], &[1, 3]);
        check(&[SiteId(9)], &[0, 1, 2, 3], &[]);
        check(&[], &[], &[]);
    }

    #[test]
    fn classes_with_the_same_candidates_share_them_but_not_their_emptiness() {
        let classes =
            [Box::from([FRA, SIN]), Box::from([SiteId(9)]), Box::from([]), Box::from([FRA, SiteId(9), SIN])];
        let candidates = Candidates::compile(&classes, &SITES, true);
        assert_eq!(candidates.indices.len(), 2);
        let seen: Vec<_> = candidates
            .classes()
            .map(|class| (candidates.of(class).to_vec(), candidates.is_empty_list(class)))
            .collect();
        assert_eq!(seen, [(vec![0, 2], false), (vec![], false), (vec![], true), (vec![0, 2], false)]);
        assert_eq!(candidates.kinds(), [(ClassId(0), 2), (ClassId(1), 1), (ClassId(2), 1)]);
    }

    #[test]
    fn without_a_map_the_written_order_decides() {
        let candidates = Candidates::written_order(3);
        assert_eq!(candidates.of(ClassId(0)), [0, 1, 2]);
        assert!(!candidates.is_empty_list(ClassId(0)));
    }
}
