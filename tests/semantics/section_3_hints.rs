//! §3 and §4 for hints: those of an HTTPS record are "of one member, chosen by the same rule, pools, health and place; a family
//! in which that member is not up loses its hint" (docs/configuration.md).

use std::collections::BTreeSet;

use meridian::answer::Random;
use meridian::explain::Given;
use meridian::health::Tracker;
use meridian::wire::Family;

use crate::harness::slots::{NETWORKS, SLOTS};
use crate::harness::{Server, World, down, up};
use crate::ratio::Ratio;

const HASH: &str = "pick = \"hash\"";

/// With hints in the zone's own record.
fn hinted(world: World) -> World {
    world.records("www 60 HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1")
}

/// A pool A with these keys and members.
fn pool(keys: &str, members: &str, rule: &str) -> World {
    hinted(World::new().pool("A", keys, members)).rule(&format!("name = \"www\"\npools = [\"A\"]\n{rule}"))
}

fn of_slot(rtype: &str, slot: usize) -> String {
    format!("www {rtype} subnet={}/24", NETWORKS[slot])
}

/// The hints of both families of whom a name says.
fn both(name: &str) -> String {
    format!("{name} {name}")
}

/// The share of each member.
fn shares(server: &Server, rtype: &str) -> Vec<(String, Ratio)> {
    let shares = server.shares(&format!("www {rtype}")).into_iter();
    shares.map(|(member, answer, _)| (member, Ratio::new(answer.0, answer.1))).collect()
}

#[test]
fn section_3_hints_by_hash_are_of_the_member_that_the_slot_gives_as_addresses() {
    for (members, answers) in
        [("u3 u2 u1 u1", 1), ("u3 d2 u1 u1", 1), ("u3@a u2@a u1@b u1@b", 2), ("d1 d2", 1)]
    {
        let server = pool(HASH, members, &format!("answers = {answers}")).serve();
        for slot in 0..SLOTS {
            let address = server.said(&of_slot("A", slot));
            let first = address.split(' ').next().unwrap();
            assert_eq!(server.hinted(&of_slot("HTTPS", slot)), both(first), "{slot} of {members}");
        }
        let scopes = ["A", "HTTPS"].map(|rtype| server.ask(&of_slot(rtype, 7)).scope);
        assert_eq!(scopes, [Some(24); 2]);
    }
}

#[test]
fn section_3_hints_of_a_member_that_is_down_in_one_family_lack_that_one() {
    let whole = pool(HASH, "u3 u2 u1 u1", "").serve();
    for (family, lost) in [(Family::V4, "A"), (Family::V6, "AAAA")] {
        let server = pool(HASH, "u3 u2 u1 u1", "").observed("A1", Some(family), None, down(0)).serve();
        for slot in (0..SLOTS).step_by(7) {
            // It is up in the other one: the slots stay whose they were.
            let owner = whole.said(&of_slot("A", slot));
            let expected = if owner == "A1" { owner.clone() } else { both(&owner) };
            assert_eq!(server.hinted(&of_slot("HTTPS", slot)), expected, "{slot} without {lost}");
            assert_eq!(server.said(&of_slot(lost, slot)) == owner, owner != "A1", "{slot} without {lost}");
        }
        // As if up, it may be reached by all its addresses.
        let server = pool(HASH, "d3 d2", "").observed("A1", Some(family), None, down(1)).serve();
        assert_eq!(server.hinted("www HTTPS").split(' ').count(), 2);
    }
}

#[test]
fn section_3_hints_of_a_member_that_awaits_resume_in_one_family_lack_that_one() {
    let [v4, v6] = Family::BOTH;
    let world = pool("", "u1", "");
    for (family, rtype) in [(v4, "A"), (v6, "AAAA")] {
        let server = world.clone().awaiting("A0", family).serve();
        assert_eq!(server.hinted("www HTTPS"), "A0", "without {rtype}");
    }
    // With nothing that it is given with it is not given: another pool is, as for addresses.
    let two = || hinted(World::of_pools(&["u1", "u1"], ""));
    let both_await = two().awaiting("A0", v4).awaiting("A0", v6);
    let one_is_down = two().awaiting("A0", v4).observed("A0", Some(v6), None, down(0));
    for server in [both_await, one_is_down].map(|world| world.serve()) {
        assert_eq!(["A", "AAAA"].map(|rtype| server.said(&format!("www {rtype}"))), ["B0", "B0"]);
        assert_eq!(server.hinted("www HTTPS"), both("B0"));
    }
}

