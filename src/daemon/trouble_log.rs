//! One log line when a pool or a rule gets into trouble, into another trouble, or out of it (semantics §4: named, visible
//! states); one for all together, where these are many.

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

/// Lines about things of one kind at one look; those beyond it are counted. One backend may be in thousands of pools.
const LINES_MAX: usize = 20;

/// What is in trouble, by name, and how.
type Troubles = BTreeMap<(Kind, String), Trouble>;

/// The kinds of things that can be in trouble, as they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Pool,
    PanicLimit,
    Rule,
}

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
                .then(|| format!("{} ({content})", pool.name))
                .map(|name| ((Kind::Pool, name), Trouble::unhealthy(state.to_string())))
        })
    });
    let rules = admin::troubled_rules(snapshot).into_iter().map(|rule| {
        let outcomes: Vec<_> = rule.outcomes.iter().map(outcome).collect();
        let name = format!("{} {}", rule.owner, rule.rtype);
        ((Kind::Rule, name), Trouble::unhealthy(outcomes.join(", ")))
    });
    pools.chain(suspects(snapshot)).chain(rules).collect()
}

/// The pools that have suspect members.
fn suspects(snapshot: &Snapshot) -> impl Iterator<Item = ((Kind, String), Trouble)> {
    let pools = snapshot.configuration.pools.iter().zip((0..).map(PoolId));
    let all = pools.flat_map(move |(pool, id)| {
        pool.contents().iter().map(move |&content| (content, snapshot.standing(id, content)))
    });
    let is_suspect = |content, pool: &Pool| {
        let mut members = pool.members.iter();
        pool.turnover.panic.is_some() && members.any(|member| member.hold(content) == Hold::Suspect)
    };
    all.filter(move |&(content, pool)| is_suspect(content, pool)).map(|(content, pool)| {
        let name = &pool.name;
        let how =
            format!("reached, members beyond it are suspect; `meridian panic accept {name}` lets them go");
        ((Kind::PanicLimit, format!("{name} ({content})")), Trouble { how, otherwise: "not reached" })
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
    let begun: Vec<_> = now.iter().filter(|&(what, trouble)| before.get(what) != Some(trouble)).collect();
    let over: Vec<_> = before.iter().filter(|&(what, _)| !now.contains_key(what)).collect();
    let begun = lines(&begun, |trouble| &trouble.how, "in trouble: `meridian status` names them").into_iter();
    let over = lines(&over, |trouble| trouble.otherwise, "out of trouble").into_iter();
    begun.map(Change::Trouble).chain(over.map(Change::Over)).collect()
}

/// A line for each of these that has changed, up to [`LINES_MAX`] of a kind, and one for all others of that kind.
fn lines(
    changed: &[(&(Kind, String), &Trouble)],
    now: impl Fn(&Trouble) -> &str,
    together: &str,
) -> Vec<String> {
    let mut lines = Vec::new();
    // They are sorted by kind.
    for of_kind in changed.chunk_by(|((one, _), _), ((other, _), _)| one == other) {
        let (named, counted) = of_kind.split_at(of_kind.len().min(LINES_MAX));
        lines.extend(named.iter().map(|((kind, name), trouble)| {
            let one = kind.one();
            format!("{one} {name} is now: {}", now(trouble))
        }));
        if let Some(((kind, _), _)) = counted.first() {
            let (count, many) = (counted.len(), kind.many());
            lines.push(format!("{count} more {many} are now {together}"));
        }
    }
    lines
}

impl Kind {
    fn one(self) -> &'static str {
        match self {
            Kind::Pool => "pool",
            Kind::PanicLimit => "panic limit of the pool",
            Kind::Rule => "rule",
        }
    }

    fn many(self) -> &'static str {
        match self {
            Kind::Pool => "pools",
            Kind::PanicLimit => "panic limits of pools",
            Kind::Rule => "rules",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn troubles(all: &[(Kind, &str, &str)]) -> Troubles {
        let trouble = |how: &str| Trouble::unhealthy(how.to_owned());
        all.iter().map(|&(kind, name, how)| ((kind, name.to_owned()), trouble(how))).collect()
    }

    #[test]
    fn a_line_tells_what_begins_changes_and_ends_and_nothing_else() {
        use Kind::{Pool, Rule};
        let before = troubles(&[(Pool, "a", "degraded"), (Pool, "b", "dead"), (Pool, "c", "dead")]);
        let now = troubles(&[(Pool, "a", "dead"), (Pool, "c", "dead"), (Rule, "d", "all_down")]);
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

    #[test]
    fn many_of_a_kind_are_counted_and_the_few_of_another_still_named() {
        let name = |number| (Kind::Pool, format!("p{number:05}"));
        let pools = (0..10_000).map(|number| (name(number), Trouble::unhealthy("dead".to_owned())));
        let now: Troubles = pools.chain(troubles(&[(Kind::Rule, "www A", "all_down")])).collect();
        let begun = changes(&Troubles::new(), &now);
        assert_eq!(begun.len(), LINES_MAX + 2);
        assert_eq!(begun[LINES_MAX - 1], Change::Trouble("pool p00019 is now: dead".to_owned()));
        let others = "9980 more pools are now in trouble: `meridian status` names them";
        assert_eq!(begun[LINES_MAX], Change::Trouble(others.to_owned()));
        assert_eq!(begun[LINES_MAX + 1], Change::Trouble("rule www A is now: all_down".to_owned()));
        let over = changes(&now, &Troubles::new());
        assert_eq!(over.len(), LINES_MAX + 2);
        let others = "9980 more pools are now out of trouble";
        assert_eq!(over[LINES_MAX], Change::Over(others.to_owned()));
    }
}
