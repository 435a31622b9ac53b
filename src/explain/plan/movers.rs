//! The second walk: the networks whose clients get something else.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::amount::Amount;
use super::passage::{Passage, Spot};
use super::tally::LaneTally;
use crate::geo::Prefix;
use crate::wire::Family;

/// What is looked for: for one group of names, the changes of the pairs of its lane.
pub(super) struct Wanted<'g> {
    /// The lane's number.
    pub(super) lane: usize,
    /// The number of the change of each pair; 0 is none.
    pub(super) changes: &'g [u32],
}

/// A network in which everybody gets the same change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mover {
    /// What moves in it: what it weighs, and in how many slots.
    pub(super) amount: Amount,
    /// The network; of equal amounts the first one goes first.
    pub(super) network: Reverse<Prefix>,
    /// The number of the change.
    pub(super) change: u32,
}

/// The largest movers of each group in a family, at most `most`, the largest first. A network is as large as can be while
/// all of it changes alike and every address weighs the same. `slots[change]` is in how many slots something changes.
pub(super) fn largest(
    passage: &Passage<'_>,
    lanes: &[LaneTally],
    slots: &[u16],
    wanted: &[Wanted<'_>],
    family: Family,
    most: usize,
) -> Vec<Vec<Mover>> {
    let mut searches: Vec<Search<'_>> = wanted
        .iter()
        .map(|wanted| Search { wanted, slots, family, most, open: None, heap: BinaryHeap::new() })
        .collect();
    let mut pairs = vec![0; lanes.len()];
    passage.walk(family, |spot| {
        for ((pair, lane), &classes) in pairs.iter_mut().zip(lanes).zip(spot.classes) {
            *pair = lane.known(classes);
        }
        for search in &mut searches {
            search.take(spot, pairs[search.wanted.lane]);
        }
    });
    searches.into_iter().map(Search::finish).collect()
}

/// The search for one group.
struct Search<'g> {
    wanted: &'g Wanted<'g>,
    slots: &'g [u16],
    family: Family,
    most: usize,
    /// Addresses side by side with one change and one density.
    open: Option<Run>,
    /// The smallest of the largest on top.
    heap: BinaryHeap<Reverse<Mover>>,
}

#[derive(Clone, Copy)]
struct Run {
    first: u128,
    last: u128,
    change: u32,
    density: Amount,
}

impl Search<'_> {
    fn take(&mut self, spot: &Spot<'_>, pair: u32) {
        let change = self.wanted.changes[pair as usize];
        if change == 0 || spot.density.is_zero() {
            return;
        }
        if let Some(run) = &mut self.open
            && run.last + 1 == spot.first
            && (run.change, run.density) == (change, spot.density)
        {
            run.last = spot.last;
            return;
        }
        self.close();
        self.open = Some(Run { first: spot.first, last: spot.last, change, density: spot.density });
    }

    fn close(&mut self) {
        let Some(run) = self.open.take() else { return };
        let weight = run.density.times(self.slots[run.change as usize].into());
        let smallest = self.heap.peek().filter(|_| self.heap.len() >= self.most);
        if smallest.is_some_and(|Reverse(smallest)| weight.times(run.last - run.first + 1) < smallest.amount)
        {
            return;
        }
        for network in Prefix::making_up(self.family, run.first, run.last) {
            let host_bits = self.family.bits() - network.length;
            // A network of all addresses of IPv6 cannot be: the tunnels are left out.
            let amount = weight.times(1 << host_bits);
            self.heap.push(Reverse(Mover { amount, network: Reverse(network), change: run.change }));
            if self.heap.len() > self.most {
                self.heap.pop();
            }
        }
    }

    fn finish(mut self) -> Vec<Mover> {
        self.close();
        self.heap.into_sorted_vec().into_iter().map(|Reverse(mover)| mover).collect()
    }
}