#[test]
fn section_3_hints_are_of_one_member_by_weight_whatever_groups_and_answers_say() {
    for (members, answers) in
        [("u3@a u1@a u2@b", 2), ("u3@a u1@a u2@b", 3), ("u5 u2 u1", 2), ("u5 d2 u1 u0", 3)]
    {
        let server = pool("", members, &format!("answers = {answers}")).serve();
        let alone = pool("", members, "answers = 1").serve();
        assert_eq!(shares(&server, "HTTPS"), shares(&alone, "A"), "{members}, {answers} answers");
        for _ in 0..50 {
            let said = server.hinted("www HTTPS");
            let names: BTreeSet<&str> = said.split(' ').collect();
            assert_eq!(names.len(), 1, "{said}");
        }
    }
}

#[test]
fn section_4_a_trickle_takes_hints_along() {
    let world = hinted(World::of_pools(&["u1", "u1 d1"], "trickle = \"2 %\"\nmin_ttl = 1"));
    let server = world.serve();
    for slot in 0..SLOTS {
        let expected = if slot < 82 { "B0 B0" } else { "A0 A0" };
        assert_eq!(server.hinted(&of_slot("HTTPS", slot)), expected, "{slot}");
    }
    for slot in [0, 81, 82, SLOTS - 1] {
        let [address, hints] = ["A", "HTTPS"].map(|rtype| server.ask(&of_slot(rtype, slot)));
        assert_eq!((address.ttl, address.scope), (hints.ttl, hints.scope), "{slot}");
    }
}

/// Pool N lists A (weight 3) and B, behind it stands C.
fn nested(keys: &str, inner: &str, pools: [&str; 2]) -> World {
    let world = World::new().pool("A", inner, pools[0]).pool("B", inner, pools[1]).pool("C", "", "u1");
    hinted(world)
        .settings(&format!("[pool.N]\n{keys}\npools = [{{ pool = \"A\", weight = 3 }}, \"B\"]"))
        .rule("name = \"www\"\npools = [\"N\", \"C\"]")
}

#[test]
fn section_3_hints_come_from_pools_in_pools_as_addresses_do() {
    for (keys, inner) in
        [("", ""), (HASH, ""), (HASH, HASH), ("", HASH), ("", "min_healthy = 2"), ("min_healthy = 2", "")]
    {
        for pools in [["u2 u1", "u1 u1"], ["d1 d1", "u1 u2"], ["d1", "d1"], ["u1 d1", "u1 d2"], ["s1", "w1"]]
        {
            let case = format!("{keys} {inner} {pools:?}");
            let world = nested(keys, inner, pools);
            if world.load().is_err() {
                continue;
            }
            let server = world.serve();
            for client in ["from=100.1.1.1", "subnet=20.1.2.0/24", "subnet=2a00:1::/32", "subnet=20.3.0.0/16"]
            {
                let [address, hints] = ["A", "HTTPS"].map(|rtype| format!("www {rtype} {client}"));
                let given = [&address, &hints].map(|question| {
                    let steering = server.explain(question).steering.unwrap();
                    let Given::Pool { pool, shares, ways, network, .. } = steering.given else {
                        panic!("{case}: {question} gives no pool")
                    };
                    (steering.reason, pool, shares, ways, network)
                });
                assert_eq!(given[0], given[1], "{case} {client}");
                let [address, hints_of] = [&address, &hints].map(|question| server.ask(question));
                assert_eq!((address.ttl, address.scope), (hints_of.ttl, hints_of.scope), "{case} {client}");
                let (_, _, shares, ..) = &given[1];
                let said = server.hinted(&hints);
                let told = shares.iter().any(|one| said == both(&one.member.replace('m', &one.pool)));
                assert!(told, "{said} is not among {shares:?}: {case} {client}");
            }
        }
    }
}

