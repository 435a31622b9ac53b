//! Draws, so that the exact shares can be seen at work.

use std::collections::HashMap;

use super::{Asked, Variant};
use crate::answer::{Answer, Body, Random};
use crate::snapshot::Snapshot;
use crate::steer::PoolId;

/// The most draws at once: about a second of them.
pub const DRAWS_MAX: u32 = 1_000_000;

/// What came of some draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draws {
    /// How many were drawn.
    pub count: u32,
    /// What the random words began with: the same seed gives the same draws.
    pub seed: u64,
    /// The different answers, the most frequent first.
    pub answers: Vec<DrawnAnswer>,
}

/// One answer that was drawn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DrawnAnswer {
    /// The pool whose members they are; `None` where no pool answers.
    pub pool: Option<String>,
    /// The members in the order in which their records stand; none where no pool answers.
    pub members: Vec<String>,
    /// How often.
    pub count: u32,
}

/// Draws `count` answers, at most [`DRAWS_MAX`], as queries do.
pub fn draw(snapshot: &Snapshot, asked: &Asked, count: u32, seed: u64) -> Draws {
    let count = count.min(DRAWS_MAX);
    let mut random = Random::new(seed);
    let mut counts: HashMap<Option<(PoolId, Vec<usize>)>, u32> = HashMap::new();
    for _ in 0..count {
        *counts.entry(asked.answered(snapshot, &mut random, drawn)).or_default() += 1;
    }
    let answer = |(drawn, count): (Option<_>, u32)| drawn_answer(snapshot, drawn.as_ref(), count);
    let mut answers: Vec<DrawnAnswer> = counts.into_iter().map(answer).collect();
    answers.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.members.cmp(&other.members)));
    Draws { count, seed, answers }
}

/// The pool that answers, and which of its members in which order.
fn drawn(answer: &Answer<'_>) -> Option<(PoolId, Vec<usize>)> {
    match &answer.body {
        Body::Steered(steered) => Some((steered.pool, steered.drawn.members().collect())),
        _ => None,
    }
}

fn drawn_answer(snapshot: &Snapshot, drawn: Option<&(PoolId, Vec<usize>)>, count: u32) -> DrawnAnswer {
    let Some((pool, members)) = drawn else { return DrawnAnswer { pool: None, members: Vec::new(), count } };
    let pool = &snapshot.configuration.pools[pool.0 as usize];
    let members = members.iter().map(|&index| pool.members[index].name.clone()).collect();
    DrawnAnswer { pool: Some(pool.name.clone()), members, count }
}

impl Draws {
    /// How often the members of a variant were drawn together, in any order.
    pub fn of_variant(&self, variant: &Variant) -> u32 {
        let wanted = sorted(variant.members.iter().map(|(name, _)| name.as_str()));
        let drawn = self.answers.iter().filter(|answer| answer.pool.as_ref() == Some(&variant.pool));
        drawn
            .filter(|answer| sorted(answer.members.iter().map(String::as_str)) == wanted)
            .map(|answer| answer.count)
            .sum()
    }
}

fn sorted<'m>(members: impl Iterator<Item = &'m str>) -> Vec<&'m str> {
    let mut members: Vec<&str> = members.collect();
    members.sort_unstable();
    members
}
