//! The policy `pick = "all"` (semantics §3): every member, rotated by the draw, then cut to `answers`. Weights do not
//! count. Each of n members stands first with 1/n and in min(1, answers/n) of the answers.

use super::first_place::FirstPlace;
use super::variants::Variants;

/// What `answers` (at least 1) of `members` (at least 1) make.
///
/// Uncut there is one variant, and any of its members may stand first. Cut there are as many variants as members, each
/// the beginning of one rotation; another of its members in front would be another rotation, so its head stays.
pub(super) fn variants(members: usize, answers: usize) -> Variants {
    if answers >= members {
        let first = FirstPlace::Even(members as u32);
        return Variants { width: members, lists: (0..).take(members).collect(), weights: vec![1], first };
    }
    let lists = (0..members).flat_map(|start| rotation(members, start).take(answers)).collect();
    Variants { width: answers, lists, weights: vec![1; members], first: FirstPlace::Head }
}

fn rotation(members: usize, start: usize) -> impl Iterator<Item = u16> {
    (0u16..).take(members).cycle().skip(start).take(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(members: usize, answers: usize, lists: &[u16], width: usize, first: FirstPlace) {
        let weights = vec![1; lists.len() / width];
        let expected = Variants { width, lists: lists.to_vec(), weights, first };
        assert_eq!(variants(members, answers), expected, "{answers} of {members}");
    }

    #[test]
    fn rotations_are_cut_to_the_number_of_answers() {
        check(3, 3, &[0, 1, 2], 3, FirstPlace::Even(3));
        check(3, 8, &[0, 1, 2], 3, FirstPlace::Even(3));
        check(3, 2, &[0, 1, 1, 2, 2, 0], 2, FirstPlace::Head);
        check(3, 1, &[0, 1, 2], 1, FirstPlace::Head);
        check(1, 1, &[0], 1, FirstPlace::Even(1));
    }
}