#[test]
fn section_3_hints_of_an_inner_pool_that_is_up_in_one_family_lack_the_other() {
    let world = nested("", "", ["u1", "d1"]).observed("A0", Some(Family::V4), None, down(0));
    let server = world.serve();
    // A is up by IPv6 only: N is dead for IPv4, healthy for IPv6, and so for what has either.
    assert_eq!([server.said("www A"), server.said("www AAAA")], ["C0", "A0"]);
    assert_eq!(server.hinted("www HTTPS"), "A0");
    let Given::Pool { pool, .. } = server.explain("www HTTPS").steering.unwrap().given else { panic!() };
    assert_eq!(pool, "N");
}

#[test]
fn section_3_hints_of_pools_in_pools_differ_by_name_and_are_not_mixed_up() {
    // Two names with hints of their own in one pool of pools, and one pool that stands in a rule by itself, too.
    let world = nested(HASH, HASH, ["u1 u1", "u1"])
        .records("other 60 A 192.0.2.1\nother 60 AAAA 2001:db8::1\nother 60 HTTPS 3 . port=8443 ipv6hint=2001:db8::1")
        .rule("name = \"other\"\npools = [\"N\"]\nanswers = 2")
        .records("alone 60 A 192.0.2.1\nalone 60 SVCB 7 . ipv4hint=192.0.2.1")
        .rule("name = \"alone\"\npools = [\"A\"]");
    let server = world.serve();
    for slot in (0..SLOTS).step_by(41) {
        let network = format!("subnet={}/24", NETWORKS[slot]);
        let owner = server.said(&format!("www A {network}"));
        assert_eq!(server.hinted(&format!("www HTTPS {network}")), both(&owner));
        assert_eq!(server.hinted(&format!("other HTTPS {network}")), owner, "no hint that the zone has not");
        let said = server.said(&format!("other HTTPS {network}"));
        assert!(said.starts_with("3 . port=8443"), "{said}");
        let of_inner = server.said(&format!("alone A {network}"));
        assert_eq!(server.hinted(&format!("alone SVCB {network}")), of_inner);
    }
}

/// A member in the words of the model: auto, or an operator's will (`U`, `D`, `F`); `u`, `d` or `?` in each family in which it
/// has an address.
struct Member {
    name: String,
    will: char,
    states: [Option<char>; 2],
    weight: u32,
}

impl Member {
    fn random(name: String, pick: &mut dyn FnMut(usize) -> usize) -> Member {
        let mut state = || Some(['u', 'u', 'd', 'd', '?', 'w'][pick(6)]);
        let states = [state(), state()];
        let states = match pick(5) {
            0 => [states[0], None],
            1 => [None, states[1]],
            _ => states,
        };
        let will = ['u', 'u', 'u', 'u', 'U', 'D', 'F'][pick(7)];
        Member { name, will, states, weight: [0, 1, 2][pick(3)] }
    }

    fn word(&self) -> String {
        let only = match self.states {
            [_, None] => "/4",
            [None, _] => "/6",
            _ => "",
        };
        format!("{}{}{only}", self.will, self.weight)
    }

    /// The best of its states in these families; `w`, awaiting to be resumed, is as bad as down.
    fn state(&self, families: &[usize]) -> Option<char> {
        let states = families.iter().filter_map(|&family| self.states[family]);
        states.min_by_key(|state| ['u', '?', 'd', 'w'].iter().position(|known| known == state))
    }
}

/// Those of weight 0 only where there is no other.
fn without_reserve(members: Vec<&Member>) -> Vec<&Member> {
    let weighty: Vec<&Member> = members.iter().copied().filter(|member| member.weight > 0).collect();
    if weighty.is_empty() { members } else { weighty }
}

/// The eligible members of a pool in these families: what is known to be up, else what is unknown.
fn eligible<'m>(pool: &'m [Member], families: &[usize]) -> Vec<&'m Member> {
    let present = pool.iter().filter(|member| member.state(families).is_some());
    let in_state = |wanted: char| {
        present.clone().filter(move |member| match member.will {
            'U' => wanted == 'u',
            'u' => member.state(families) == Some(wanted),
            _ => false,
        })
    };
    let known: Vec<&Member> = in_state('u').collect();
    without_reserve(if known.is_empty() { in_state('?').collect() } else { known })
}

