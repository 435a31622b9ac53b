//! §3 to §5 together: random small worlds, and a model of them that is written from the text and knows nothing but the words
//! that they are made of.

use std::net::Ipv4Addr;

use meridian::answer::Random;
use meridian::wire::Family;

use crate::harness::slots::{SLOTS, slot_of_ipv4};
use crate::harness::{Server, World};

const WORLDS: usize = 150;
const SITES: [&str; 3] = ["fra", "iad", "sin"];
/// Clients, and the sites that the map lists for them.
const CLIENTS: [(&str, &[&str]); 4] =
    [("1.0.0.1", &["sin", "iad"]), ("2.0.0.1", &["iad"]), ("3.0.0.1", &[]), ("5.0.0.1", &["fra"])];
const MAPS: &str = "[site.fra]\n[site.iad]\n[site.sin]\n[map.world]\ndefault = [\"fra\"]\n[map.world.network]\n\
                    \"1.0.0.0/8\" = [\"sin\", \"iad\"]\n\"2.0.0.0/8\" = [\"iad\"]\n\"3.0.0.0/8\" = []\n";
const TTL: u32 = 60;

struct Member {
    name: String,
    letter: char,
    weight: u32,
    only: Option<Family>,
}

struct Pool {
    site: &'static str,
    /// `min_healthy` as numerator and denominator, or as a count with denominator 0.
    needs: (u32, u32),
    policy: &'static str,
    members: Vec<Member>,
}

struct Rule {
    pools: Vec<Pool>,
    has_map: bool,
    fence: bool,
    all_down: &'static str,
    empty: &'static str,
    min_ttl: u32,
    /// Half of the networks, or none.
    has_trickle: bool,
}

impl Pool {
    fn of(&self, family: Family) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.only.is_none_or(|only| only == family))
    }

    /// The members with one of these letters, those of weight 0 only if there is no other.
    fn with(&self, letters: &str, family: Family) -> Vec<&Member> {
        let all: Vec<&Member> = self.of(family).filter(|member| letters.contains(member.letter)).collect();
        let weighty: Vec<&Member> = all.iter().copied().filter(|member| member.weight > 0).collect();
        if weighty.is_empty() { all } else { weighty }
    }

    fn eligible(&self, family: Family) -> Vec<&Member> {
        let known = self.with("uU", family);
        if known.is_empty() { self.with("?", family) } else { known }
    }

    fn is_healthy(&self, family: Family) -> bool {
        let measure = |member: &&Member| if self.policy == "all" { 1 } else { member.weight };
        let eligible = self.eligible(family).into_iter().filter(|member| member.weight > 0);
        let counted: Vec<&Member> = eligible.collect();
        let total: u32 =
            self.of(family).filter(|member| member.weight > 0).map(|member| measure(&member)).sum();
        match self.needs {
            (count, 0) => counted.len() as u32 >= count,
            (numerator, denominator) => {
                !counted.is_empty()
                    && counted.iter().map(measure).sum::<u32>() * denominator >= numerator * total
            }
        }
    }

    fn soonest_flip(&self, family: Family) -> Option<u32> {
        let flips = self.of(family).filter_map(|member| match member.letter {
            '?' => Some(0),
            'u' => Some(30),
            'd' | 's' => Some(20),
            _ => None,
        });
        flips.min()
    }
}

impl Rule {
    fn random(random: &mut Random) -> Rule {
        let mut pick = |most: usize| (random.word() % most as u64) as usize;
        let pools = (0..1 + pick(4)).map(|number| {
            let name = ["A", "B", "C", "D"][number];
            // Letters that matter less stand in some pools only, so that all states are met.
            let letters: Vec<char> = ["ud", "uudDF?", "dDFsw", "udDFU?sw"][pick(4)].chars().collect();
            let members = (0..1 + pick(3)).map(|index| Member {
                name: format!("{name}{index}"),
                letter: letters[pick(letters.len())],
                weight: [0, 1, 1, 2, 5][pick(5)],
                only: [None, None, None, Some(Family::V4), Some(Family::V6)][pick(5)],
            });
            let members = members.collect();
            let needs = [(1, 0), (1, 0), (1, 2), (2, 3), (100, 100)][pick(5)];
            Pool { site: SITES[pick(3)], needs, policy: ["weighted", "all", "hash"][pick(3)], members }
        });
        let pools = pools.collect();
        Rule {
            pools,
            has_map: pick(2) == 0,
            fence: pick(3) == 0,
            all_down: ["all", "all", "default", "none"][pick(4)],
            empty: ["default", "nodata"][pick(2)],
            min_ttl: [1, 25, 60][pick(3)],
            has_trickle: pick(3) == 0,
        }
    }

