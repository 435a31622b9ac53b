//! §3: groups of members, and pools in pools.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use meridian::answer::Random;

use crate::harness::{Server, World};
use crate::ratio::{Ratio, inclusion};

/// Members `u WEIGHT @GROUP` of a pool, asked for so many.
fn served(members: &str, answers: usize) -> Server {
    let world = World::new().pool("A", "", members);
    world.rule(&format!("name = \"www\"\npools = [\"A\"]\nanswers = {answers}")).serve()
}

/// Weight and group of each member.
fn parsed(members: &str) -> Vec<(u64, &str)> {
    members
        .split(' ')
        .enumerate()
        .map(|(index, word)| {
            let (weight, group) = word[1..].split_once('@').unwrap_or((&word[1..], ""));
            // Without a group a member is one of its own.
            let own = ["0", "1", "2", "3", "4", "5", "6", "7"][index];
            (weight.parse().unwrap(), if group.is_empty() { own } else { group })
        })
        .collect()
}

const POOLS: [&str; 6] = [
    "u1@a u1@a u1@b u1@b",
    "u3@a u1@a u2@b u1@c",
    "u8@a u1@b u1@b u1@c u1@c",
    "u1@a u2@a u3@a u4@b u5@c u6@c",
    "u1@a u1@a u5 u2",
    "u7@a u7@a u1@b u1@c u1@d",
];

#[test]
fn section_3_groups_are_sampled_by_the_sums_of_their_weights_then_a_member_by_weight() {
    for members in POOLS {
        let all = parsed(members);
        let names: BTreeSet<&str> = all.iter().map(|(_, group)| *group).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let sums: Vec<u64> = names
            .iter()
            .map(|name| all.iter().filter(|(_, group)| group == name).map(|(weight, _)| weight).sum())
            .collect();
        let sum: u64 = sums.iter().sum();
        for answers in 1..=names.len() {
            let of_groups = inclusion(&sums, answers);
            for ((weight, group), (name, answer, first)) in
                all.iter().zip(served(members, answers).shares("www A"))
            {
                let place = names.iter().position(|name| name == group).unwrap();
                let expected = of_groups[place].times(Ratio::new(*weight, sums[place]));
                let case = format!("{name} of {members}, {answers} answers");
                assert_eq!(Ratio::new(answer.0, answer.1), expected, "{case}");
                assert_eq!(Ratio::new(first.0, first.1), Ratio::new(*weight, sum), "first: {case}");
            }
        }
    }
}

#[test]
fn section_3_groups_k_answers_come_from_k_groups_where_there_are_that_many() {
    for members in POOLS {
        let all = parsed(members);
        let groups = all.iter().map(|(_, group)| *group).collect::<BTreeSet<_>>().len();
        for answers in 2..=all.len() {
            for (variant, _) in served(members, answers).variants("www A") {
                let of: BTreeSet<&str> =
                    variant.iter().map(|name| all[name[1..].parse::<usize>().unwrap()].1).collect();
                assert_eq!(
                    (variant.len(), of.len()),
                    (answers, answers.min(groups)),
                    "{variant:?} of {members}"
                );
            }
        }
    }
}

#[test]
fn section_3_groups_count_the_eligible_members() {
    // One rack is down: two answers come from the other two.
    let server = served("d1@a d1@a u1@b u1@b u1@c", 2);
    let variants: BTreeSet<Vec<String>> = server
        .variants("www A")
        .into_iter()
        .map(|(members, _)| {
            let mut members = members;
            members.sort_unstable();
            members
        })
        .collect();
    assert_eq!(variants, BTreeSet::from([vec!["m2".into(), "m4".into()], vec!["m3".into(), "m4".into()]]));
}

/// Pool N lists A (weight 3) and B, behind it stands C.
fn nested(keys: &str, pools: [&str; 2]) -> World {
    World::new()
        .pool("A", "", pools[0])
        .pool("B", "", pools[1])
        .pool("C", "", "u1")
        .settings(&format!("[pool.N]\n{keys}\npools = [{{ pool = \"A\", weight = 3 }}, \"B\"]"))
        .rule("name = \"www\"\npools = [\"N\", \"C\"]")
}

#[test]
fn section_3_a_pool_may_list_pools() {
    let server = nested("", ["u2 u1", "u1"]).serve();
    let shares = server.shares("www A").into_iter().map(|(_, answer, _)| Ratio::new(answer.0, answer.1));
    let expected =
        [(1, 2), (1, 4), (1, 4)].map(|(numerator, denominator)| Ratio::new(numerator, denominator));
    assert_eq!(shares.collect::<Vec<_>>(), expected);
    let given: BTreeSet<String> = (0..200).map(|_| server.said("www A")).collect();
    assert_eq!(given, ["A0", "A1", "B0"].map(str::to_owned).into());
    // One of them is dead, both are.
    assert_eq!(nested("", ["d1", "u1"]).serve().said("www A"), "B0");
    assert_eq!(nested("", ["d1", "d1"]).serve().said("www A"), "C0");
    // By the client's network.
    let server = nested("pick = \"hash\"", ["u1", "u1"]).serve();
    let given: BTreeSet<String> =
        (0..40).map(|third| server.said(&format!("www A from=20.1.{third}.1"))).collect();
    assert_eq!(given, ["A0", "B0"].map(str::to_owned).into());
    assert_eq!(server.ask("www A subnet=20.1.2.0/24").scope, Some(24));
}

#[test]
fn section_3_an_answer_of_pools_in_pools_holds_for_the_scope_that_it_carries() {
    let hash = |ipv4: u8| format!("pick = \"hash\"\nhash_prefix = {{ ipv4 = {ipv4} }}");
    let inner = |name: &str, ipv4: u8, world: World| world.pool(name, &hash(ipv4), "u1 u1 u1 u1");
    let world = inner("B", 22, inner("A", 26, World::new()));
    let world = world.settings(&format!("[pool.N]\n{}\npools = [\"A\", \"B\"]", hash(18)));
    let server = world.rule("name = \"www\"\npools = [\"N\"]").serve();
    let mut random = Random::new(18);
    let ask = |client: u32| server.ask(&format!("www A subnet={}/32", Ipv4Addr::from_bits(client)));
    for _ in 0..200 {
        let client = 20 << 24 | random.word() as u32 & 0xFF_FFFF;
        let reply = ask(client);
        let host = u32::MAX >> reply.scope.unwrap();
        let other = client & !host | random.word() as u32 & host;
        assert_eq!(ask(other).said, reply.said, "{client:x} {other:x} {:?}", reply.scope);
    }
}

#[test]
fn section_3_a_pool_of_pools_has_the_flips_of_all_of_them() {
    let server = nested("", ["u1", "d1"])
        .rule("name = \"x\"\npools = [\"N\"]\nmin_ttl = 1")
        .records("x 60 A 192.0.2.1\nx 60 AAAA 2001:db8::1");
    assert_eq!(server.serve().ask("x A").ttl, 20);
}

#[test]
fn section_3_a_cycle_of_pools_is_a_defect_that_prints_the_cycle() {
    let world = World::new()
        .pool("leaf", "", "u1")
        .settings("[pool.a]\npools = [\"leaf\", \"b\"]\n[pool.b]\npools = [\"c\"]\n[pool.c]\npools = [\"leaf\", \"a\"]")
        .rule("name = \"www\"\npools = [\"a\"]");
    world.refused("a pool stands in itself: a → b → c → a");
    let own = World::new().settings("[pool.a]\npools = [\"a\"]").rule("name = \"www\"\npools = [\"a\"]");
    own.refused("a pool stands in itself: a → a");
}
