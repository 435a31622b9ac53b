//! What a change of the files or of a geo database changes for clients: all of them, not samples.
//!
//! [`compare`] walks the maps of two generations in step over the whole of both address spaces, with the databases that
//! say where the clients are. In reading order: `names` pairs what is steered on both sides; `passage` is the walk and
//! `weighing` says what an address counts for; `tally` sums up how much each pair of classes has, and where; `outcome`
//! is what a class gets for a name and `change` what is different about it; names whose clients get the same changes are
//! one `group`; `movers` walks a second time and finds the networks; `differences` says what else is different in the
//! files. All sums are exact (`amount`).

mod amount;
mod change;
mod differences;
mod group;
mod movers;
mod names;
mod outcome;
mod passage;
mod tally;
#[cfg(test)]
mod tests;
mod weighing;

pub use amount::{Amount, SLOTS, Share};
pub use differences::{
    DatabaseDifference, DatabaseFacts, Difference, Differences, Line, RuleDifference, ZoneDifference,
};
pub use group::{Flow, Group, Moved, Network, Part, PartOf, Split};
pub use outcome::Whence;
pub use weighing::{WEIGHTS_MAXIMUM, WEIGHTS_OCTETS_MAXIMUM, Weighing, Weights, WeightsError};

use std::collections::HashMap;

use self::change::Changes;
use self::names::{Compared, Steered};
use self::outcome::Outcomes;
use self::passage::{Lane, Passage};
use self::tally::Tally;
use crate::snapshot::{Limit, Snapshot};
use crate::wire::{Family, Name};

/// Groups whose clients are split up by country, autonomous system and network: the largest ones. What of the others
/// changes is told by share and site.
pub const GROUPS_SPLIT_MAXIMUM: usize = 100;

/// How a comparison is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// What counts how much.
    pub weighing: Weighing,
    /// How many networks, countries and autonomous systems are told of each group, the largest ones.
    pub top: usize,
}

/// What is different between two generations.
#[derive(Debug, Clone)]
pub struct Plan {
    /// All that counts, of IPv4 and of IPv6.
    pub whole: [Amount; 2],
    /// How many names and types are compared.
    pub compared: usize,
    /// Names whose clients get something else, by what changes; the largest change first.
    pub groups: Vec<Group>,
    /// Names that are steered only on the new side.
    pub added: Vec<Steering>,
    /// Names that are steered only on the old side.
    pub removed: Vec<Steering>,
    /// What is different in the files.
    pub differences: Differences,
}

impl Options {
    /// In which unit amounts count: how many of the lowest bits are parts of a client or query.
    pub fn unit_bits(&self) -> u32 {
        let slots = SLOTS.trailing_zeros();
        match self.weighing {
            Weighing::Addresses => slots,
            Weighing::Queries(_) => slots + u128::BITS,
        }
    }
}

/// An owner name and the type that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAndType {
    /// The owner name.
    pub owner: Name,
    /// The type.
    pub rtype: u16,
}

/// A name that is steered on one side only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steering {
    /// The name.
    pub name: NameAndType,
    /// Whether it has data on the other side, too: an RRset that is not steered.
    pub elsewhere_static: bool,
}

impl Plan {
    /// The largest share of clients that get something else for a name: over all names and types, and over both
    /// families of clients. A name that is gone counts as a change for everybody, one that is new as none.
    pub fn largest_change(&self) -> Share {
        let shares = self.groups.iter().flat_map(|group| Family::BOTH.map(|family| group.share(family)));
        shares.fold(Share::default(), |most, share| if share.is_above(most) { share } else { most })
    }

    /// Whether a name's clients change by more than this.
    pub fn exceeds(&self, limit: Limit) -> bool {
        let mut shares = self.groups.iter().flat_map(|group| Family::BOTH.map(|family| group.share(family)));
        shares.any(|share| share.exceeds(limit))
    }

    /// How many names and types have clients that get something else.
    pub fn changed(&self) -> usize {
        self.groups.iter().map(|group| group.names.len()).sum()
    }
}

/// Compares two generations. The pools of both are taken as they stand: with the health that they were compiled from.
pub fn compare(old: &Snapshot, new: &Snapshot, options: &Options) -> Plan {
    let sides = [old, new];
    let names = names::compared(sides);
    let mut lanes: Vec<Lane> = Vec::new();
    let mut lane_numbers: HashMap<Lane, usize> = HashMap::new();
    let mut lane_of = |name: &Compared| {
        *lane_numbers.entry(name.lane(sides)).or_insert_with_key(|&lane| {
            lanes.push(lane);
            lanes.len() - 1
        })
    };
    let of_lanes: Vec<usize> = names.iter().map(&mut lane_of).collect();
    let passage = Passage::new(sides, &lanes, &options.weighing);
    let tally = Tally::of(&passage, &lanes);

    let mut outcomes = Outcomes::new(sides);
    let mut changes = Changes::new();
    let mut drafts = group::Drafts::default();
    for (name, &lane) in names.iter().zip(&of_lanes) {
        let of_pairs = changes.of(name, &tally.lanes[lane], &mut outcomes);
        drafts.add(NameAndType { owner: name.owner.clone(), rtype: name.rtype }, lane, of_pairs);
    }
    let whences = outcomes.whences();
    let groups = group::finish(
        drafts,
        &passage,
        &tally,
        &changes.all,
        &|number| whences[number as usize].clone(),
        options.top,
    );
    Plan {
        whole: tally.whole,
        compared: names.len(),
        groups,
        added: steered_on_one_side(&names, 1),
        removed: steered_on_one_side(&names, 0),
        differences: differences::between(sides),
    }
}

/// The names that are steered on this side only.
fn steered_on_one_side(names: &[Compared], side: usize) -> Vec<Steering> {
    let is_steered = |steered| matches!(steered, Steered::Rule(_));
    let only = names.iter().filter(|name| is_steered(name.sides[side]) && !is_steered(name.sides[1 - side]));
    only.map(|name| Steering {
        name: NameAndType { owner: name.owner.clone(), rtype: name.rtype },
        elsewhere_static: name.sides[1 - side] == Steered::Static,
    })
    .collect()
}
