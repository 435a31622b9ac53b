//! Where geo data comes from, and what became of its files.

use crate::admin::status::{GeoStatus, HeldBackStatus, RefusedStatus};
use crate::admin::timestamp::rfc3339;
use crate::admin::{Objection, Untaken, UntakenDatabase};
use crate::snapshot::GeoSource;

/// The sources in the order of merging.
pub(super) fn geo(sources: &[GeoSource], untaken: &[UntakenDatabase], now: u64) -> Vec<GeoStatus> {
    sources.iter().map(|source| geo_source(source, untaken_of(source, untaken), now)).collect()
}

/// What is not taken of a source, if that is so.
pub(in crate::admin) fn untaken_of<'u>(
    source: &GeoSource,
    untaken: &'u [UntakenDatabase],
) -> Option<&'u UntakenDatabase> {
    untaken.iter().find(|untaken| Some(untaken.path.as_str()) == source.path.as_deref())
}

fn geo_source(source: &GeoSource, untaken: Option<&UntakenDatabase>, now: u64) -> GeoStatus {
    let (networks, countries) = source.database.coverage();
    let built = source.database.built_at();
    GeoStatus {
        name: source.database.name().to_owned(),
        path: source.path.clone(),
        built: rfc3339(built),
        age_seconds: now.saturating_sub(built),
        networks,
        countries,
        degraded: source.degraded.clone(),
        refused: untaken.and_then(|untaken| refused(untaken, now)),
        held_back: untaken.and_then(held_back),
    }
}

fn refused(untaken: &UntakenDatabase, now: u64) -> Option<RefusedStatus> {
    let Untaken::Refused(why) = &untaken.why else { return None };
    let age_seconds = now.saturating_sub(untaken.since);
    Some(RefusedStatus { since: rfc3339(untaken.since), age_seconds, why: why.clone() })
}

fn held_back(untaken: &UntakenDatabase) -> Option<HeldBackStatus> {
    let Untaken::HeldBack { why, .. } = &untaken.why else { return None };
    let since = rfc3339(untaken.since);
    Some(match why.clone() {
        Objection::Change { share, max_change } => {
            HeldBackStatus { since, change: Some(share), max_change: Some(max_change), assertion: None }
        }
        Objection::Assertion(assertion) => {
            HeldBackStatus { since, change: None, max_change: None, assertion: Some(assertion) }
        }
    })
}
