//! The policy `pick = "hash"` (semantics §3): weighted rendezvous hashing of the client's network, compiled to a table from
//! slots to what is given.
//!
//! For each slot every contender (a member, or a pool of a pool of pools) has a score of its own: with u, the SipHash-2-4
//! (zero key) of pool ‖ 0 ‖ contender ‖ 0 ‖ slot (two octets, the higher one first), and w, its weight,
//! score = w / (64 − log₂ u). The highest one gets the slot; scores that are equal go by name, the lower one first. Since
//! −ln u is exponentially distributed, a contender is highest with a chance of w/W over the slots; what it gets of the
//! 4096 is counted, and that count is its exact share.
//!
//! Contenders do not know of each other: one that goes leaves its slots to those next in the order and moves no others,
//! and a changed weight moves only the slots that the one gains or loses. Names are hashed, not addresses: A and AAAA
//! agree while all contenders stand in both.
//!
//! With several answers a slot gets the first of its order. Where members have groups, one of each group comes before
//! the second of any.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::answer_set::{groups, weights};
use super::first_place::FirstPlace;
use super::logarithm::below_two_to_64;
use super::pool::Pool;
use super::slot::{SLOTS, Slot};
use super::variants::Variants;

/// Answers that a pool with `pick = "hash"` can give at once: a table for one answer takes 8 KiB, one for 8 up to 112.
pub const HASH_ANSWERS_MAX: u16 = 8;

/// For each slot the number of the variant that it gives.
pub(super) type SlotTable = Box<[u16; SLOTS]>;

/// One of those that share the slots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contender<'n> {
    /// Its name.
    pub(super) name: &'n str,
    /// Above 0.
    pub(super) weight: u32,
    /// What it shares with others so that they stand in an answer last: a number, the same for all of one group.
    pub(super) group: usize,
}

/// What was dealt when there were more contenders, of the same weights: whoever goes leaves the slots alone that others have.
pub(super) struct Dealt<'d> {
    /// The variant of each slot.
    pub(super) slots: &'d [u16; SLOTS],
    /// Each variant by the numbers that its contenders have now; `None` where one of them has gone.
    pub(super) lists: Vec<Option<Vec<u16>>>,
}

/// Deals the slots out: what each gives, and the variants with the number of slots that have them. A variant is `answers`
/// contenders (at least 1) by their number, or all there are (at least one), in the order in which they are given. What
/// was dealt before, among these and others, is taken over.
pub(super) fn deal(
    pool: &str,
    contenders: &[Contender<'_>],
    answers: usize,
    before: Option<Dealt<'_>>,
) -> (Variants, SlotTable) {
    let width = answers.min(contenders.len());
    let ranking = Ranking::new(pool, contenders);
    let mut lists = Lists::default();
    let (slots_before, kept) = before.map_or((None, Vec::new()), |Dealt { slots, lists: before }| {
        (Some(slots), before.into_iter().map(|list| Some(lists.number(list?))).collect())
    });
    let mut slots: SlotTable = Box::new([0; SLOTS]);
    for slot in Slot::all() {
        let known = slots_before.and_then(|before| kept[usize::from(before[slot.index()])]);
        slots[slot.index()] = known.unwrap_or_else(|| lists.number(ranking.first(slot, width)));
    }
    (lists.into_variants(width, &mut slots), slots)
}

/// What slots give, each list once.
#[derive(Default)]
struct Lists {
    /// Numbered as they were met.
    numbers: BTreeMap<Vec<u16>, u16>,
}

impl Lists {
    fn number(&mut self, list: Vec<u16>) -> u16 {
        let next = self.numbers.len() as u16;
        *self.numbers.entry(list).or_insert(next)
    }

    /// The variants in ascending order, by which the slots that had the numbers of lists are numbered from now on.
    fn into_variants(self, width: usize, slots: &mut [u16; SLOTS]) -> Variants {
        let counts = counts(slots, self.numbers.len());
        let mut numbers = vec![0; self.numbers.len()];
        for (variant, &met) in (0u16..).zip(self.numbers.values()) {
            numbers[usize::from(met)] = variant;
        }
        slots.iter_mut().for_each(|slot| *slot = numbers[usize::from(*slot)]);
        Variants {
            width,
            weights: self.numbers.values().map(|&met| counts[usize::from(met)] as u32).collect(),
            lists: self.numbers.into_keys().flatten().collect(),
            first: FirstPlace::Head,
        }
    }
}

/// Members of a pool, by index, as contenders.
pub(super) fn members<'p>(pool: &'p Pool, members: &[u16]) -> Vec<Contender<'p>> {
    let groups = groups(pool, members).unwrap_or_else(|| (0..members.len()).collect());
    let contender = |((&index, weight), group): ((&u16, u32), usize)| Contender {
        name: &pool.members[usize::from(index)].name,
        weight,
        group,
    };
    members.iter().zip(weights(pool, members)).zip(groups).map(contender).collect()
}

