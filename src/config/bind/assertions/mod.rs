//! Assertions: sentences become claims, claims are proven about the configuration, and what is refuted is a fault where
//! its sentence stands.

mod claims;
mod load;
mod subjects;
mod verdicts;

use crate::config::spec::{AssertSpec, ShareSpec};
use crate::config::text::Parsed;
use crate::explain::prove::{Claim, Clients};
use crate::wire::Name;

pub(super) use claims::Claims;
pub(super) use load::demand;
use subjects::Subjects;
pub(super) use verdicts::prove;

use super::steered::Steered;

/// An assertion as far as it is known before there is a configuration.
pub(super) struct Draft<'s> {
    spec: &'s AssertSpec,
    claim: Parsed<Claim>,
    /// The names that it is about; none: all of its zones.
    owners: Parsed<Vec<Name>>,
    /// The zone whose names it is about; `None`: all.
    zone: Option<&'s Name>,
}

/// Binds assertions, of which each comes with the zone that it speaks of. A fault of one hides none of another.
pub(super) fn bind_all<'s>(
    claims: &Claims<'_>,
    steered: &Steered,
    specs: impl Iterator<Item = (&'s AssertSpec, Option<&'s Name>)>,
) -> Vec<Draft<'s>> {
    let subjects = Subjects { steered, faults: claims.faults };
    let bind = |(spec, zone): (&'s AssertSpec, Option<&'s Name>)| Draft {
        spec,
        claim: claims.claim(spec),
        owners: subjects.owners(spec, zone),
        zone,
    };
    specs.map(bind).collect()
}

/// Whether any claim is about clients in a country or on a continent, be it by their load.
pub(super) fn speak_of_places(drafts: &[Draft<'_>], share: &Parsed<Option<ShareSpec>>) -> bool {
    let of_places = |clients: &Clients| matches!(clients, Clients::Countries(_) | Clients::Continent(_));
    drafts.iter().filter_map(|draft| draft.claim.as_ref().ok()).any(|claim| match claim {
        Claim::Load { .. } => matches!(share, Ok(Some(share)) if share.sketch.is_none()),
        claim => claim.clients().is_some_and(of_places),
    })
}

impl Draft<'_> {
    /// What is to be proven, if nothing is wrong with it. Claims about load rest on `demand`.
    fn sound<D>(&self, demand: &Parsed<D>) -> Option<(&Claim, &[Name])> {
        let (Ok(claim), Ok(owners), true) = (&self.claim, &self.owners, self.spec.whole) else { return None };
        let has_ground = demand.is_ok() || !matches!(claim, Claim::Load { .. });
        has_ground.then_some((claim, owners))
    }
}
