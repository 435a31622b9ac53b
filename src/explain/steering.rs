//! How a rule made its choice: whose address, where it is, which pools were looked at, what is given out.

use super::words::will;
use super::{
    Candidate, Client, Distance, Excluded, Health, InnerPool, Member, Origin, Place, Source, Steering,
};
use super::{given, level, targets, ttl};
use crate::answer;
use crate::geo::{self, ClassId, Prefix, SiteId};
use crate::snapshot::{Configuration, Map, Snapshot};
use crate::steer::{self, Choice, HashPrefix, Pool, PoolId, Rule};
use crate::zone::Rrset;

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
    let decisive = answer::decisive(snapshot, rule.map, asker);
    let choice = choice(snapshot, rule, asker);
    let outcome = given::Scene {
        snapshot,
        rule,
        records: given::Records::of(configuration, rule, label.rtype),
        decisive,
    };
    let (class, answering) = (placement.class, choice.given.pool());
    let scene = Scene { snapshot, health, rule, records: outcome.records, class, answering };
    Steering {
        owner: label.owner.clone(),
        line: label.line.clone(),
        rtype: label.rtype,
        place: map.map(|map| place(configuration, map, placement, source)),
        source,
        excluded: scene.excluded(),
        reason: choice.reason,
        trickle: outcome.trickled(),
        given: outcome.given(choice.given, default),
        candidates: scene.candidates(),
    }
}

/// What a rule chooses for a client.
pub(super) fn choice<'s>(snapshot: &'s Snapshot, rule: &Rule, client: answer::Client<'_>) -> Choice<'s> {
    let placement = answer::place(snapshot, rule.map, client);
    let slot = answer::decisive(snapshot, rule.map, client).slot(HashPrefix::default());
    let pools = |pool| snapshot.pool(pool, rule.content);
    steer::choose(rule, placement.class, |trickle| trickle.takes(slot), pools)
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
    records: given::Records<'s>,
    class: ClassId,
    /// The candidate that answers.
    answering: Option<PoolId>,
}

impl Scene<'_> {
    fn pool(&self, id: PoolId) -> &Pool {
        self.snapshot.standing(id, self.rule.content)
    }

    fn site(&self, pool: &Pool) -> Option<String> {
        pool.site.map(|site| self.snapshot.configuration.sites[usize::from(site.0)].name.clone())
    }

    fn candidates(&self) -> Vec<Candidate> {
        let indices = self.rule.candidates.of(self.class).iter();
        indices.map(|&index| self.candidate(self.rule.pools[usize::from(index)].pool)).collect()
    }

    fn candidate(&self, id: PoolId) -> Candidate {
        let pool = self.pool(id);
        let answers = self.snapshot.pool(id, self.rule.content);
        Candidate {
            pool: pool.name.clone(),
            line: self.snapshot.configuration.pool_labels[id.0 as usize].line.clone(),
            site: self.site(pool),
            state: answers.state,
            pick: pool.pick,
            answers: self.answering == Some(id),
            soonest_flip: ttl::soonest_flip(answers),
            members: self.members(id),
            inner: self.inner(id),
        }
    }

    /// The pools in a pool, each followed by those in it.
    fn inner(&self, id: PoolId) -> Vec<InnerPool> {
        let mut found = Vec::new();
        self.collect_inner(id, 1, &mut found);
        found
    }

    fn collect_inner(&self, outer: PoolId, depth: usize, found: &mut Vec<InnerPool>) {
        for inner in &self.pool(outer).inner {
            let pool = self.pool(inner.pool);
            found.push(InnerPool {
                pool: pool.name.clone(),
                depth,
                weight: inner.weight,
                state: self.snapshot.pool(inner.pool, self.rule.content).state,
                pick: pool.pick,
                members: self.members(inner.pool),
            });
            self.collect_inner(inner.pool, depth + 1, found);
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
                answer: pool.gives(member, content).then(|| self.records.of_member(member)),
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
}
