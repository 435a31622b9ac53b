//! What changes for the clients of a pair of classes.

use std::collections::HashMap;

use super::amount::SLOTS;
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
    /// In how many of [`SLOTS`] slots the answers change.
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

    fn between(old: Outcome, new: Outcome) -> Change {
        let (sites, ttl) = (old.sites != new.sites, old.ttl != new.ttl);
        let answers = if old.answers == new.answers { 0 } else { SLOTS };
        let moved = Move { whences: [old.whence, new.whence], slots: SLOTS };
        let moves = if sites || ttl || answers > 0 { vec![moved] } else { Vec::new() };
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
        pairs.map(|&[old, new]| self.number(Change::between(outcome(0, old), outcome(1, new)))).collect()
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
