//! Groups of members under `pick = "weighted"` (semantics §3): several answers come from different groups, as far as there
//! are that many.
//!
//! **Shares.** Of n members with weights w in G groups with sums W_g, k are given, k ≤ n. Groups share the places as evenly
//! as their sizes allow: with the highest level L for which Σ min(size, L) < k, a group has min(size, L) places for certain,
//! and the r places that are left go to r of the groups that have more members, by their weights (capped as in
//! `weighted`). So a group expects t_g places, and in each answer it has one of the whole numbers around t_g. For k ≤ G,
//! L is 0: k groups are sampled by weight, one place each. Within a group its members share t_g by weight, nobody more
//! than 1; π_i is what member i gets, for k ≤ G just t_g·w_i/W_g.
//!
//! **One draw.** Members lie end to end on a line, group by group, member i as long as π_i: systematic sampling
//! (`sampling`) gives each exactly π_i, and a stretch of t_g meets the points u, u+1, … in the whole numbers around t_g.
//! There are at most n variants, however many the choices within the groups are.
//!
//! **First places.** For k ≤ G as in `weighted`, with groups in place of members: each member stands first with w_i/W.
//! For more answers than groups every place is as likely first.
//!
//! **Numbers.** All π_i are multiples of 1/D. D is the least common denominator; where the domain of the draw would not fit
//! 64 bits with it, D is the largest that fits, and the members of a group share its stretch in whole multiples, by
//! largest remainder: then shares differ from those above by less than 1/D, which is below 2⁻²³, and what is printed are
//! the shares that are given.

use super::first_place::{CappedFirst, FirstPlace};
use super::sampling::sample_lengths;
use super::variants::Variants;
use super::weighted::Capping;
use super::word::{gcd, lowest_terms};

/// An exact share: numerator and denominator.
type Share = (u64, u64);

/// One group.
struct Group {
    /// Its members by number, ascending.
    members: Vec<u16>,
    weight: u32,
}

/// The places that each group expects.
struct Expected {
    /// Numerators; the denominator is `unit`.
    places: Vec<u64>,
    unit: u64,
    /// Where each group gets at most one: those that get it for certain, by number.
    certain: Vec<usize>,
}

/// What `answers` (at least 1) of members with these weights (none 0, at least one) make; `groups` says of each which
/// group it is in, by any number.
pub(super) fn variants(weights: &[u32], groups: &[usize], answers: usize) -> Variants {
    let answers = answers.min(weights.len());
    let unit = weights.iter().fold(0, |unit, &weight| gcd(unit, weight.into())) as u32;
    let weights: Vec<u32> = weights.iter().map(|weight| weight / unit).collect();
    let groups = collect(&weights, groups);
    let expected = expected(&groups, answers);
    let line: Vec<u16> = groups.iter().flat_map(|group| group.members.iter().copied()).collect();
    let shares = shares_of(&weights, &groups, &expected);
    let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    let most = u64::MAX / (weights.len() as u64 * total * answers as u64);
    let (lengths, unit) = lengths(&expected, &shares, most.min(u32::MAX.into()));
    let sample = sample_lengths(&lengths, unit, answers);
    let mut lists: Vec<u16> = sample.picks.iter().map(|&place| line[usize::from(place)]).collect();
    lists.chunks_exact_mut(answers).for_each(<[u16]>::sort_unstable);
    let first = match &expected.certain[..] {
        [] => FirstPlace::Even(answers as u32),
        certain => FirstPlace::Capped(capped_first(&groups, certain, &lists, answers, total as u32)),
    };
    Variants { width: answers, lists, weights: sample.weights, first }
}

/// Each member's exact share of answers, before it is rounded.
pub(super) fn shares(weights: &[u32], groups: &[usize], answers: usize) -> Vec<Share> {
    let groups = collect(weights, groups);
    let expected = expected(&groups, answers.min(weights.len()));
    let mut shares = vec![(0, 1); weights.len()];
    for (group, of_group) in groups.iter().zip(shares_of(weights, &groups, &expected)) {
        for (&member, share) in group.members.iter().zip(of_group) {
            shares[usize::from(member)] = share;
        }
    }
    shares
}

/// For each group the shares of its members.
fn shares_of(weights: &[u32], groups: &[Group], expected: &Expected) -> Vec<Vec<Share>> {
    let places = expected.places.iter().map(|&places| (places, expected.unit));
    groups.iter().zip(places).map(|(group, places)| spread(weights, group, places)).collect()
}

/// The groups in the order of their first members.
fn collect(weights: &[u32], groups: &[usize]) -> Vec<Group> {
    let mut numbers: Vec<usize> = Vec::new();
    let mut collected: Vec<Group> = Vec::new();
    for ((member, &weight), number) in (0u16..).zip(weights).zip(groups) {
        let place = numbers.iter().position(|known| known == number).unwrap_or_else(|| {
            numbers.push(*number);
            collected.push(Group { members: Vec::new(), weight: 0 });
            collected.len() - 1
        });
        collected[place].members.push(member);
        collected[place].weight += weight;
    }
    collected
}

