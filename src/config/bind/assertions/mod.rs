//! Assertions: sentences become claims, claims are proven about the configuration, and what is refuted is a fault where
//! its sentence stands.

mod claims;
mod load;
mod subjects;
mod verdicts;

use crate::config::spec::{AssertSpec, ShareSpec};
use crate::explain::prove::{Claim, Clients};
use crate::wire::Name;

pub(super) use claims::Binder;
pub(super) use load::demand;
pub(super) use verdicts::prove;

/// A claim whose rules are not looked up yet.
pub(super) struct Draft<'s> {
    spec: &'s AssertSpec,
    claim: Claim,
    /// The zone whose names it is about; `None`: all.
    zone: Option<&'s Name>,
}

/// All assertions of a list of specs that are without a fault, and the zone that each speaks of.
pub(super) fn bind_all<'s>(
    binder: &Binder<'_>,
    specs: impl Iterator<Item = (&'s AssertSpec, Option<&'s Name>)>,
) -> Vec<Draft<'s>> {
    specs.filter_map(|(spec, zone)| binder.bind(spec, zone).ok()).collect()
}

/// Whether any claim is about clients in a country or on a continent, be it by their load.
pub(super) fn speak_of_places(drafts: &[Draft<'_>], share: Option<&ShareSpec>) -> bool {
    let of_places = |clients: &Clients| matches!(clients, Clients::Countries(_) | Clients::Continent(_));
    drafts.iter().any(|draft| match &draft.claim {
        Claim::Load { .. } => share.is_some_and(|share| share.sketch.is_none()),
        claim => claim.clients().is_some_and(of_places),
    })
}
