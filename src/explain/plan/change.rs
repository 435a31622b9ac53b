//! What changes for the clients of a pair of classes.

use std::collections::{BTreeMap, HashMap};

use super::names::{Compared, Steered};
use super::outcome::{Outcome, Outcomes};
use super::tally::LaneTally;

/// What changes for clients under one pair of classes of a name; numbers are those of [`Outcomes`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Change {
    /// The ordered sites.
    pub(super) sites: bool,
    /// The TTL.
    pub(super) ttl: bool,
    /// In how many of all slots the answers change.
    pub(super) answers: u16,
    /// Who gave and who gives the answers, and in how many slots, where anything changes.
    pub(super) moves: Vec<Move>,
}

/// Slots in which anything changes, by who gave and who gives the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Move {
    /// Old and new [`Whence`](super::Whence), by number.
    pub(super) whences: [u32; 2],
    /// How many slots.
    pub(super) slots: u16,
}

impl Change {
    /// In how many slots anything changes.
    pub(super) fn any(&self) -> u16 {
        self.moves.iter().map(|each| each.slots).sum()
    }

    fn between(old: Outcome, new: Outcome, outcomes: &mut Outcomes<'_>) -> Change {
        let (sites, ttl) = (old.sites != new.sites, old.ttl != new.ttl);
        if !sites && !ttl && old.answers == new.answers {
            return Change::default();
        }
        let keeps_slots = outcomes.have_one_prefix(old, new);
        let (mut answers, mut moves) = (0, BTreeMap::new());
        for &([old, new], slots) in outcomes.by_slots(old, new).iter() {
            // Where clients are cut into other networks than before, a network's old slot says nothing about its new one.
            let moves_answers = old.0 != new.0 || !keeps_slots;
            answers += if moves_answers { slots } else { 0 };
            if sites || ttl || moves_answers {
                *moves.entry([old.1, new.1]).or_insert(0) += slots;
            }
        }
        let moves = moves.into_iter().map(|(whences, slots)| Move { whences, slots }).collect();
        Change { sites, ttl, answers, moves }
    }
}

/// All that can change, numbered; 0 is no change.
pub(super) struct Changes {
    numbers: HashMap<Change, u32>,
    pub(super) all: Vec<Change>,
}

impl Changes {
    /// With nothing but no change.
    pub(super) fn new() -> Changes {
        Changes { numbers: HashMap::from([(Change::default(), 0)]), all: vec![Change::default()] }
    }

    /// What changes for a name under each pair of classes of its lane.
    pub(super) fn of(&mut self, name: &Compared, lane: &LaneTally, outcomes: &mut Outcomes<'_>) -> Vec<u32> {
        // Nobody had anything of a name that is new.
        if name.sides[0] == Steered::Absent {
            return vec![0; lane.pairs.len()];
        }
        let mut known: [HashMap<_, Outcome>; 2] = Default::default();
        let mut outcome =
            |side: usize, class| *known[side].entry(class).or_insert_with(|| outcomes.of(name, side, class));
        let pairs = lane.pairs.iter();
        let pairs: Vec<[Outcome; 2]> = pairs.map(|&[old, new]| [outcome(0, old), outcome(1, new)]).collect();
        pairs.into_iter().map(|[old, new]| self.number(Change::between(old, new, outcomes))).collect()
    }

    fn number(&mut self, change: Change) -> u32 {
        if let Some(&known) = self.numbers.get(&change) {
            return known;
        }
        let number = self.all.len() as u32;
        self.all.push(change.clone());
        self.numbers.insert(change, number);
        number
    }
}
