//! One log line when a pool or a rule gets into trouble, into another trouble, or out of it (semantics §4: named, visible
//! states).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::admin::{self, status::OutcomeStatus};
use crate::health::Hold;
use crate::snapshot::{Snapshot, Store};
use crate::steer::{Pool, PoolId, PoolState};

/// How often a new generation is looked at. What comes and goes in between shows in the lines of the targets.
const PERIOD: Duration = Duration::from_secs(1);

/// What is in trouble, and how; both in words.
type Troubles = BTreeMap<String, Trouble>;

/// How something is in trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trouble {
    /// What it is while the trouble lasts.
    how: String,
    /// What it is when the trouble is over.
    otherwise: &'static str,
}

impl Trouble {
    /// Of a pool or a rule.
    fn unhealthy(how: String) -> Trouble {
        Trouble { how, otherwise: "healthy" }
    }
}

/// Logs until it is dropped.
pub(super) async fn log_changes(store: Arc<Store>) {
    let mut tick = interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = Troubles::new();
    let mut seen = 0;
    loop {
        tick.tick().await;
        let snapshot = store.load_full();
        if snapshot.generation == seen {
            continue;
        }
        seen = snapshot.generation;
        // Off the runtime's threads: rules times classes can be many. A panic in there has been logged.
        let Ok(troubles) = tokio::task::spawn_blocking(move || troubles(&snapshot)).await else { continue };
        for line in changes(&known, &troubles) {
            match line {
                Change::Trouble(text) => tracing::warn!("{text}"),
                Change::Over(text) => tracing::info!("{text}"),
            }
        }
        known = troubles;
    }
}

fn troubles(snapshot: &Snapshot) -> Troubles {
    let pools = snapshot.configuration.pools.iter().enumerate().flat_map(|(index, pool)| {
        // What is given as data with addresses as hints is in trouble where these are.
        pool.contents().iter().filter_map(move |&content| {
            let state = snapshot.pool(PoolId(index as u32), content).state;
            let in_trouble = matches!(state, PoolState::Degraded | PoolState::Dead);
            in_trouble
                .then(|| (format!("pool {} ({content})", pool.name), Trouble::unhealthy(state.to_string())))
        })
    });
    let rules = admin::troubled_rules(snapshot).into_iter().map(|rule| {
        let outcomes: Vec<_> = rule.outcomes.iter().map(outcome).collect();
        (format!("rule {} {}", rule.owner, rule.rtype), Trouble::unhealthy(outcomes.join(", ")))
    });
    pools.chain(suspects(snapshot)).chain(rules).collect()
}

/// The pools that have suspect members.
fn suspects(snapshot: &Snapshot) -> impl Iterator<Item = (String, Trouble)> {
    let pools = snapshot.configuration.pools.iter().zip((0..).map(PoolId));
    let all = pools.flat_map(move |(pool, id)| {
        pool.contents().iter().map(move |&content| (content, snapshot.standing(id, content)))
    });
    let is_suspect = |pool: &Pool| {
        pool.turnover.panic.is_some() && pool.members.iter().any(|member| member.hold == Hold::Suspect)
    };
    all.filter(move |(_, pool)| is_suspect(pool)).map(|(content, pool)| {
        let name = &pool.name;
        let how =
            format!("reached, members beyond it are suspect; `meridian panic accept {name}` lets them go");
        (format!("panic limit of the pool {name} ({content})"), Trouble { how, otherwise: "not reached" })
    })
}

fn outcome(outcome: &OutcomeStatus) -> String {
    let pool = outcome.pool.as_ref().map_or(String::new(), |pool| format!(", pool {pool} answers"));
    let (classes, of_classes) = (outcome.classes, outcome.of_classes);
    format!("{}{pool} for {classes} of {of_classes} classes of clients", outcome.reason)
}

/// A line of the log.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    Trouble(String),
    Over(String),
}

fn changes(before: &Troubles, now: &Troubles) -> Vec<Change> {
    let begun = now.iter().filter(|&(what, trouble)| before.get(what) != Some(trouble));
    let begun = begun.map(|(what, trouble)| Change::Trouble(format!("{what} is now: {}", trouble.how)));
    let over = before.iter().filter(|&(what, _)| !now.contains_key(what));
    let over = over.map(|(what, trouble)| Change::Over(format!("{what} is now: {}", trouble.otherwise)));
    begun.chain(over).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn troubles(pairs: &[(&str, &str)]) -> Troubles {
        pairs.iter().map(|&(what, how)| (what.to_owned(), Trouble::unhealthy(how.to_owned()))).collect()
    }

    #[test]
    fn a_line_tells_what_begins_changes_and_ends_and_nothing_else() {
        let before = troubles(&[("pool a", "degraded"), ("pool b", "dead"), ("pool c", "dead")]);
        let now = troubles(&[("pool a", "dead"), ("pool c", "dead"), ("rule d", "all_down")]);
        let trouble = |text: &str| Change::Trouble(text.to_owned());
        assert_eq!(
            changes(&before, &now),
            [
                trouble("pool a is now: dead"),
                trouble("rule d is now: all_down"),
                Change::Over("pool b is now: healthy".to_owned()),
            ]
        );
        assert_eq!(changes(&now, &now), []);
    }
}
