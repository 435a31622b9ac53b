//! The table of states, and a slow, naive model of semantics §3 over whole trees: who stands first, and how often.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::*;
use crate::steer::pool::{Inner, MinHealthy};
use crate::steer::testing::{FLIP, empty, pool};
use crate::wire::Content;

/// A pool as a test writes it.
#[derive(Debug, Clone)]
enum Node {
    /// Members as for [`pool`].
    Members(Pick, MinHealthy, String),
    /// Pools with their weights.
    Pools(Pick, MinHealthy, Vec<(Node, u16)>),
}

/// The pools of a tree, inner ones first, with what they answer.
#[derive(Default)]
struct Tree {
    pools: Vec<Pool>,
    answers: Vec<PoolAnswers>,
}

impl Tree {
    fn of(node: &Node) -> Tree {
        let mut tree = Tree::default();
        tree.add(node);
        tree
    }

    fn add(&mut self, node: &Node) -> PoolId {
        let (compiled, answers) = match node {
            Node::Members(pick, min_healthy, written) => {
                let (mut members, health) = pool(written, *pick, *min_healthy);
                members.name = format!("p{}", self.pools.len());
                let answers = PoolAnswers::compile(&members, Content::V4, &health);
                (members, answers)
            }
            Node::Pools(pick, min_healthy, nodes) => {
                let inner =
                    nodes.iter().map(|(node, weight)| Inner { pool: self.add(node), weight: *weight });
                let inner: Vec<Inner> = inner.collect();
                let name = format!("p{}", self.pools.len());
                let outer = Pool { pick: *pick, min_healthy: *min_healthy, inner, ..empty(&name) };
                let answers = PoolAnswers::compile_outer(&outer, Content::V4, |id| {
                    (&self.pools[id.0 as usize], &self.answers[id.0 as usize])
                });
                (outer, answers)
            }
        };
        self.pools.push(compiled);
        self.answers.push(answers);
        PoolId(self.pools.len() as u32 - 1)
    }

    /// The outermost pool.
    fn top(&self) -> (PoolId, &PoolAnswers) {
        let last = self.pools.len() - 1;
        (PoolId(last as u32), &self.answers[last])
    }

    /// How often each member stands first: by pool and member.
    fn firsts(&self, set: &Option<PoolSet>) -> BTreeMap<(u32, usize), f64> {
        let mut firsts = BTreeMap::new();
        for leaf in set.iter().flat_map(|set| set.leaves(self.top().0, None)) {
            let pool = leaf.path[leaf.path.len() - 1];
            for share in leaf.set.answers().expect("a pool of members").shares() {
                let (numerator, denominator) = leaf.chance.and(share.first).rounded();
                if numerator > 0 {
                    *firsts.entry((pool.0, share.member)).or_default() +=
                        numerator as f64 / denominator as f64;
                }
            }
        }
        firsts
    }
}

fn members(written: &str) -> Node {
    Node::Members(Pick::Weighted, MinHealthy::Count(1), written.to_owned())
}

/// A pool of these, weights behind `:`, with `min_healthy`; its state, and who may be picked with which chance in
/// thousandths.
fn check(min_healthy: MinHealthy, inner: &[(&str, u16)], state: PoolState, picked: &[(u32, u32)]) {
    let nodes = inner.iter().map(|&(written, weight)| (degradable(written), weight)).collect();
    let tree = Tree::of(&Node::Pools(Pick::Weighted, min_healthy, nodes));
    let (id, answers) = tree.top();
    assert_eq!(answers.state, state, "{inner:?}");
    let leaves = answers.sets[0].eligible.iter().flat_map(|set| set.leaves(id, None));
    let found: Vec<(u32, u32)> = leaves
        .map(|leaf| {
            let (numerator, denominator) = leaf.chance.fraction().unwrap();
            (leaf.path[1].0, (numerator * 1000 / denominator) as u32)
        })
        .collect();
    assert_eq!(found, picked, "{inner:?}");
}

/// Members of which two have to be up.
fn degradable(written: &str) -> Node {
    Node::Members(Pick::Weighted, MinHealthy::Count(2), written.to_owned())
}

