//! RRsets that a rule steers: which members answer, or what stands in for them.

use super::outcome::{Answer, Body, Steered, Why};
use super::place::{decisive, place};
use super::{Client, Random};
use crate::geo::ClassId;
use crate::snapshot::Snapshot;
use crate::steer::{self, Given, HashPrefix, Reason};
use crate::zone::{Node, Rrset, Zone};

/// What stands in for a steered answer: the default RRset, or NODATA.
pub(super) struct Instead {
    is_default: bool,
    reason: Reason,
    ttl: u32,
}

/// Answers with what a rule chooses for a client; where that is no set of a pool, says what stands in for it.
#[inline(never)]
pub(super) fn steer<'s>(
    snapshot: &'s Snapshot,
    client: Client<'_>,
    random: &mut Random,
    index: u32,
    answer: &mut Answer<'s>,
) -> Option<Instead> {
    let rule = &snapshot.configuration.rules[index as usize];
    let placement = place(snapshot, rule.map, client);
    answer.scope = placement.scope;
    let chosen = steer::choose_at_a_glance(rule, placement.class, |pool| snapshot.pool(pool, rule.content));
    let Some((pool, set, ttl)) = chosen else {
        return steer_apart(snapshot, client, random, (index, placement.class), answer);
    };
    let drawn = set.draw(random.word());
    let steered = Steered { rule: index, pool, drawn, ttl };
    answer.end(Why::Steered(Reason::Healthy), Body::Steered(steered));
    None
}

/// Answers as [`steer`] does where a look at the pools' states does not say it all, by a rule for a class.
#[inline(never)]
fn steer_apart<'s>(
    snapshot: &'s Snapshot,
    client: Client<'_>,
    random: &mut Random,
    (index, class): (u32, ClassId),
    answer: &mut Answer<'s>,
) -> Option<Instead> {
    let rule = &snapshot.configuration.rules[index as usize];
    let decisive = decisive(snapshot, rule.map, client);
    let choice = steer::choose(
        rule,
        class,
        |trickle| trickle.takes(decisive.slot(HashPrefix::default())),
        |pool| snapshot.pool(pool, rule.content),
    );
    let (pool, drawn) = match choice.given {
        Given::Set(pool, set) => (pool, set.draw(random.word())),
        Given::Apart(apart) => {
            // What depends on the network that the query tells holds for no more than that.
            if let Some(prefix) = apart.prefix {
                answer.scope = answer.scope.max(decisive.scope(prefix));
            }
            apart.set.draw(apart.pool, |prefix| decisive.slot(prefix), || random.word())
        }
        Given::DefaultRrset | Given::NoData => {
            let is_default = matches!(choice.given, Given::DefaultRrset);
            return Some(Instead { is_default, reason: choice.reason, ttl: choice.ttl });
        }
    };
    let steered = Steered { rule: index, pool, drawn, ttl: choice.ttl };
    answer.end(Why::Steered(choice.reason), Body::Steered(steered));
    None
}

/// Answers with what stands in for a steered answer at a node with this default RRset.
#[inline(never)]
pub(super) fn stand_in<'s>(
    zone: &'s Zone,
    node: Node<'s>,
    default: Rrset<'s>,
    instead: Instead,
    answer: &mut Answer<'s>,
) {
    let body = if instead.is_default {
        Body::Rrset(default, Some(instead.ttl))
    } else {
        let soa = zone.negative_soa();
        answer.lacking = Some(node);
        Body::Negative(soa, Some(instead.ttl.min(soa.ttl())))
    };
    answer.end(Why::Steered(instead.reason), body);
}
