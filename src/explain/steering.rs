//! How a rule made its choice: whose address, where it is, which pools were looked at, what is given out.

use super::words::will;
use super::{
    Candidate, Client, Distance, Excluded, Fraction, Given, Health, Member, MemberAnswer, Origin, Place,
    Share, Source, Steering, Variant,
};
use super::{level, targets, ttl};
use crate::answer;
use crate::geo::{self, ClassId, Prefix, SiteId};
use crate::snapshot::{Configuration, Map, Snapshot};
use crate::steer::{self, AnswerSet, Choice, Content, Pool, PoolId, PoolKind, Rule};
use crate::zone::{Hints, Rrset, print_data};

/// Explains what `rule` did for `client`, where the default RRset is this one.
pub(super) fn explain(
    snapshot: &Snapshot,
    health: &Health<'_>,
    rule: u32,
    client: Client,
    default: Option<Rrset<'_>>,
) -> Steering {
    let configuration = &*snapshot.configuration;
    let label = &configuration.rule_labels[rule as usize];
    let rule = &configuration.rules[rule as usize];
    let subnet = client.subnet.map(|prefix| prefix.address);
    let asker = answer::Client { transport: &client.transport, subnet: subnet.as_ref() };
    let placement = answer::place(snapshot, rule.map, asker);
    let map = rule.map.map(|index| &configuration.maps[index as usize]);
    let source = source(map, client);
    let choice = steer::choose(rule, placement.class, |pool| snapshot.pool(pool, rule.content));
    let hints = hints_of(configuration, rule);
    let scene = Scene { snapshot, health, rule, rtype: label.rtype, hints, class: placement.class };
    Steering {
        owner: label.owner.clone(),
        line: label.line.clone(),
        rtype: label.rtype,
        place: map.map(|map| place(configuration, map, placement, source)),
        source,
        excluded: scene.excluded(),
        reason: choice.reason,
        given: scene.given(&choice, default),
        candidates: scene.candidates(&choice),
    }
}

/// The RRset that a rule gives with hints.
fn hints_of<'s>(configuration: &'s Configuration, rule: &Rule) -> Option<&'s Hints> {
    let first = rule.pools.first()?;
    let pool = &configuration.pools[first.pool.0 as usize];
    let has_hints = pool.kind == PoolKind::Addresses && rule.content == Content::Data;
    pool.hints.get(usize::from(first.set)).map(|hints| &**hints).filter(|_| has_hints)
}

/// Which address decided: the same cases as in [`answer::place`].
fn source(map: Option<&Map>, client: Client) -> Source {
    let transport = |origin| Source { address: client.transport, origin };
    let Some(map) = map else { return transport(Origin::NoMap) };
    let Some(subnet) = client.subnet else { return transport(Origin::Transport) };
    if !map.ecs {
        return transport(Origin::TransportEcsOff);
    }
    let placement = map.table.place(&subnet.address);
    if placement.special {
        let block = Prefix::around(subnet.address, placement.scope);
        return transport(Origin::TransportForSpecial { block });
    }
    Source { address: subnet.address, origin: Origin::Subnet }
}

fn place(configuration: &Configuration, map: &Map, placement: geo::Placement, source: Source) -> Place {
    let databases: Vec<&geo::Database> = configuration.geo.iter().map(|source| &*source.database).collect();
    let (rules, sites) = (map.table.rules(), &configuration.sites);
    let reason = geo::explain(rules, &map.lines, sites, &databases, source.address);
    let name = |site: SiteId| configuration.sites[usize::from(site.0)].name.clone();
    let classes = map.table.classes();
    let class = usize::from(placement.class.0);
    let records = reason.record.iter().chain(&reason.further_records);
    let built = |name: &String| databases.iter().find(|database| database.name() == name);
    Place {
        built: records.map(|(name, ..)| built(name).map_or(0, |database| database.built_at())).collect(),
        map: map.table.name().to_owned(),
        class,
        classes: classes.len(),
        sites: classes[class].iter().map(|&site| name(site)).collect(),
        levels: reason.levels.iter().map(|step| level::level(step, name)).collect(),
        distances: reason.distances.iter().map(|&far| distance(&reason, far, name)).collect(),
        reason,
    }
}

fn distance(
    reason: &geo::Reason,
    (site, metres): (SiteId, u64),
    name: impl Fn(SiteId) -> String,
) -> Distance {
    let biased = reason.biased.iter().find(|biased| biased.site == site);
    let biased = biased.map(|biased| (biased.bias, biased.counted_metres));
    Distance { site: name(site), metres, biased }
}

struct Scene<'s> {
    snapshot: &'s Snapshot,
    health: &'s Health<'s>,
    rule: &'s Rule,
    rtype: u16,
    /// The RRset that gets addresses as hints.
    hints: Option<&'s Hints>,
    class: ClassId,
}

