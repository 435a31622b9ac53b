//! A sketch of queries: how many come from which network, in the form that `meridian plan --weights` takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::text::{Broken, Faults, Parsed, Written};
use crate::config::workspace::Workspace;
use crate::explain::plan::{WEIGHTS_OCTETS_MAXIMUM, Weights};
use crate::explain::prove::LOAD_MAX;
use crate::fault::{Fault, Source};
use crate::geo::Prefix;

/// Reads the sketch that a key names: each network once, with the queries of all its lines. Broken: the faults say why.
pub(super) fn read(
    path: &Written<String>,
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> Parsed<Vec<(Prefix, u64)>> {
    let source = workspace.named_by(path, WEIGHTS_OCTETS_MAXIMUM, faults)?;
    let lines = Weights::lines(&source.octets).map_err(|error| refuse(&source, error.to_string(), faults))?;
    let mut networks: BTreeMap<(std::net::IpAddr, u8), (Prefix, u64)> = BTreeMap::new();
    for (network, queries) in lines {
        let sum = networks.entry((network.address, network.length)).or_insert((network, 0));
        sum.1 = sum.1.saturating_add(queries);
        if sum.1 > LOAD_MAX {
            let message = format!("more than {LOAD_MAX} queries come from {network}: use a larger unit");
            return Err(refuse(&source, message, faults));
        }
    }
    Ok(networks.into_values().collect())
}

fn refuse(source: &Arc<Source>, message: String, faults: &Faults) -> Broken {
    faults
        .add(Fault::file(source, message).help("a line is a network and its queries: `203.0.113.0/24,1200`"));
    Broken
}