fn expected(groups: &[Group], answers: usize) -> Expected {
    let taken = |level: usize| groups.iter().map(|group| group.members.len().min(level)).sum::<usize>();
    let level = (0..answers).take_while(|&level| taken(level) < answers).last().unwrap_or(0);
    let able = (0u16..).zip(groups).filter(|(_, group)| group.members.len() > level);
    let able: Vec<u16> = able.map(|(number, _)| number).collect();
    let weights: Vec<u32> = able.iter().map(|&number| groups[usize::from(number)].weight).collect();
    let left = answers - taken(level);
    let capping = Capping::of(&weights, left);
    let unit = capping.others().iter().map(|&place| u64::from(weights[usize::from(place)])).sum();
    let mut places: Vec<u64> =
        groups.iter().map(|group| group.members.len().min(level) as u64 * unit).collect();
    let group = |place: &u16| usize::from(able[usize::from(*place)]);
    capping.capped.iter().for_each(|place| places[group(place)] += unit);
    let shared = (left - capping.capped.len()) as u64;
    for place in capping.others() {
        places[group(place)] += shared * u64::from(weights[usize::from(*place)]);
    }
    let certain = if level == 0 { capping.capped.iter().map(group).collect() } else { Vec::new() };
    Expected { places, unit, certain }
}

/// How the members of a group share its places: by weight, nobody more than one.
fn spread(weights: &[u32], group: &Group, (places, unit): Share) -> Vec<Share> {
    let weight = |member: u16| u64::from(weights[usize::from(member)]);
    let mut is_capped = vec![false; group.members.len()];
    loop {
        let others = || group.members.iter().zip(&is_capped).filter(|(_, is_capped)| !**is_capped);
        let sum: u64 = others().map(|(&member, _)| weight(member)).sum();
        let left = places - unit * (group.members.len() - others().count()) as u64;
        let over = others().map(|(&member, _)| member).find(|&member| left * weight(member) > unit * sum);
        let Some(over) = over else {
            let share = |(&member, &is_capped): (&u16, &bool)| {
                if is_capped { (1, 1) } else { lowest_terms(left * weight(member), unit * sum) }
            };
            return group.members.iter().zip(&is_capped).map(share).collect();
        };
        let place = group.members.binary_search(&over).expect("it is one of them");
        is_capped[place] = true;
    }
}

/// The lengths of the members on the line, in whole multiples of 1/D, and D, which is at most `most`.
fn lengths(expected: &Expected, shares: &[Vec<Share>], most: u64) -> (Vec<u64>, u64) {
    let common = shares.iter().flatten().try_fold(expected.unit, |common, &(_, denominator)| {
        let factor = denominator / gcd(common, denominator);
        common.checked_mul(factor).filter(|&common| common <= most)
    });
    let unit = common.unwrap_or(most / expected.unit * expected.unit);
    let lengths = expected
        .places
        .iter()
        .zip(shares)
        .flat_map(|(&places, shares)| apportion(places * (unit / expected.unit), shares, unit));
    (lengths.collect(), unit)
}

/// Shares `whole` by largest remainder; nobody gets more than `unit`.
fn apportion(whole: u64, shares: &[Share], unit: u64) -> Vec<u64> {
    let exact = |&(numerator, denominator): &Share| {
        let (numerator, denominator) = (u128::from(numerator) * u128::from(unit), u128::from(denominator));
        ((numerator / denominator) as u64, (numerator % denominator, denominator))
    };
    let (mut lengths, remainders): (Vec<u64>, Vec<(u128, u128)>) = shares.iter().map(exact).unzip();
    let missing = whole - lengths.iter().sum::<u64>();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&one, &other| {
        let ((one, of_one), (other, of_other)) = (remainders[one], remainders[other]);
        (other * of_one).cmp(&(one * of_other))
    });
    for &member in order.iter().take(missing as usize) {
        lengths[member] += 1;
    }
    lengths
}

/// Who stands first where each group has at most one place: the groups that have it for certain by their weights, the others
/// alike.
fn capped_first(
    groups: &[Group],
    certain: &[usize],
    lists: &[u16],
    answers: usize,
    total: u32,
) -> CappedFirst {
    let mut end = 0;
    let ends = certain.iter().map(|&group| {
        end += groups[group].weight;
        end
    });
    let mut places = Vec::with_capacity(lists.len());
    for list in lists.chunks_exact(answers) {
        let place_of = |&group: &usize| {
            let place = list.iter().position(|member| groups[group].members.contains(member));
            place.expect("a group that is certain to have a place stands in every variant") as u16
        };
        let of_certain: Vec<u16> = certain.iter().map(place_of).collect();
        let others = (0..answers as u16).filter(|place| !of_certain.contains(place));
        places.extend(of_certain.iter().copied().chain(others));
    }
    CappedFirst {
        ends: ends.collect(),
        total,
        others: (answers - certain.len()) as u32,
        places: places.into(),
    }
}

#[cfg(test)]
mod tests;
