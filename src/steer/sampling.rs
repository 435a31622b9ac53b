//! Systematic sampling with unequal probabilities (Madow 1949), all outcomes at once and in integers.
//!
//! Members lie end to end on a line, member i as long as π_i = k·w_i/W ≤ 1, k in all. A point u from [0, 1) picks the
//! members under u, u+1, …, u+k−1: k different ones, each with probability exactly π_i. Here everything is multiplied
//! by W: member i is k·w_i long, and u sweeps the integers of [0, W).
//!
//! While u grows, each of the k points moves over the line from member to member. It crosses an end e when
//! u = e mod W: between two crossings the picks stay the same, and the distance between them is their weight. There
//! are n ends, the last one at 0 mod W, so there are at most n different picks; and no two of them are equal, since
//! points only move forward.

/// Everything that sampling can give.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// The picks one after the other, `answers` members each, ascending.
    pub(super) picks: Vec<u16>,
    /// The weight of each pick; their sum is the sum of the members' weights.
    pub(super) weights: Vec<u32>,
}

/// Samples `answers` of the members with these weights. None is 0, at least `answers` of them are there, their sum is
/// below 2³², and none is more than its share: `answers` × weight ≤ sum.
pub(super) fn sample(weights: &[u32], answers: usize) -> Sample {
    let sum: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    let lengths: Vec<u64> = weights.iter().map(|&weight| answers as u64 * u64::from(weight)).collect();
    sample_lengths(&lengths, sum, answers)
}

/// Samples `answers` of the members of these lengths, none above `sum`, `answers` × `sum` in all; `sum` is below 2³².
pub(super) fn sample_lengths(lengths: &[u64], sum: u64, answers: usize) -> Sample {
    let ends = ends(lengths);
    let mut pick = pick_at_zero(&ends, sum, answers);
    let mut sample = Sample {
        picks: Vec::with_capacity(lengths.len() * answers),
        weights: Vec::with_capacity(lengths.len()),
    };
    let mut since = 0;
    for crossing in crossings(&ends, sum) {
        if crossing.at > since {
            sample.push(&pick, crossing.at - since);
            since = crossing.at;
        }
        pick[usize::from(crossing.point)] = crossing.into;
    }
    sample.push(&pick, sum - since);
    sample
}

impl Sample {
    fn push(&mut self, pick: &[u16], weight: u64) {
        self.picks.extend_from_slice(pick);
        self.weights.push(weight as u32);
    }
}

/// Where the members end on the line.
fn ends(lengths: &[u64]) -> Vec<u64> {
    let mut end = 0;
    let end_of = |length: &u64| {
        end += length;
        end
    };
    lengths.iter().map(end_of).collect()
}

/// The members under 0, sum, 2·sum, …; a member reaches up to its end, not including it.
fn pick_at_zero(ends: &[u64], sum: u64, answers: usize) -> Vec<u16> {
    let mut pick = Vec::with_capacity(answers);
    let mut point = 0;
    for (member, &end) in (0u16..).zip(ends) {
        if point < end {
            pick.push(member);
            point += sum;
        }
    }
    pick
}

/// A point leaves one member and comes into the next.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Crossing {
    at: u64,
    point: u16,
    into: u16,
}

/// All crossings for u in (0, sum), ascending.
fn crossings(ends: &[u64], sum: u64) -> Vec<Crossing> {
    let mut crossings = Vec::with_capacity(ends.len());
    for (&end, into) in ends.iter().zip(1..) {
        if end % sum != 0 {
            crossings.push(Crossing { at: end % sum, point: (end / sum) as u16, into });
        }
    }
    crossings.sort_unstable();
    crossings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the sample with `weight: members` pieces.
    fn check(weights: &[u32], answers: usize, expected: &[(u32, &[u16])]) {
        let sample = sample(weights, answers);
        let seen: Vec<_> = sample.weights.iter().copied().zip(sample.picks.chunks(answers)).collect();
        assert_eq!(seen, expected, "{answers} of {weights:?}");
    }

    #[test]
    fn one_answer_is_a_plain_weighted_draw() {
        check(&[3, 1], 1, &[(3, &[0]), (1, &[1])]);
        check(&[7], 1, &[(7, &[0])]);
    }

    /// By hand: weights 3 2 1 2, k = 2, so lengths 6 4 2 4 on a line of 16, points u and u + 8.
    #[test]
    fn points_move_from_member_to_member() {
        check(&[3, 2, 1, 2], 2, &[(2, &[0, 1]), (2, &[0, 2]), (2, &[0, 3]), (2, &[1, 3])]);
    }

    #[test]
    fn ends_that_are_crossed_together_make_one_step() {
        check(&[1, 1, 1, 1], 2, &[(2, &[0, 2]), (2, &[1, 3])]);
        check(&[2, 2, 2], 3, &[(6, &[0, 1, 2])]);
        check(&[2, 1, 1], 2, &[(2, &[0, 1]), (2, &[0, 2])]);
    }
}