impl Scene<'_> {
    fn pool(&self, id: PoolId) -> &Pool {
        self.snapshot.standing(id, self.rule.content)
    }

    fn site(&self, pool: &Pool) -> Option<String> {
        pool.site.map(|site| self.snapshot.configuration.sites[usize::from(site.0)].name.clone())
    }

    fn candidates(&self, choice: &Choice<'_>) -> Vec<Candidate> {
        let indices = self.rule.candidates.of(self.class).iter();
        indices.map(|&index| self.candidate(self.rule.pools[usize::from(index)].pool, choice)).collect()
    }

    fn candidate(&self, id: PoolId, choice: &Choice<'_>) -> Candidate {
        let pool = self.pool(id);
        let answers = self.snapshot.pool(id, self.rule.content);
        Candidate {
            pool: pool.name.clone(),
            line: self.snapshot.configuration.pool_labels[id.0 as usize].line.clone(),
            site: self.site(pool),
            state: answers.state,
            pick: pool.pick,
            answers: matches!(choice.given, steer::Given::Set(pool, _) if pool == id),
            soonest_flip: ttl::soonest_flip(answers),
            members: self.members(id),
        }
    }

    fn members(&self, id: PoolId) -> Vec<Member> {
        let (content, configuration) = (self.rule.content, &*self.snapshot.configuration);
        let pool = self.pool(id);
        let eligibilities =
            steer::eligibility(pool, content, &|target| self.health.of(configuration, target));
        let lines = &configuration.pool_labels[id.0 as usize].members;
        let members = pool.members.iter().zip(lines).zip(eligibilities);
        members
            .map(|((member, line), eligibility)| Member {
                name: member.name.clone(),
                line: line.clone(),
                weight: pool.weight_of(member),
                slow_start: member.slow_start.map(|slow_start| slow_start.step),
                answer: pool.gives(member, content).then(|| self.answer_of(member)),
                admin: member.admin,
                will: will(pool, member, self.health.at()),
                targets: steer::targets_of(member, content)
                    .into_iter()
                    .map(|target| targets::target(configuration, self.health, target))
                    .collect(),
                eligibility,
            })
            .collect()
    }

    /// What a member of a pool of the rule answers with, all its addresses being up.
    fn answer_of(&self, member: &steer::Member) -> MemberAnswer {
        let address = self.rule.content.family().and_then(|family| member.address(family));
        if let Some(address) = address {
            return MemberAnswer::Address(address);
        }
        let print = |data: &[u8]| print_data(self.rtype, data);
        let hints = self.hints.map(|hints| hints.data(member.ipv4, member.ipv6));
        MemberAnswer::Data(match hints {
            Some(hinted) => hinted.iter().map(|data| print(data)).collect(),
            None => member.data.iter().map(|data| print(data)).collect(),
        })
    }

    fn excluded(&self) -> Vec<Excluded> {
        let candidates = self.rule.candidates.of(self.class);
        let others = (0..self.rule.pools.len()).filter(|&index| !candidates.contains(&(index as u16)));
        let reason = if self.rule.candidates.is_empty_list(self.class) {
            "the map lists no site for this client"
        } else {
            "fence: the map does not list its site for this client"
        };
        others
            .map(|index| {
                let pool = self.pool(self.rule.pools[index].pool);
                Excluded { pool: pool.name.clone(), site: self.site(pool), reason: reason.to_owned() }
            })
            .collect()
    }

    fn given(&self, choice: &Choice<'_>, default: Option<Rrset<'_>>) -> Given {
        match choice.given {
            steer::Given::Set(pool, set) => self.given_by_pool(self.pool(pool), set),
            steer::Given::DefaultRrset => {
                Given::DefaultRrset(default.map(|default| default.print()).unwrap_or_default())
            }
            steer::Given::NoData => Given::NoData,
        }
    }

    fn given_by_pool(&self, pool: &Pool, set: &AnswerSet) -> Given {
        let member = |&index: &usize| {
            let member = &pool.members[index];
            (member.name.clone(), self.answer_of(member))
        };
        let variants = set.variants().into_iter().map(|(members, (numerator, denominator))| Variant {
            members: members.iter().map(member).collect(),
            probability: Fraction(numerator, denominator),
        });
        let shares = set.shares().into_iter().map(|share| Share {
            member: pool.members[share.member].name.clone(),
            answer: Fraction(share.answer.0, share.answer.1),
            first: Fraction(share.first.0, share.first.1),
        });
        Given::Pool {
            pool: pool.name.clone(),
            site: self.site(pool),
            variants: variants.collect(),
            shares: shares.collect(),
        }
    }
}