/// Who may stand in a record, each with the hints that it then has; pools that are one candidate stand in a pool of pools.
fn expected(candidates: &[Vec<&[Member]>]) -> BTreeSet<String> {
    const BOTH: [usize; 2] = [0, 1];
    let as_it_is = |pool: &[Member]| -> Vec<String> {
        let hints = |member: &Member| {
            let given = |family: &&usize| {
                let of_family = eligible(pool, &[**family]);
                of_family.iter().any(|other| other.name == member.name)
            };
            vec![member.name.as_str(); BOTH.iter().filter(given).count()].join(" ")
        };
        eligible(pool, &BOTH).into_iter().map(hints).collect()
    };
    let as_if_up = |pool: &[Member], wills: &str| -> Vec<String> {
        let members = pool.iter().filter(|member| wills.contains(member.will)).collect();
        let all =
            |member: &Member| vec![member.name.as_str(); member.states.iter().flatten().count()].join(" ");
        without_reserve(members).into_iter().map(all).collect()
    };
    let is_healthy = |pool: &&&[Member]| eligible(pool, &BOTH).iter().any(|member| member.weight > 0);
    let first = |which: &dyn Fn(&[&[Member]]) -> Vec<String>| {
        candidates.iter().map(|pools| which(pools)).find(|given| !given.is_empty())
    };
    let given = first(&|pools| pools.iter().filter(is_healthy).flat_map(|pool| as_it_is(pool)).collect())
        .or_else(|| first(&|pools| pools.iter().flat_map(|pool| as_it_is(pool)).collect()))
        .or_else(|| first(&|pools| pools.iter().flat_map(|pool| as_if_up(pool, "uU")).collect()))
        .or_else(|| first(&|pools| pools.iter().flat_map(|pool| as_if_up(pool, "D")).collect()));
    given.unwrap_or_else(|| vec![both("default")]).into_iter().collect()
}

#[test]
fn section_3_random_worlds_hint_at_those_families_in_which_a_member_is_given() {
    let mut random = Random::new(2606);
    let mut pick = |most: usize| (random.word() % most as u64) as usize;
    for _ in 0..120 {
        let keys = ["", HASH, "pick = \"all\""][pick(3)];
        let pools = ["A", "B", "C"].map(|name| {
            let count = 1 + pick(3);
            (0..count)
                .map(|index| Member::random(format!("{name}{index}"), &mut pick))
                .collect::<Vec<Member>>()
        });
        let words = |pool: &[Member]| pool.iter().map(Member::word).collect::<Vec<_>>().join(" ");
        let mut world = ["A", "B", "C"]
            .iter()
            .zip(&pools)
            .fold(hinted(World::new()), |world, (name, pool)| world.pool(name, keys, &words(pool)));
        for member in pools.iter().flatten() {
            for (family, state) in Family::BOTH.into_iter().zip(member.states) {
                let tracker = match state {
                    Some('d') => down(0),
                    Some('?') => Tracker::new(),
                    _ => up(0),
                };
                world = world.observed(&member.name, Some(family), None, tracker);
                if state == Some('w') {
                    world = world.awaiting(&member.name, family);
                }
            }
        }
        let nested = if keys == HASH { HASH } else { "" };
        let world = world.settings(&format!("[pool.N]\n{nested}\npools = [\"A\", \"B\"]"));
        let [a, b, c] = &pools;
        let (list, candidates): (_, Vec<Vec<&[Member]>>) = match pick(2) {
            0 => ("\"A\", \"B\", \"C\"", vec![vec![a], vec![b], vec![c]]),
            _ => ("\"N\", \"C\"", vec![vec![a, b], vec![c]]),
        };
        let world = world.rule(&format!("name = \"www\"\ntypes = [\"HTTPS\"]\npools = [{list}]"));
        let (server, expected) = (world.serve(), expected(&candidates));
        let said: BTreeSet<String> =
            (0..60).map(|third| server.hinted(&format!("www HTTPS from=20.1.{third}.1"))).collect();
        assert!(said.is_subset(&expected), "{said:?}, not {expected:?}, of\n{}", world.text());
        // Sixty networks and draws meet all of a few members, unless their weights or slots are few.
        assert!(expected.len() > 2 || said == expected, "{said:?}, not {expected:?}, of\n{}", world.text());
    }
}