#[test]
fn table_of_the_states_of_a_pool_of_pools() {
    use PoolState::{Absent, Dead, Degraded, Healthy};
    const ONE: MinHealthy = MinHealthy::Count(1);
    const TWO: MinHealthy = MinHealthy::Count(2);
    const HALF: MinHealthy = MinHealthy::Fraction { numerator: 1, denominator: 2 };
    const UP: &str = "u1 u1";
    const HALF_UP: &str = "u1 d1";
    const DOWN: &str = "d1 d1";
    check(ONE, &[(UP, 3), (UP, 1)], Healthy, &[(0, 750), (1, 250)]);
    check(ONE, &[(UP, 3), (HALF_UP, 1)], Healthy, &[(0, 1000)]);
    check(ONE, &[(DOWN, 3), (UP, 1)], Healthy, &[(1, 1000)]);
    check(TWO, &[(UP, 3), (HALF_UP, 1)], Degraded, &[(0, 1000)]);
    check(HALF, &[(UP, 3), (DOWN, 3)], Healthy, &[(0, 1000)]);
    check(HALF, &[(UP, 2), (DOWN, 3)], Degraded, &[(0, 1000)]);
    check(HALF, &[(UP, 2), ("-1", 3)], Healthy, &[(0, 1000)]);
    check(ONE, &[(HALF_UP, 3), (HALF_UP, 1), (DOWN, 9)], Degraded, &[(0, 750), (1, 250)]);
    check(ONE, &[(UP, 0), (UP, 1)], Healthy, &[(1, 1000)]);
    check(ONE, &[(UP, 0), (UP, 0), (DOWN, 1)], Degraded, &[(0, 500), (1, 500)]);
    check(ONE, &[(UP, 0), (HALF_UP, 1)], Degraded, &[(0, 1000)]);
    check(ONE, &[(HALF_UP, 0), (DOWN, 1)], Degraded, &[(0, 1000)]);
    check(ONE, &[(DOWN, 1), (DOWN, 0)], Dead, &[]);
    check(ONE, &[(DOWN, 1), ("-1", 1)], Dead, &[]);
    check(ONE, &[("-1", 1), ("-1", 1)], Absent, &[]);
}

#[test]
fn sets_as_if_up_and_of_drained_members_are_those_of_the_inner_pools() {
    let tree = Tree::of(&Node::Pools(
        Pick::Weighted,
        MinHealthy::Count(1),
        vec![(members("d1 D1"), 1), (members("D1"), 1), (members("F1"), 1)],
    ));
    let (_, answers) = tree.top();
    let keys = |set| tree.firsts(set).into_keys().collect::<Vec<_>>();
    assert_eq!(keys(&answers.sets[0].eligible), []);
    assert_eq!(keys(&answers.sets[0].undrained), [(0, 0)]);
    assert_eq!(keys(&answers.sets[0].drained), [(0, 1), (1, 0)]);
}

#[test]
fn the_soonest_flip_is_that_of_any_pool_in_it() {
    let flip = |nodes: Vec<(Node, u16)>| {
        let tree = Tree::of(&Node::Pools(Pick::Weighted, MinHealthy::Count(1), nodes));
        tree.top().1.soonest_flip.load(Ordering::Relaxed)
    };
    assert_eq!(flip(vec![(members("m1"), 1), (members("u1"), 1)]), FLIP);
    assert_eq!(flip(vec![(members("m1"), 1), (members("?1"), 0)]), 0);
    assert_eq!(flip(vec![(members("m1"), 1)]), crate::steer::NEVER);
}

#[test]
fn a_pool_that_hashes_makes_the_whole_depend_on_the_network() {
    let hashed = |pick| Node::Pools(pick, MinHealthy::Count(1), vec![(members("u1"), 1), (members("u1"), 1)]);
    let prefix = |node: &Node| Tree::of(node).top().1.sets[0].eligible.as_ref().unwrap().prefix();
    assert_eq!(prefix(&hashed(Pick::Weighted)), None);
    assert_eq!(prefix(&hashed(Pick::Hash)), Some(HashPrefix::default()));
    let around =
        Node::Pools(Pick::Weighted, MinHealthy::Count(1), vec![(hashed(Pick::Hash), 1), (members("u1"), 1)]);
    assert_eq!(prefix(&around), Some(HashPrefix::default()));
}

