//! §3 and §4 for data in place of addresses: "everything else is as for addresses" (docs/configuration.md, pools with `type`).
//! So worlds are built twice, once of addresses and once of texts, and both have to say the same of every client, to the
//! fraction; what addresses get is held by the other modules.

use std::collections::BTreeSet;

use meridian::answer::Random;
use meridian::explain::{Fraction, Given};
use meridian::steer::Reason;

use crate::harness::slots::{NETWORKS, SLOTS};
use crate::harness::{Server, World};

const TEXT: &str = "type = \"TXT\"";
/// Of both sides of a trickle, of a special block, and of both families.
const CLIENTS: [&str; 8] = [
    "from=100.1.1.1",
    "from=2a00:1:2::3",
    "subnet=20.1.2.0/24",
    "subnet=20.77.0.0/16",
    "subnet=81.2.69.160/32",
    "subnet=2a00:77::/32",
    "subnet=10.1.2.0/24",
    "subnet=0.0.0.0/0",
];

/// A world of pools that is built of addresses and of texts.
struct Twins {
    /// Name, keys and members of each.
    pools: Vec<(&'static str, String, String)>,
    /// Pools of pools.
    outer: String,
    rule: String,
}

impl Twins {
    fn of(pools: &[(&'static str, &str, &str)], outer: &str, rule: &str) -> Twins {
        let owned = |&(name, keys, members): &(&'static str, &str, &str)| (name, keys.into(), members.into());
        Twins { pools: pools.iter().map(owned).collect(), outer: outer.into(), rule: rule.into() }
    }

    /// Of one kind: no keys for addresses, or a type.
    fn world(&self, kind: &str) -> World {
        let add = |world: World, (name, keys, members): &(&'static str, String, String)| {
            world.pool(name, &format!("{kind}\n{keys}"), members)
        };
        let world = self.pools.iter().fold(World::new().records("www 60 TXT default"), add);
        world.settings(&self.outer).rule(&format!("name = \"www\"\n{}", self.rule))
    }

    fn serve(&self) -> [Server; 2] {
        ["", TEXT].map(|kind| self.world(kind).serve())
    }
}

/// All that is said of an answer but its records: who is given with which chance, or what instead; TTL and scope.
#[derive(Debug, PartialEq)]
struct Told {
    reason: Reason,
    variants: Vec<(String, Vec<String>, Fraction)>,
    shares: Vec<(String, String, Fraction, Fraction, Option<u32>)>,
    instead: Option<&'static str>,
    explained_ttl: Option<u32>,
    ttl: u32,
    scope: Option<u8>,
}

fn told(server: &Server, question: &str) -> Told {
    let explanation = server.explain(question);
    let steering = explanation.steering.unwrap();
    let reply = server.ask(question);
    let (variants, shares, instead) = match steering.given {
        Given::Pool { variants, shares, .. } => (variants, shares, None),
        Given::DefaultRrset(_) => (Vec::new(), Vec::new(), Some("default")),
        Given::NoData => (Vec::new(), Vec::new(), Some("nodata")),
    };
    if let Some(instead) = instead {
        assert_eq!(reply.said, instead, "{question}");
    }
    let names = |members: Vec<(String, _)>| members.into_iter().map(|(name, _)| name).collect();
    Told {
        reason: steering.reason,
        variants: variants.into_iter().map(|one| (one.pool, names(one.members), one.probability)).collect(),
        shares: shares
            .into_iter()
            .map(|one| (one.pool, one.member, one.answer, one.first, one.slots))
            .collect(),
        instead,
        explained_ttl: explanation.ttl.map(|ttl| ttl.seconds),
        ttl: reply.ttl,
        scope: reply.scope,
    }
}

fn assert_alike(twins: &Twins) {
    let [addresses, texts] = twins.serve();
    for client in CLIENTS {
        let of_texts = told(&texts, &format!("www TXT {client}"));
        for rtype in ["A", "AAAA"] {
            let of_addresses = told(&addresses, &format!("www {rtype} {client}"));
            assert_eq!(of_texts, of_addresses, "{rtype} {client} of\n{}", twins.world("").text());
        }
        // Whoever is drawn is one of those that were told of.
        let said = texts.said(&format!("www TXT {client}"));
        let is_told = |name: &str| {
            of_texts.instead == Some(name)
                || of_texts.shares.iter().any(|(pool, member, ..)| name == member.replace('m', pool))
        };
        assert!(said.split(' ').all(is_told), "{said} of {of_texts:?}");
    }
}

/// Whom each slot gets of texts.
fn dealt(server: &Server, rtype: &str) -> Vec<String> {
    NETWORKS.iter().map(|network| server.said(&format!("www {rtype} subnet={network}/24"))).collect()
}

#[test]
fn section_3_data_by_hash_is_dealt_by_the_slots_of_addresses() {
    for (members, answers) in
        [("u3 u2 u1 u1", 1), ("u3 d2 u1 u1", 1), ("u3@a u2@a u1@b u1@b", 2), ("d1 d2", 1)]
    {
        let rule = format!("pools = [\"A\"]\nanswers = {answers}");
        let twins = Twins::of(&[("A", "pick = \"hash\"", members)], "", &rule);
        let [addresses, texts] = twins.serve();
        assert_eq!(dealt(&addresses, "A"), dealt(&texts, "TXT"), "{members}");
        assert_eq!(texts.ask("www TXT subnet=20.1.2.0/24").scope, Some(24));
        assert_alike(&twins);
    }
}

#[test]
fn section_3_data_comes_from_groups_as_addresses_do() {
    for members in ["u1@a u1@a u1@b u1@b", "u3@a u1@a u2@b u1@c", "u8@a d1@b u1@b u1@c u1", "u7@a u7@a u1@b"]
    {
        for answers in 1..=4 {
            let rule = format!("pools = [\"A\"]\nanswers = {answers}");
            assert_alike(&Twins::of(&[("A", "", members)], "", &rule));
        }
    }
}

#[test]
fn section_4_a_trickle_of_data_takes_the_slots_that_it_takes_of_addresses() {
    let pools = [("A", "", "u1"), ("B", "", "u1 d1")];
    let twins = Twins::of(&pools, "", "pools = [\"A\", \"B\"]\ntrickle = \"2 %\"\nmin_ttl = 1");
    let [_, texts] = twins.serve();
    for (slot, said) in dealt(&texts, "TXT").into_iter().enumerate() {
        assert_eq!(said, if slot < 82 { "B0" } else { "A0" }, "{slot}");
    }
    let ttl = |slot: usize| texts.ask(&format!("www TXT subnet={}/24", NETWORKS[slot])).ttl;
    assert_eq!([0, 81, 82, SLOTS - 1].map(ttl), [20, 20, 30, 30]);
    assert_alike(&twins);
}

#[test]
fn section_3_a_pool_of_data_may_list_pools_of_data() {
    let hash = "pick = \"hash\"";
    for (keys, inner, pools) in [
        ("", "", ["u2 u1", "u1"]),
        ("", "", ["d1", "u1"]),
        ("", "", ["d1", "d1"]),
        ("min_healthy = 2", "", ["d1", "u1"]),
        ("", "min_healthy = 2", ["u1 d1", "u1 d1"]),
        ("", "min_healthy = \"2/3\"", ["u1 s1", "s1 w1"]),
        (hash, "", ["u1", "u1"]),
        (hash, hash, ["u1 u2", "u1 u1"]),
        ("", hash, ["u1 u2", "d1 u1"]),
        (hash, "pick = \"all\"", ["u1 u2", "u1 u1"]),
    ] {
        let outer = format!(
            "[pool.N]\n{keys}\npools = [{{ pool = \"A\", weight = 3 }}, \"B\"]\n[pool.O]\npools = [{{ pool = \"N\", weight = 0 }}]\n\
             [pool.P]\n{keys}\npools = [\"N\", \"C\"]"
        );
        let pools = [("A", inner, pools[0]), ("B", inner, pools[1]), ("C", inner, "u1 u1")];
        for (list, further) in [
            ("\"N\", \"C\"", "trickle = \"50 %\""),
            ("\"O\", \"C\"", ""),
            ("\"P\"", "answers = 2"),
            ("\"N\"", "trickle = \"50 %\"\nanswers = 2"),
        ] {
            let rule = format!("pools = [{list}]\n{further}\nmin_ttl = 1");
            assert_alike(&Twins::of(&pools, &outer, &rule));
        }
    }
}

/// Random pools of every policy, health and will, some of them pools of pools, under a random rule.
fn random_twins(random: &mut Random) -> Twins {
    let mut pick = |most: usize| (random.word() % most as u64) as usize;
    let names = ["A", "B", "C"];
    let pools = names.map(|name| {
        let letters: Vec<char> = ["u", "ud", "uudDF?", "dDFsw", "udDFU?sw"][pick(5)].chars().collect();
        let policy = ["weighted", "weighted", "hash", "hash", "all"][pick(5)];
        let count = [1, 2, 4][pick(3)];
        let member = |_| {
            let group = if policy == "all" { "" } else { ["", "", "@a", "@b"][pick(4)] };
            format!("{}{}{group}", letters[pick(letters.len())], [0, 1, 1, 2, 5][pick(5)])
        };
        let members: Vec<String> = (0..count).map(member).collect();
        let needs = ["1", "1", "2", "\"1/2\"", "\"100 %\""][pick(5)];
        (name, format!("pick = \"{policy}\"\nmin_healthy = {needs}"), members.join(" "))
    });
    let weight = |pick: &mut dyn FnMut(usize) -> usize| [0, 1, 3][pick(3)];
    let outer = format!(
        "[pool.N]\npick = \"{}\"\npools = [{{ pool = \"A\", weight = {} }}, {{ pool = \"B\", weight = {} }}]",
        ["weighted", "hash"][pick(2)],
        weight(&mut pick),
        weight(&mut pick)
    );
    let rule = format!(
        "pools = [{}]\nall_down = {}\nanswers = {}\nmin_ttl = {}\n{}",
        ["\"A\", \"B\", \"C\"", "\"N\", \"C\"", "\"C\", \"N\"", "\"N\""][pick(4)],
        ["\"all\"", "\"default\"", "\"none\"", "{ pool = \"C\" }"][pick(4)],
        [1, 2, 8][pick(3)],
        [1, 25, 60][pick(3)],
        ["", "trickle = \"1/3\""][pick(2)]
    );
    Twins { pools: pools.to_vec(), outer, rule }
}

#[test]
fn section_3_random_worlds_of_data_answer_as_those_of_addresses() {
    const WORLDS: usize = 100;
    let mut random = Random::new(99);
    let mut served = 0;
    while served < WORLDS {
        let twins = random_twins(&mut random);
        let loads = ["", TEXT].map(|kind| twins.world(kind).load().map(drop));
        assert_eq!(loads[0].is_ok(), loads[1].is_ok(), "{loads:?}\n{}", twins.world("").text());
        if loads[0].is_ok() {
            assert_alike(&twins);
            served += 1;
        }
    }
}

#[test]
fn section_3_a_member_is_given_with_all_its_data() {
    let member = |name: &str, group: &str| {
        format!("{{ name = \"{name}\", group = \"{group}\", data = [\"10 {name}\", \"20 b.{name}\"] }}")
    };
    let members = [member("x", "a"), member("y", "a"), member("z", "b")].join(", ");
    let served = |keys: &str, answers: usize| {
        let pool =
            format!("[pool.A]\ntype = \"MX\"\n{keys}\nmembers = [{members}]\n[pool.N]\npools = [\"A\"]");
        let world = World::new().records("www 60 MX 5 default").settings(&pool);
        world.rule(&format!("name = \"www\"\npools = [\"N\"]\nanswers = {answers}")).serve()
    };
    let records = |names: &[&str]| {
        let of = |name: &&str| [format!("10 {name}.example.com."), format!("20 b.{name}.example.com.")];
        names.iter().flat_map(of).collect::<BTreeSet<String>>()
    };
    for keys in ["", "pick = \"hash\""] {
        for (answers, allowed) in
            [(1, vec![vec!["x"], vec!["y"], vec!["z"]]), (2, vec![vec!["x", "z"], vec!["y", "z"]])]
        {
            let server = served(keys, answers);
            let met: BTreeSet<BTreeSet<String>> = (0..100)
                .map(|third| server.ask(&format!("www MX from=20.1.{third}.1")).message.answers)
                .map(|records| records.iter().map(|record| record.data.to_string()).collect())
                .collect();
            let expected: BTreeSet<_> = allowed.iter().map(|names| records(names)).collect();
            assert_eq!(met, expected, "{keys}, {answers} answers");
        }
    }
}

/// An alias whose pools A and B name `one` and `two`, which rules of their own may steer.
fn aliases(keys: &str, rule: &str) -> World {
    let pool = |name: &str, targets: &[&str]| {
        let member = |target: &&str| format!("{{ name = \"{target}\", data = \"{target}\" }}");
        let members: Vec<String> = targets.iter().map(member).collect();
        format!("[pool.{name}]\ntype = \"CNAME\"\n{keys}\nmembers = [{}]\n", members.join(", "))
    };
    let records = "alias 60 CNAME zero\nzero A 192.0.2.70\none A 192.0.2.71\ntwo 60 A 192.0.2.1";
    let pools = pool("A", &["zero", "one"]) + &pool("B", &["two"]);
    World::new().records(records).settings(&pools).rule(&format!("name = \"alias\"\n{rule}"))
}

#[test]
fn section_4_a_steered_alias_goes_by_the_clients_network() {
    let server = aliases("pick = \"hash\"", "pools = [\"A\"]").serve();
    let said: BTreeSet<String> =
        NETWORKS.iter().map(|network| server.said(&format!("alias A subnet={network}/24"))).collect();
    let expected = ["zero.example.com. 192.0.2.70", "one.example.com. 192.0.2.71"];
    assert_eq!(said, expected.map(str::to_owned).into());
    for network in &NETWORKS[..100] {
        let question = |rtype: &str| format!("alias {rtype} subnet={network}/24");
        let target = server.said(&question("CNAME"));
        assert!(server.said(&question("A")).starts_with(&target), "{network}");
        assert_eq!(server.ask(&question("A")).scope, Some(24));
    }
    // A share of the networks goes elsewhere.
    let server = aliases("", "pools = [\"B\", \"A\"]\ntrickle = \"2 %\"").serve();
    for (slot, is_trickled) in [(0, true), (81, true), (82, false), (SLOTS - 1, false)] {
        let reply = server.ask(&format!("alias A subnet={}/24", NETWORKS[slot]));
        assert_eq!((reply.said.starts_with("two"), reply.scope), (!is_trickled, Some(24)), "{slot}");
    }
}

#[test]
fn section_4_an_alias_and_its_target_have_the_longer_of_their_scopes() {
    for (of_alias, of_target, expected) in [(24, 28, 28), (28, 24, 28), (20, 20, 20)] {
        let keys = |length: u8| format!("pick = \"hash\"\nhash_prefix = {{ ipv4 = {length}, ipv6 = 48 }}");
        let world = aliases(&keys(of_alias), "pools = [\"B\"]").pool("T", &keys(of_target), "u1/4 u1/4");
        let server = world.rule("name = \"two\"\npools = [\"T\"]").serve();
        let reply = server.ask("alias A subnet=20.1.2.3/32");
        assert!(reply.said.starts_with("two.example.com. T"), "{}", reply.said);
        assert_eq!(reply.scope, Some(expected), "{of_alias} {of_target}");
    }
}

#[test]
fn section_3_pools_of_one_kind_stand_in_a_pool() {
    let world = World::new().pool("A", "", "u1").pool("B", TEXT, "u1").records("www 60 TXT default");
    world
        .settings("[pool.N]\npools = [\"A\", \"B\"]")
        .rule("name = \"www\"\npools = [\"N\"]")
        .refused("the pool `N` lists `A` with addresses and `B` with TXT records");
}
