//! Aliases that a rule chooses: which CNAME a chain goes on by.

use super::chain::SteeredLink;
use super::outcome::{Answer, Body, Why};
use super::place::{decisive, place};
use super::{Client, Random};
use crate::snapshot::Snapshot;
use crate::steer::{self, Given, HashPrefix, Reason, Trickle};
use crate::wire::{QuestionName, rtype};
use crate::zone::{Lookup, Zone};

/// That a rule gives no alias, but NODATA.
pub(super) struct NoAlias {
    reason: Reason,
    ttl: u32,
}

/// Chooses the CNAME that the rule of this number gives a client, and narrows the scope of the answer to what it holds for.
#[inline(never)]
pub(super) fn choose_alias<'s>(
    snapshot: &'s Snapshot,
    client: Client<'_>,
    random: &mut Random,
    index: u32,
    answer: &mut Answer<'s>,
) -> Result<SteeredLink<'s>, NoAlias> {
    let rule = &snapshot.configuration.rules[index as usize];
    let placement = place(snapshot, rule.map, client);
    let decisive = || decisive(snapshot, rule.map, client);
    let trickles = |trickle: Trickle| trickle.takes(decisive().slot(HashPrefix::default()));
    let choice = steer::choose(rule, placement.class, trickles, |pool| snapshot.pool(pool, rule.content));
    answer.scope = answer.scope.max(placement.scope);
    let drawn = match choice.given {
        Given::Set(_, set) => Some(set.draw(random.word())),
        Given::Apart(apart) => {
            let decisive = decisive();
            // What depends on the network that the query tells holds for no more than that.
            if let Some(prefix) = apart.prefix {
                answer.scope = answer.scope.max(decisive.scope(prefix));
            }
            Some(apart.set.draw(apart.pool, |prefix| decisive.slot(prefix), || random.word()).1)
        }
        Given::DefaultRrset => None,
        Given::NoData => return Err(NoAlias { reason: choice.reason, ttl: choice.ttl }),
    };
    Ok(SteeredLink { rule: index, reason: choice.reason, ttl: choice.ttl, drawn })
}

/// Ends an answer in NODATA at a name of the zone whose rule gives no alias.
#[cold]
pub(super) fn give_no_alias<'s>(
    zone: &'s Zone,
    name: &QuestionName,
    NoAlias { reason, ttl }: NoAlias,
    answer: &mut Answer<'s>,
) {
    if let Lookup::Found { node, .. } = zone.find(name, rtype::CNAME) {
        answer.lacking = Some(node);
    }
    let soa = zone.negative_soa();
    answer.end(Why::Steered(reason), Body::Negative(soa, Some(ttl.min(soa.ttl()))));
}
