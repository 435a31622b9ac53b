//! A sketch of queries: how many come from which network, one `NETWORK,QUERIES` a line.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use crate::config::limits;
use crate::config::text::{Broken, Faults, Parsed, Place, Written, network, quote};
use crate::explain::prove::LOAD_MAX;
use crate::fault::{Fault, Source};
use crate::geo::Prefix;

/// Reads a sketch; empty lines and those that begin with `#` are passed over. Broken: the faults say why.
pub(super) fn read(source: &Arc<Source>, faults: &Faults) -> Parsed<Vec<(Prefix, u64)>> {
    let text = String::from_utf8_lossy(&source.octets);
    let mut networks = Vec::new();
    let mut seen: HashMap<Prefix, usize> = HashMap::new();
    let (mut start, mut sound) = (0, true);
    for line in text.split_inclusive('\n') {
        let place =
            |from: usize, to: usize| Place { source: Arc::clone(source), span: start + from..start + to };
        let content = line.trim_end();
        if !content.is_empty() && !content.starts_with('#') {
            match read_line(content, place, faults) {
                Ok((network, queries)) if seen.insert(network, networks.len()).is_none() => {
                    networks.push((network, queries));
                }
                Ok((network, _)) => {
                    let fault =
                        place(0, content.len()).error(format!("the network {network} stands here twice"));
                    faults.add(fault.label("again").help("write their sum once"));
                    sound = false;
                }
                Err(Broken) => sound = false,
            }
        }
        start += line.len();
        if networks.len() > limits::SKETCH_NETWORKS {
            let message = format!("this sketch has more than {} networks", limits::SKETCH_NETWORKS);
            faults.add(Fault::file(source, message));
            return Err(Broken);
        }
    }
    if sound { Ok(networks) } else { Err(Broken) }
}

fn read_line(line: &str, place: impl Fn(usize, usize) -> Place, faults: &Faults) -> Parsed<(Prefix, u64)> {
    let Some((prefix, queries)) = line.split_once(',') else {
        let fault = place(0, line.len()).error("a line of a sketch is a network and a number");
        faults.add(fault.label("no comma").help("write it like `203.0.113.0/24,1200`"));
        return Err(Broken);
    };
    let prefix = Written { value: prefix.trim().to_owned(), place: place(0, prefix.len()) };
    let found = network(&prefix, faults);
    match u64::from_str(queries.trim()) {
        Ok(queries) if queries <= LOAD_MAX => Ok((found?, queries)),
        _ => {
            let fault = place(line.len() - queries.len(), line.len());
            let fault = fault.error(format!("{} is no number of queries", quote(queries.trim())));
            faults.add(fault.label("not understood").help(format!("a whole number up to {LOAD_MAX}")));
            Err(Broken)
        }
    }
}
