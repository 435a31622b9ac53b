//! The states up to a number of lost sites and of failures, of which only those are looked at that can differ.
//!
//! The search starts with everything up, once for each standing of the schedules, and goes on, from each state, to those
//! with one more thing (`steps`) about what the choice looked at there. That misses nothing: let D be any state within the
//! budget. From "everything up" at its moment the search goes, as long as D has something about a pool that the choice
//! looks at and that the present state lacks, to a state with it, and so ends at some E within D in which every pool that
//! the choice looks at is as it is in D. A choice is a function of what it looks at, so D's is E's. Smaller states come
//! first, so a counter-example is as small as any.

use std::collections::{HashSet, VecDeque};

use super::Stop;
use super::scene::{Outcome, Scene};
use super::steps::steps;
use super::vector::{Budget, HealthVector};
use crate::geo::ClassId;

/// The first state within the budget in which `judge` finds something, and that. Each answer that is looked at counts
/// in `answers`.
pub(super) fn search<T>(
    scene: &Scene<'_>,
    class: ClassId,
    budget: Budget,
    answers: &mut u64,
    judge: impl Fn(&Outcome<'_>) -> Option<T>,
) -> Result<Option<(HealthVector, T)>, Stop> {
    let mut waiting: VecDeque<HealthVector> =
        scene.moments.iter().map(|&at| HealthVector::all_up(at)).collect();
    let mut seen: HashSet<HealthVector> = waiting.iter().cloned().collect();
    while let Some(state) = waiting.pop_front() {
        // The networks that a trickle takes are looked at by themselves.
        let sides = if scene.rule.trickle.is_some() { &[false, true][..] } else { &[false] };
        for &trickled in sides {
            *answers += 1;
            scene.scenery.spend(1)?;
            let (found, next) = scene
                .outcome(class, &state, trickled, |outcome| (judge(outcome), steps(scene, outcome, budget)));
            if let Some(found) = found {
                return Ok(Some((state, found)));
            }
            scene.scenery.spend(next.len() as u64)?;
            for state in next {
                if seen.insert(state.clone()) {
                    waiting.push_back(state);
                }
            }
        }
    }
    Ok(None)
}
