//! RRsets that a rule steers: which members answer, or what stands in for them.

use super::outcome::{Answer, Body, Steered, Why};
use super::place::{decisive, place, place_at_a_glance};
use super::{Client, Random};
use crate::snapshot::Snapshot;
use crate::steer::{self, Given, HashPrefix, Reason, Trickle};
use crate::zone::{Node, Rrset, Zone};

/// What a rule makes of an answer: one word, whose tag stands by itself, where it is looked at with each steered answer.
#[repr(u8)]
pub(super) enum Steering {
    /// Members answer.
    Answered,
    /// The default RRset stands in for them, for this reason, with this TTL in seconds.
    Default(Reason, u32),
    /// NODATA does.
    NoData(Reason, u32),
}

/// Answers with what a rule chooses for a client, or says what stands in for it: at a glance, which is enough for nearly all, or
/// apart.
#[inline(never)]
pub(super) fn steer<'s>(
    snapshot: &'s Snapshot,
    client: Client<'_>,
    random: &mut Random,
    index: u32,
    answer: &mut Answer<'s>,
) -> Steering {
    let rule = &snapshot.configuration.rules[index as usize];
    if let Some((class, scope)) = place_at_a_glance(snapshot, rule.map, client)
        && let Some((pool, set, ttl)) =
            steer::choose_at_a_glance(rule, class, |pool| snapshot.pool(pool, rule.content))
    {
        let steered = Steered { rule: index, pool, drawn: set.draw(random.word()), ttl };
        answer.scope = scope;
        answer.end(Why::Steered(Reason::Healthy), Body::Steered(steered));
        return Steering::Answered;
    }
    steer_apart(snapshot, client, random, index, answer)
}

/// Answers as [`steer`] does where a glance does not say it all.
#[inline(never)]
fn steer_apart<'s>(
    snapshot: &'s Snapshot,
    client: Client<'_>,
    random: &mut Random,
    index: u32,
    answer: &mut Answer<'s>,
) -> Steering {
    let rule = &snapshot.configuration.rules[index as usize];
    let placement = place(snapshot, rule.map, client);
    answer.scope = placement.scope;
    let decisive = || decisive(snapshot, rule.map, client);
    let trickles = |trickle: Trickle| trickle.takes(decisive().slot(HashPrefix::default()));
    let choice = steer::choose(rule, placement.class, trickles, |pool| snapshot.pool(pool, rule.content));
    let (pool, drawn) = match choice.given {
        Given::Set(pool, set) => (pool, set.draw(random.word())),
        Given::Apart(apart) => {
            let decisive = decisive();
            // What depends on the network that the query tells holds for no more than that.
            if let Some(prefix) = apart.prefix {
                answer.scope = answer.scope.max(decisive.scope(prefix));
            }
            apart.set.draw(apart.pool, |prefix| decisive.slot(prefix), || random.word())
        }
        Given::DefaultRrset => return Steering::Default(choice.reason, choice.ttl),
        Given::NoData => return Steering::NoData(choice.reason, choice.ttl),
    };
    let steered = Steered { rule: index, pool, drawn, ttl: choice.ttl };
    answer.end(Why::Steered(choice.reason), Body::Steered(steered));
    Steering::Answered
}

/// Answers with what stands in for a steered answer at a node with this default RRset.
#[inline(never)]
pub(super) fn stand_in<'s>(
    zone: &'s Zone,
    node: Node<'s>,
    default: Rrset<'s>,
    instead: Steering,
    answer: &mut Answer<'s>,
) {
    match instead {
        Steering::Answered => {}
        Steering::Default(reason, ttl) => {
            answer.end(Why::Steered(reason), Body::Rrset(default, Some(ttl)));
        }
        Steering::NoData(reason, ttl) => {
            let soa = zone.negative_soa();
            answer.lacking = Some(node);
            answer.end(Why::Steered(reason), Body::Negative(soa, Some(ttl.min(soa.ttl()))));
        }
    }
}
