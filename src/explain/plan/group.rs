//! Names whose clients get the same changes, and how much changes for whom.

use std::collections::HashMap;

use super::amount::{Amount, SLOTS, Share};
use super::change::Change;
use super::movers::{self, Mover, Wanted};
use super::outcome::Whence;
use super::passage::Passage;
use super::tally::{LaneTally, Tally, Whereabouts};
use super::{GROUPS_SPLIT_MAXIMUM, NameAndType};
use crate::geo::Prefix;
use crate::wire::Family;

/// Names whose clients get the same changes.
#[derive(Debug, Clone)]
pub struct Group {
    /// The names, in canonical order.
    pub names: Vec<NameAndType>,
    /// What changes for clients of IPv4 and of IPv6.
    pub moved: [Moved; 2],
    /// Whether something changes for clients that count for nothing, such as those in special-purpose blocks.
    pub has_weightless: bool,
}

/// What changes for clients of one family. Amounts are in parts of [`SLOTS`] of a client, as the whole is.
#[derive(Debug, Clone, Default)]
pub struct Moved {
    /// All clients.
    pub whole: Amount,
    /// Those for whom anything changes.
    pub any: Amount,
    /// Those whose ordered sites change.
    pub sites: Amount,
    /// Those whose answers change: the addresses or how likely they are.
    pub answers: Amount,
    /// Those whose TTL changes.
    pub ttl: Amount,
    /// From where to where, the largest first; they sum up to `any`.
    pub flows: Vec<Flow>,
    /// By country: the largest ones first, and last all the others, as none. Empty beyond [`GROUPS_SPLIT_MAXIMUM`].
    pub countries: Split<[u8; 2]>,
    /// By autonomous system, likewise.
    pub systems: Split<u32>,
    /// The largest networks in which everybody gets the same change, the largest first.
    pub networks: Vec<Network>,
}

/// A split of what changes.
pub type Split<T> = Vec<Part<T>>;

/// What changes in one part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<T> {
    /// Which part.
    pub of: PartOf<T>,
    /// What changes there, and all that is there.
    pub share: Share,
}

/// One part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartOf<T> {
    /// This one.
    One(T),
    /// Clients of whom no database says it.
    Unknown,
    /// So many smaller ones.
    Others(usize),
}

impl<T> PartOf<T> {
    /// The same with the part named otherwise.
    pub fn map<U>(self, name: impl FnOnce(T) -> U) -> PartOf<U> {
        match self {
            PartOf::One(part) => PartOf::One(name(part)),
            PartOf::Unknown => PartOf::Unknown,
            PartOf::Others(count) => PartOf::Others(count),
        }
    }
}

/// Clients who move, by who gave and who gives them answers. The two are the same where something else changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Who gave the answers.
    pub from: Whence,
    /// Who gives them.
    pub to: Whence,
    /// How much.
    pub amount: Amount,
}

/// A network in which everybody gets the same change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The network.
    pub network: Prefix,
    /// How much of its clients gets something else.
    pub amount: Amount,
    /// From where to where, in how many of [`SLOTS`] slots.
    pub flows: Vec<(Whence, Whence, u16)>,
}

impl Group {
    /// The share of clients of a family for whom anything changes.
    pub fn share(&self, family: Family) -> Share {
        let moved = &self.moved[family.index()];
        Share { part: moved.any, whole: moved.whole }
    }

    /// The larger one of both families.
    pub fn largest_share(&self) -> Share {
        let [ipv4, ipv6] = Family::BOTH.map(|family| self.share(family));
        if ipv6.is_above(ipv4) { ipv6 } else { ipv4 }
    }
}

/// Groups in the making: by lane and by what changes under each pair of classes.
#[derive(Default)]
pub(super) struct Drafts {
    names: HashMap<(usize, Vec<u32>), Vec<NameAndType>>,
}

impl Drafts {
    /// Adds a name with the numbers of the changes of the pairs of its lane.
    pub(super) fn add(&mut self, name: NameAndType, lane: usize, changes: Vec<u32>) {
        if changes.iter().any(|&change| change != 0) {
            self.names.entry((lane, changes)).or_default().push(name);
        }
    }
}

/// Sums up what changes for each group; `whence` gives a number its word.
pub(super) fn finish(
    drafts: Drafts,
    passage: &Passage<'_>,
    tally: &Tally,
    changes: &[Change],
    whence: &dyn Fn(u32) -> Whence,
    top: usize,
) -> Vec<Group> {
    let summing = Summing { tally, changes, whence, top };
    let mut groups: Vec<(Group, usize, Vec<u32>)> = drafts
        .names
        .into_iter()
        .map(|((lane, of_pairs), names)| (summing.group(names, lane, &of_pairs), lane, of_pairs))
        .collect();
    groups.sort_by_cached_key(|(group, ..)| {
        let parts = group.largest_share().parts_of(1 << 40);
        let first = &group.names[0];
        (std::cmp::Reverse(parts), first.owner.clone(), first.rtype)
    });
    let split_count = groups.len().min(GROUPS_SPLIT_MAXIMUM);
    let split = &mut groups[..split_count];
    let slots: Vec<u16> = changes.iter().map(Change::any).collect();
    for family in Family::BOTH {
        let wanted: Vec<Wanted<'_>> =
            split.iter().map(|(_, lane, changes)| Wanted { lane: *lane, changes }).collect();
        let found = movers::largest(passage, &tally.lanes, &slots, &wanted, family, top);
        for ((group, lane, of_pairs), movers) in split.iter_mut().zip(found) {
            let moved = &mut group.moved[family.index()];
            moved.networks = movers.into_iter().map(|mover| summing.network(mover)).collect();
            summing.split(moved, &tally.lanes[*lane], of_pairs, family);
        }
    }
    groups.into_iter().map(|(group, ..)| group).collect()
}

