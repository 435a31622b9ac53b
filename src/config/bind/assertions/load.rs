//! What claims about the load of sites rest on.

use crate::config::spec::ShareSpec;
use crate::config::text::{Broken, Faults, Parsed, Written, part_of};
use crate::config::workspace::Workspace;
use crate::explain::prove::{Claim, Demand};

use super::Draft;
use crate::config::bind::{codes, sketch};

/// What claims about load rest on; `None`, with a fault where one is claimed, without `[share]`.
pub(in crate::config::bind) fn demand(
    share: &Parsed<Option<ShareSpec>>,
    capacity: &[Option<u64>],
    drafts: &[Draft<'_>],
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> Parsed<Option<Demand>> {
    let of_load = |draft: &&Draft<'_>| matches!(draft.claim, Ok(Claim::Load { .. }));
    let claimed = drafts.iter().find(of_load).and_then(|draft| draft.spec.that.as_ref().ok());
    let Some(share) = part_of(share)? else {
        return match claimed {
            Some(that) => {
                let fault = that.place.error("nothing says how much load there is");
                let help =
                    "add `[share]` to meridian.toml: `country = { DE = 20, US = 50 }`, `elsewhere = 30`";
                faults.add(fault.label("about load").help(help));
                Err(Broken)
            }
            None => Ok(None),
        };
    };
    if let (Some(that), true) = (claimed, capacity.iter().all(Option::is_none)) {
        let fault = that.place.error("no site has a declared capacity").label("about capacity");
        faults.add(fault.help("add `capacity = 40` to the sites, in the unit of `[share]`"));
        return Err(Broken);
    }
    let country =
        |(code, load): &(Written<String>, u64)| codes::country(code, &[], faults).map(|code| (code, *load));
    let countries: Vec<Parsed<([u8; 2], u64)>> = share.countries.iter().map(country).collect();
    let networks = match &share.sketch {
        Some(path) => sketch::read(path, workspace, faults)?,
        None => Vec::new(),
    };
    if !share.whole {
        return Err(Broken);
    }
    Ok(Some(Demand {
        capacity: capacity.to_vec(),
        countries: countries.into_iter().collect::<Parsed<_>>()?,
        elsewhere: share.elsewhere.unwrap_or(0),
        networks,
    }))
}