/// Each slot draws one inner pool, as often as the counted share says; a word draws by weight.
#[test]
fn draws_follow_the_shares() {
    for pick in [Pick::Hash, Pick::Weighted] {
        let nodes = vec![(members("u1"), 3), (members("u1"), 1)];
        let tree = Tree::of(&Node::Pools(pick, MinHealthy::Count(1), nodes));
        let (id, answers) = tree.top();
        let set = answers.sets[0].eligible.as_ref().unwrap();
        let drawn = |slot: Slot| {
            let word = (slot.index() as u64) << 52 | 1 << 40;
            set.draw(id, |_| slot, || word).0
        };
        let first = Slot::all().filter(|&slot| drawn(slot) == PoolId(0)).count() as f64;
        let share = tree.firsts(&answers.sets[0].eligible)[&(0, 0)];
        assert!((first - share * SLOTS as f64).abs() < 1.5, "{pick:?}: {first}");
    }
}

/// What the model says of one tree: its state, and how often each member stands first.
struct Expected {
    state: PoolState,
    firsts: BTreeMap<(u32, usize), f64>,
}

/// Semantics §3, as it reads. Pools have the numbers in which [`Tree`] adds them.
fn model(node: &Node, next: &mut u32) -> Expected {
    match node {
        Node::Members(pick, min_healthy, written) => {
            let number = *next;
            *next += 1;
            let members: Vec<(char, u32)> = written
                .split_whitespace()
                .map(|word| (word.chars().next().unwrap(), word[1..].parse().unwrap()))
                .collect();
            let present = |letter: char| letter != '-';
            let with = |letters: &str| -> Vec<usize> {
                (0..members.len()).filter(|&index| letters.contains(members[index].0)).collect()
            };
            let known = with("umU");
            let mut eligible = if known.is_empty() { with("?") } else { known };
            if eligible.iter().any(|&index| members[index].1 > 0) {
                eligible.retain(|&index| members[index].1 > 0);
            }
            let weights =
                |indices: &[usize]| indices.iter().map(|&index| members[index].1).collect::<Vec<_>>();
            let all: Vec<usize> = (0..members.len()).filter(|&index| present(members[index].0)).collect();
            let state =
                state_of(*pick, *min_healthy, &weights(&eligible), &weights(&all), !eligible.is_empty());
            let names: Vec<String> = eligible.iter().map(|index| format!("m{index}")).collect();
            let shares = shares(&format!("p{number}"), *pick, &names, &weights(&eligible));
            let firsts = eligible.iter().zip(shares).map(|(&index, share)| ((number, index), share));
            Expected { state, firsts: firsts.filter(|(_, share)| *share > 0.0).collect() }
        }
        Node::Pools(pick, min_healthy, nodes) => {
            let mut numbers = Vec::new();
            let inner: Vec<(Expected, u32)> = nodes
                .iter()
                .map(|(node, weight)| {
                    let expected = model(node, next);
                    numbers.push(*next - 1);
                    (expected, u32::from(*weight))
                })
                .collect();
            let number = *next;
            *next += 1;
            let of_state = |state: PoolState| -> Vec<usize> {
                (0..inner.len()).filter(|&index| inner[index].0.state == state).collect()
            };
            let healthy = of_state(PoolState::Healthy);
            let mut picked = if healthy.is_empty() { of_state(PoolState::Degraded) } else { healthy.clone() };
            let any = !picked.is_empty();
            if picked.iter().any(|&index| inner[index].1 > 0) {
                picked.retain(|&index| inner[index].1 > 0);
            }
            let weights = |indices: &[usize]| indices.iter().map(|&index| inner[index].1).collect::<Vec<_>>();
            let present: Vec<usize> =
                (0..inner.len()).filter(|&index| inner[index].0.state != PoolState::Absent).collect();
            let state = match healthy.is_empty() && any {
                true => PoolState::Degraded,
                false => state_of(*pick, *min_healthy, &weights(&healthy), &weights(&present), any),
            };
            let names: Vec<String> = picked.iter().map(|&index| format!("p{}", numbers[index])).collect();
            let shares = shares(&format!("p{number}"), *pick, &names, &weights(&picked));
            let mut firsts = BTreeMap::new();
            for (&index, share) in picked.iter().zip(shares) {
                for (&member, &own) in inner[index].0.firsts.iter().filter(|_| share > 0.0) {
                    *firsts.entry(member).or_default() += share * own;
                }
            }
            Expected { state, firsts }
        }
    }
}