/// How many slots have each of `variants` variants.
pub(super) fn counts(slots: &[u16; SLOTS], variants: usize) -> Vec<u64> {
    let mut counts = vec![0; variants];
    slots.iter().for_each(|&variant| counts[usize::from(variant)] += 1);
    counts
}

struct Ranking<'c> {
    contenders: &'c [Contender<'c>],
    /// Each with the hash of everything in front of the slot.
    hashers: Vec<SipHasher24>,
    groups: usize,
}

/// A contender's score for one slot, but for the division.
struct Score {
    weight: u64,
    below: u64,
}

impl<'c> Ranking<'c> {
    fn new(pool: &str, contenders: &'c [Contender<'c>]) -> Ranking<'c> {
        let hasher = |contender: &Contender<'_>| {
            let mut hasher = SipHasher24::new();
            hasher.write(pool.as_bytes());
            hasher.write(&[0]);
            hasher.write(contender.name.as_bytes());
            hasher.write(&[0]);
            hasher
        };
        let groups: BTreeSet<usize> = contenders.iter().map(|contender| contender.group).collect();
        Ranking { contenders, hashers: contenders.iter().map(hasher).collect(), groups: groups.len() }
    }

    /// The first `width` contenders for a slot.
    fn first(&self, slot: Slot, width: usize) -> Vec<u16> {
        let scores: Vec<Score> = (0..self.contenders.len()).map(|number| self.score(number, slot)).collect();
        let numbers = (0..=u16::MAX).take(scores.len());
        if width == 1 {
            let best = numbers.min_by(|&one, &other| self.compare(&scores, one, other));
            return best.into_iter().collect();
        }
        let mut order: Vec<u16> = numbers.collect();
        order.sort_unstable_by(|&one, &other| self.compare(&scores, one, other));
        if self.groups < self.contenders.len() {
            order = self.group_by_group(&order);
        }
        order.truncate(width);
        order
    }

    fn score(&self, number: usize, slot: Slot) -> Score {
        let mut hasher = self.hashers[number];
        hasher.write(&(slot.index() as u16).to_be_bytes());
        Score { weight: self.contenders[number].weight.into(), below: below_two_to_64(hasher.finish()) }
    }

    /// The higher score first, then the lower name. Weights have 16 bits and distances 39: products fit 64.
    fn compare(&self, scores: &[Score], one: u16, other: u16) -> Ordering {
        let (one, other) = (usize::from(one), usize::from(other));
        let cross =
            (scores[other].weight * scores[one].below).cmp(&(scores[one].weight * scores[other].below));
        cross.then_with(|| self.contenders[one].name.cmp(self.contenders[other].name))
    }

    /// The same order, but the first of each group before the second of any, and so on.
    fn group_by_group(&self, order: &[u16]) -> Vec<u16> {
        let mut met: BTreeMap<usize, usize> = BTreeMap::new();
        let mut rounds: Vec<(usize, u16)> = Vec::with_capacity(order.len());
        for &number in order {
            let before = met.entry(self.contenders[usize::from(number)].group).or_default();
            rounds.push((*before, number));
            *before += 1;
        }
        rounds.sort_by_key(|&(round, _)| round);
        rounds.into_iter().map(|(_, number)| number).collect()
    }
}

#[cfg(test)]
mod tests;