/// What sums are made of.
struct Summing<'s> {
    tally: &'s Tally,
    changes: &'s [Change],
    whence: &'s dyn Fn(u32) -> Whence,
    top: usize,
}

impl Summing<'_> {
    /// A group without its splits.
    fn group(&self, mut names: Vec<NameAndType>, lane: usize, of_pairs: &[u32]) -> Group {
        names.sort_by(|one, other| (&one.owner, one.rtype).cmp(&(&other.owner, other.rtype)));
        let lane = &self.tally.lanes[lane];
        let changed = || of_pairs.iter().enumerate().filter(|&(_, &change)| change != 0);
        Group {
            names,
            moved: Family::BOTH.map(|family| {
                let amounts = changed()
                    .map(|(pair, &change)| (&self.changes[change as usize], lane.sums[pair][family.index()]));
                self.moved(family, amounts)
            }),
            has_weightless: changed().any(|(pair, _)| lane.has_weightless[pair]),
        }
    }

    fn moved<'c>(&self, family: Family, amounts: impl Iterator<Item = (&'c Change, Amount)>) -> Moved {
        let whole = self.tally.whole[family.index()].times(SLOTS.into());
        let mut moved = Moved { whole, ..Moved::default() };
        let mut flows: HashMap<[u32; 2], Amount> = HashMap::new();
        for (change, amount) in amounts {
            let of_all = amount.times(SLOTS.into());
            let add = |sum: &mut Amount, more: Amount| *sum = sum.plus(more);
            add(&mut moved.any, amount.times(change.any().into()));
            add(&mut moved.sites, if change.sites { of_all } else { Amount::ZERO });
            add(&mut moved.ttl, if change.ttl { of_all } else { Amount::ZERO });
            add(&mut moved.answers, amount.times(change.answers.into()));
            for each in &change.moves {
                add(flows.entry(each.whences).or_default(), amount.times(each.slots.into()));
            }
        }
        moved.flows = self.flows(flows);
        moved
    }

    fn flows(&self, amounts: HashMap<[u32; 2], Amount>) -> Vec<Flow> {
        let counting = amounts.into_iter().filter(|(_, amount)| !amount.is_zero());
        let flow = |([from, to], amount): ([u32; 2], Amount)| Flow {
            from: (self.whence)(from),
            to: (self.whence)(to),
            amount,
        };
        let mut flows: Vec<Flow> = counting.map(flow).collect();
        flows.sort_by(|one, other| {
            other.amount.cmp(&one.amount).then_with(|| (&one.from, &one.to).cmp(&(&other.from, &other.to)))
        });
        flows
    }

    /// Splits what changes in a family by country and by autonomous system.
    fn split(&self, moved: &mut Moved, lane: &LaneTally, of_pairs: &[u32], family: Family) {
        let mut changing = vec![Amount::ZERO; self.tally.whereabouts.len()];
        for (parts, &change) in lane.parts.iter().zip(of_pairs) {
            let slots = self.changes[change as usize].any();
            for &(place, amount) in parts[family.index()].iter().filter(|_| slots > 0) {
                let sum = &mut changing[place as usize];
                *sum = sum.plus(amount.times(slots.into()));
            }
        }
        moved.countries = self.parts(&changing, family, |(country, _)| country);
        moved.systems = self.parts(&changing, family, |(_, system)| system);
    }

    fn parts<T: Copy + Ord + std::hash::Hash>(
        &self,
        changing: &[Amount],
        family: Family,
        which: impl Fn(Whereabouts) -> Option<T>,
    ) -> Split<T> {
        let mut shares: HashMap<Option<T>, Share> = HashMap::new();
        for (&(at, amounts), &part) in self.tally.whereabouts.iter().zip(changing) {
            let share = shares.entry(which(at)).or_default();
            share.part = share.part.plus(part);
            share.whole = share.whole.plus(amounts[family.index()].times(SLOTS.into()));
        }
        let mut shares: Vec<_> = shares.into_iter().filter(|(_, share)| !share.part.is_zero()).collect();
        shares.sort_by(|(one, of_one), (other, of_other)| {
            of_other.part.cmp(&of_one.part).then_with(|| one.cmp(other))
        });
        let others = shares.split_off(shares.len().min(self.top));
        let of = |which: Option<T>| which.map_or(PartOf::Unknown, PartOf::One);
        let mut parts: Split<T> =
            shares.into_iter().map(|(which, share)| Part { of: of(which), share }).collect();
        if !others.is_empty() {
            let sum = |sum: Share, (_, share): &(Option<T>, Share)| Share {
                part: sum.part.plus(share.part),
                whole: sum.whole.plus(share.whole),
            };
            let share = others.iter().fold(Share::default(), sum);
            parts.push(Part { of: PartOf::Others(others.len()), share });
        }
        parts
    }

    fn network(&self, mover: Mover) -> Network {
        let moves = &self.changes[mover.change as usize].moves;
        let flow = |each: &super::change::Move| {
            let [from, to] = each.whences.map(self.whence);
            (from, to, each.slots)
        };
        Network { network: mover.network.0, amount: mover.amount, flows: moves.iter().map(flow).collect() }
    }
}