fn state_of(pick: Pick, min_healthy: MinHealthy, eligible: &[u32], all: &[u32], any: bool) -> PoolState {
    let measured = |weights: &[u32], by_weight: bool| -> u64 {
        let counted = weights.iter().filter(|&&weight| weight > 0);
        if by_weight { counted.map(|&weight| u64::from(weight)).sum() } else { counted.count() as u64 }
    };
    let enough = match min_healthy {
        MinHealthy::Count(count) => measured(eligible, false) >= u64::from(count),
        MinHealthy::Fraction { numerator, denominator } => {
            let by_weight = pick != Pick::All;
            measured(eligible, by_weight) * u64::from(denominator)
                >= measured(all, by_weight) * u64::from(numerator)
        }
    };
    match (all.is_empty(), any, enough && measured(eligible, false) > 0) {
        (true, ..) => PoolState::Absent,
        (_, false, _) => PoolState::Dead,
        (_, _, true) => PoolState::Healthy,
        _ => PoolState::Degraded,
    }
}

/// The share of each: by weight (equal where all have none), of `all` equal, of `hash` as its slots are counted.
fn shares(pool: &str, pick: Pick, names: &[String], weights: &[u32]) -> Vec<f64> {
    let weights: Vec<u32> = match pick == Pick::All || weights.iter().all(|&weight| weight == 0) {
        true => vec![1; weights.len()],
        false => weights.to_vec(),
    };
    if pick == Pick::Hash && !weights.is_empty() {
        let contender = |(group, (name, &weight)): (usize, (&'_ String, &u32))| (group, name.clone(), weight);
        let owned: Vec<(usize, String, u32)> =
            names.iter().zip(&weights).enumerate().map(contender).collect();
        let contenders: Vec<Contender<'_>> = owned
            .iter()
            .map(|(group, name, weight)| Contender { name, weight: *weight, group: *group })
            .collect();
        let (variants, _) = hash::deal(pool, &contenders, 1, None);
        let mut shares = vec![0.0; weights.len()];
        for (&number, &count) in variants.lists.iter().zip(&variants.weights) {
            shares[usize::from(number)] = f64::from(count) / SLOTS as f64;
        }
        return shares;
    }
    let sum: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
    weights.iter().map(|&weight| f64::from(weight) / sum).collect()
}

fn any_min_healthy() -> impl Strategy<Value = MinHealthy> {
    prop_oneof![
        (1u32..4).prop_map(MinHealthy::Count),
        (1u32..5, 1u32..5).prop_map(|(one, other)| MinHealthy::Fraction {
            numerator: one.min(other),
            denominator: one.max(other)
        }),
    ]
}

fn any_weight() -> impl Strategy<Value = u16> {
    prop_oneof![1 => Just(0u16), 3 => 1u16..4, 2 => any::<u16>()]
}

fn any_members() -> impl Strategy<Value = String> {
    let letters = || prop::sample::select(vec!['u', 'u', 'd', 'D', 'F', '?', 'm', 'U', '-']);
    let member = move || (letters(), any_weight());
    let few = prop_oneof![9 => 1usize..5, 1 => Just(64usize)];
    few.prop_flat_map(move |count| prop::collection::vec(member(), count)).prop_map(|members| {
        members.iter().map(|(letter, weight)| format!("{letter}{weight} ")).collect::<String>()
    })
}

fn any_tree() -> impl Strategy<Value = Node> {
    let picks = prop::sample::select(vec![Pick::Weighted, Pick::Weighted, Pick::All, Pick::Hash]);
    let leaf = (picks, any_min_healthy(), any_members())
        .prop_map(|(pick, min_healthy, members)| Node::Members(pick, min_healthy, members));
    leaf.prop_recursive(LEVELS_MAX as u32 - 1, 12, 3, |inner| {
        let picks = prop::sample::select(vec![Pick::Weighted, Pick::Weighted, Pick::Hash]);
        (picks, any_min_healthy(), prop::collection::vec((inner, any_weight()), 1..4))
            .prop_map(|(pick, min_healthy, nodes)| Node::Pools(pick, min_healthy, nodes))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn trees_are_what_the_naive_model_says(node in any_tree()) {
        let tree = Tree::of(&node);
        let (_, answers) = tree.top();
        let expected = model(&node, &mut 0);
        prop_assert_eq!(answers.state, expected.state);
        let found = tree.firsts(&answers.sets[0].eligible);
        prop_assert_eq!(found.keys().collect::<Vec<_>>(), expected.firsts.keys().collect::<Vec<_>>());
        for (member, share) in &found {
            prop_assert!((share - expected.firsts[member]).abs() < 1e-12, "{member:?}: {share}");
        }
    }
}
