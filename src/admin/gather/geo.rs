//! Where geo data comes from, and what became of its files.

use crate::admin::status::{GeoStatus, HeldBackStatus};
use crate::admin::timestamp::rfc3339;
use crate::admin::{HeldDatabase, Objection};
use crate::snapshot::GeoSource;

/// The sources in the order of merging.
pub(super) fn geo(sources: &[GeoSource], held: &[HeldDatabase], now: u64) -> Vec<GeoStatus> {
    sources.iter().map(|source| geo_source(source, held, now)).collect()
}

fn geo_source(source: &GeoSource, held: &[HeldDatabase], now: u64) -> GeoStatus {
    let held = held.iter().find(|held| Some(held.path.as_str()) == source.path.as_deref());
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
        held_back: held.map(held_back),
    }
}

fn held_back(held: &HeldDatabase) -> HeldBackStatus {
    let since = rfc3339(held.since);
    match held.why.clone() {
        Objection::Change { share, max_change } => {
            HeldBackStatus { since, change: Some(share), max_change: Some(max_change), assertion: None }
        }
        Objection::Assertion(assertion) => {
            HeldBackStatus { since, change: None, max_change: None, assertion: Some(assertion) }
        }
    }
}