    fn world(&self) -> World {
        let names = ["A", "B", "C", "D"];
        let mut world = World::new().maps(MAPS);
        for (name, pool) in names.iter().zip(&self.pools) {
            let words = pool.members.iter().map(|member| {
                let only = member.only.map_or("", |family| if family == Family::V4 { "/4" } else { "/6" });
                format!("{}{}{only}", member.letter, member.weight)
            });
            let needs = match pool.needs {
                (count, 0) => count.to_string(),
                (numerator, denominator) => format!("\"{numerator}/{denominator}\""),
            };
            let keys = format!("site = \"{}\"\nmin_healthy = {needs}\npick = \"{}\"", pool.site, pool.policy);
            world = world.pool(name, &keys, &words.collect::<Vec<_>>().join(" "));
        }
        let pools =
            names[..self.pools.len()].iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let map = if self.has_map { "map = \"world\"\n" } else { "" };
        let trickle = if self.has_trickle { "trickle = \"50 %\"\n" } else { "" };
        world.rule(&format!(
            "name = \"www\"\npools = [{pools}]\n{map}{trickle}fence = {}\nall_down = \"{}\"\nempty = \"{}\"\nmin_ttl = {}\nanswers = 8",
            self.fence, self.all_down, self.empty, self.min_ttl
        ))
    }

    /// The candidates for a class of these sites.
    fn candidates(&self, sites: &[&str], family: Family) -> Vec<&Pool> {
        let exists = |pool: &&Pool| pool.of(family).next().is_some();
        if !self.has_map {
            return self.pools.iter().filter(exists).collect();
        }
        let listed = sites.iter().flat_map(|site| self.pools.iter().filter(move |pool| pool.site == *site));
        let others = self.pools.iter().filter(|pool| !self.fence && !sites.contains(&pool.site));
        listed.chain(others).filter(exists).collect()
    }

    /// Who is given, sorted, or what instead; and the TTL of that.
    fn answer(&self, client: Ipv4Addr, sites: &[&str], family: Family) -> (String, u32) {
        if self.has_map && sites.is_empty() {
            return (self.empty.to_owned(), TTL);
        }
        let candidates = self.candidates(sites, family);
        let mut healthy = (0..candidates.len()).filter(|&place| candidates[place].is_healthy(family));
        let (first_healthy, second) = (healthy.next(), healthy.next());
        let is_trickled = self.has_trickle && slot_of_ipv4(client, 24) < SLOTS / 2;
        let healthy = if is_trickled { second.or(first_healthy) } else { first_healthy };
        let waits = self.has_trickle && second.is_none();
        let looked_at = healthy.filter(|_| !waits).map_or(&candidates[..], |place| &candidates[..=place]);
        let flip = looked_at.iter().filter_map(|pool| pool.soonest_flip(family)).min();
        let ttl = flip.map_or(TTL, |flip| flip.clamp(self.min_ttl, TTL));
        let first = |which: &dyn Fn(&Pool) -> Vec<String>| {
            candidates.iter().map(|pool| which(pool)).find(|members| !members.is_empty())
        };
        let named =
            |members: Vec<&Member>| members.iter().map(|member| member.name.clone()).collect::<Vec<_>>();
        let given = match healthy {
            Some(place) => Some(named(candidates[place].eligible(family))),
            None => first(&|pool| named(pool.eligible(family)))
                .or_else(|| first(&|pool| named(pool.with("s", family))))
                .or_else(|| match self.all_down {
                    "all" => first(&|pool| named(pool.with("ud?Usw", family)))
                        .or_else(|| first(&|pool| named(pool.with("D", family)))),
                    word => Some(vec![word.replace("none", "nodata")]),
                }),
        };
        let mut given = given.unwrap_or_else(|| vec!["default".to_owned()]);
        given.sort_unstable();
        (given.join(" "), ttl)
    }
}

fn check(rule: &Rule, server: &Server, settings: &str) {
    for (client, sites) in CLIENTS {
        for (rtype, family) in [("A", Family::V4), ("AAAA", Family::V6)] {
            let question = format!("www {rtype} from={client}");
            let reply = server.ask(&question);
            let mut said: Vec<&str> = reply.said.split(' ').collect();
            said.sort_unstable();
            assert_eq!(
                (said.join(" "), reply.ttl),
                rule.answer(client.parse().unwrap(), sites, family),
                "{rtype} from {client}\n{settings}"
            );
            let explained = server.explain(&question).ttl.map(|ttl| ttl.seconds);
            assert_eq!(explained, Some(reply.ttl), "{question}\n{settings}");
        }
    }
}

#[test]
fn section_4_random_worlds_answer_as_the_text_says() {
    let mut random = Random::new(345);
    let mut served = 0;
    while served < WORLDS {
        let rule = Rule::random(&mut random);
        let world = rule.world();
        // A type that no member can answer, or a count that is never reached: defects.
        if world.load().is_ok() {
            check(&rule, &world.serve(), world.text());
            served += 1;
        }
    }
}
