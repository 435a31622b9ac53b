//! Rules in trouble.

use std::collections::HashMap;

use crate::admin::status::{OutcomeStatus, RuleStatus};
use crate::geo::ClassId;
use crate::snapshot::Snapshot;
use crate::steer::{self, Candidates, PoolId, Reason, Rule};
use crate::zone::record_type;

/// The rules that do not answer from a healthy pool for every class of clients.
pub fn troubled_rules(snapshot: &Snapshot) -> Vec<RuleStatus> {
    let configuration = &snapshot.configuration;
    let labelled = configuration.rules.iter().zip(&configuration.rule_labels);
    // Ten thousand rules share a few lists of candidates, and the hundreds of classes in each are of a few kinds.
    let mut known = HashMap::new();
    labelled
        .filter_map(|(rule, label)| {
            let candidates: &Candidates = &rule.candidates;
            let kinds = known.entry(std::ptr::from_ref(candidates)).or_insert_with(|| candidates.kinds());
            let outcomes = troubles(snapshot, rule, kinds);
            (!outcomes.is_empty()).then(|| RuleStatus {
                owner: label.owner.to_string(),
                rtype: record_type::name(label.rtype),
                outcomes,
            })
        })
        .collect()
}

/// What the classes of a rule get that do not get a healthy pool. An empty site list is no trouble: it was written.
fn troubles(snapshot: &Snapshot, rule: &Rule, kinds: &[(ClassId, usize)]) -> Vec<OutcomeStatus> {
    let configuration = &snapshot.configuration;
    let of_classes = rule.map.map_or(1, |map| configuration.maps[map as usize].table.classes().len());
    let mut counts: Vec<((Reason, Option<PoolId>), usize)> = Vec::new();
    for &(class, classes) in kinds {
        // A trickle goes to healthy candidates only: that is no trouble.
        let pools = |pool| snapshot.pool(pool, rule.content);
        let choice = steer::choose(rule, class, |_| false, pools);
        if matches!(choice.reason, Reason::Healthy | Reason::EmptyDefault | Reason::EmptyNoData) {
            continue;
        }
        let outcome = (choice.reason, choice.given.pool());
        match counts.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, count)) => *count += classes,
            None => counts.push((outcome, classes)),
        }
    }
    counts
        .into_iter()
        .map(|((reason, pool), classes)| OutcomeStatus {
            reason: reason.label().to_owned(),
            pool: pool.map(|id| configuration.pools[id.0 as usize].name.clone()),
            classes,
            of_classes,
        })
        .collect()
}
