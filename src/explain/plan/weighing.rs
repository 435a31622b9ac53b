//! What an address weighs when changes are summed up: by the room it stands in, or by who is known to ask from there.
//!
//! | | an address weighs |
//! |---|---|
//! | IPv4 | 1 where it is globally routable unicast: outside of special-purpose blocks, multicast and 240/4 |
//! | IPv6 | 1 where a database or a table of a map covers it, outside of special-purpose blocks that no table names; so a /48 weighs 2⁸⁰, and what is cut finer a part of it |
//! | with a file of weights | its part of the queries of each network of the file that holds it |
//!
//! A network of a file has its queries spread evenly over its addresses, in parts of 2⁻¹²⁸ of a query, which is exact.

use std::net::IpAddr;

use thiserror::Error;

use super::amount::Amount;
use crate::geo::{self, Map, Origin, Prefix};
use crate::wire::Family;

/// Most networks of a file of weights.
pub const WEIGHTS_MAXIMUM: usize = 1 << 20;
/// Most octets of a file of weights: 64 MiB.
pub const WEIGHTS_OCTETS_MAXIMUM: u64 = 64 << 20;
/// Most queries of one network, so that sums of all of them stay far below 2²⁵⁶.
const QUERIES_MAXIMUM: u64 = 1 << 53;

/// How changes are weighed.
#[derive(Debug, Clone, Default)]
pub enum Weighing {
    /// By addresses.
    #[default]
    Addresses,
    /// By the queries of a file.
    Queries(Weights),
}

/// Networks and how many queries come from them.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    /// Each with its number.
    networks: Vec<(Prefix, u32)>,
    /// What one address of the network of that number weighs, those around it included.
    densities: Vec<Amount>,
}

/// What is wrong with a file of weights; a sentence with the line.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WeightsError {
    /// Not two fields.
    #[error(
        "line {0}: a network and its queries are expected, parted by a comma, a semicolon or white space: \
         `203.0.113.0/24 1200`"
    )]
    Fields(usize),
    /// The first field is no network.
    #[error("line {0}: `{1}` is not a network like 203.0.113.0/24 or 2001:db8::/48")]
    Network(usize, String),
    /// A network with bits beyond its length.
    #[error("line {0}: {1} has bits set beyond /{len}: write {2}", len = .2.length)]
    HostBits(usize, String, Prefix),
    /// The second field is no number of queries.
    #[error("line {0}: `{1}` is not a whole number of queries up to 2^53")]
    Queries(usize, String),
    /// Nobody is walked there.
    #[error(
        "line {0}: clients in {1} are looked up by the IPv4 address inside: write the IPv4 network instead"
    )]
    Tunnel(usize, Prefix),
    /// Too many.
    #[error("more than {WEIGHTS_MAXIMUM} networks: sum them up to larger ones")]
    TooMany,
    /// Not text.
    #[error("it is not UTF-8 text")]
    NotText,
    /// No line with queries.
    #[error("it names no network with queries")]
    Empty,
}

impl Weights {
    /// Reads a file: a network and its queries on each line, parted by a comma, a semicolon or white space, quoted or
    /// not. Empty lines and what follows `#` are passed over, and so is a first line of headings. A network that
    /// stands twice has the queries of both lines.
    pub fn parse(octets: &[u8]) -> Result<Weights, WeightsError> {
        let weights = Weights::new(Weights::lines(octets)?);
        if weights.networks.is_empty() { Err(WeightsError::Empty) } else { Ok(weights) }
    }

    /// The same, line by line.
    pub fn lines(octets: &[u8]) -> Result<Vec<(Prefix, u64)>, WeightsError> {
        let text = std::str::from_utf8(octets).map_err(|_| WeightsError::NotText)?;
        let mut lines = Vec::new();
        let mut is_first = true;
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
            if line.is_empty() {
                continue;
            }
            match parse_line(number, line) {
                Ok(weight) => lines.push(weight),
                Err(WeightsError::Network(_, field)) if is_first && is_heading(&field) => {}
                Err(error) => return Err(error),
            }
            is_first = false;
            if lines.len() > WEIGHTS_MAXIMUM {
                return Err(WeightsError::TooMany);
            }
        }
        Ok(lines)
    }

    /// Each network with what the networks around it give to it, too.
    fn new(mut lines: Vec<(Prefix, u64)>) -> Weights {
        lines.retain(|&(_, queries)| queries > 0);
        lines.sort_unstable_by_key(|(network, _)| (network.address, network.length));
        let mut weights = Weights::default();
        // The networks that hold the one at hand, the largest first.
        let mut around: Vec<u32> = Vec::new();
        for (network, queries) in lines {
            let density = Amount::power_of_two(network.length_of_128()).times(queries.into());
            let holds = |outer: u32| {
                let outer = weights.networks[outer as usize].0;
                outer.length <= network.length && outer.contains(network.address)
            };
            while around.last().is_some_and(|&outer| !holds(outer)) {
                around.pop();
            }
            match around.last() {
                Some(&same) if weights.networks[same as usize].0 == network => {
                    let sum = &mut weights.densities[same as usize];
                    *sum = sum.plus(density);
                }
                outer => {
                    let inherited = outer.map_or(Amount::ZERO, |&outer| weights.densities[outer as usize]);
                    let number = weights.networks.len() as u32;
                    weights.networks.push((network, number));
                    weights.densities.push(inherited.plus(density));
                    around.push(number);
                }
            }
        }
        weights
    }
}

fn parse_line(number: usize, line: &str) -> Result<(Prefix, u64), WeightsError> {
    let parted = line.split([',', ';']).flat_map(str::split_whitespace);
    let fields: Vec<&str> = parted.map(|field| field.trim_matches('"')).collect();
    let [network, queries] = fields[..] else { return Err(WeightsError::Fields(number)) };
    let network = parse_network(number, network)?;
    let queries = queries.parse().ok().filter(|&queries| queries <= QUERIES_MAXIMUM);
    Ok((network, queries.ok_or_else(|| WeightsError::Queries(number, fields[1].to_owned()))?))
}

fn parse_network(number: usize, text: &str) -> Result<Prefix, WeightsError> {
    let unknown = || WeightsError::Network(number, text.to_owned());
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u8>().map_err(|_| unknown())?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| unknown())?;
    let most = Family::of(address).bits();
    let length = length.unwrap_or(most);
    if length > most {
        return Err(unknown());
    }
    let network = Prefix::around(address, length);
    if network.address != address {
        return Err(WeightsError::HostBits(number, text.to_owned(), network));
    }
    match geo::tunnels().into_iter().find(|tunnel| tunnel.contains(address) && length >= tunnel.length) {
        Some(tunnel) => Err(WeightsError::Tunnel(number, tunnel)),
        None => Ok(network),
    }
}

/// Words, where a network was looked for.
fn is_heading(field: &str) -> bool {
    field.starts_with(|first: char| first.is_ascii_alphabetic()) && !field.contains(['.', ':', '/'])
}

impl Weighing {
    /// The networks that a walk has to look at to weigh: the first list says where [`Weighing::density`] has to look,
    /// the second is the special-purpose blocks.
    pub(super) fn networks(&self, maps: &[&Map]) -> [Vec<(Prefix, u32)>; 2] {
        let blocks = geo::special_purpose().map(|block| (block, u32::from(block.length_of_128()))).collect();
        match self {
            Weighing::Addresses => {
                let tables = maps.iter().flat_map(|map| map.rules().network.iter());
                // A network is worth its length: against that of a special-purpose block it is compared.
                let worth = |network: Prefix| (network, u32::from(network.length_of_128()));
                let mut tables: Vec<_> = tables.map(|&(network, _)| worth(network)).collect();
                tables.sort_unstable_by_key(|(network, _)| (network.address, network.length));
                tables.dedup();
                [tables, blocks]
            }
            Weighing::Queries(weights) => [weights.networks.clone(), Vec::new()],
        }
    }

    /// What one address weighs, of a step over the networks that [`Weighing::networks`] gave.
    pub(super) fn density(
        &self,
        family: Family,
        origin: Origin,
        listed: Option<u32>,
        block: Option<u32>,
    ) -> Amount {
        let counts = match self {
            Weighing::Queries(weights) => {
                return listed.map_or(Amount::ZERO, |number| weights.densities[number as usize]);
            }
            Weighing::Addresses if family == Family::V4 => block.is_none(),
            // A table's network inside of a special-purpose block wins over it, as it does for clients.
            Weighing::Addresses if block.is_some() => listed >= block,
            Weighing::Addresses => origin.known || listed.is_some(),
        };
        Amount::of(counts.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<String>, String> {
        let weights = Weights::parse(text.as_bytes()).map_err(|error| error.to_string())?;
        // A density times the addresses of its network, of which there are 2^(128 - length), in parts of 2⁻¹²⁸.
        let shown = |(network, number): &(Prefix, u32)| {
            let density = weights.densities[*number as usize];
            format!("{network} {}", density.shifted_right(network.length_of_128().into()))
        };
        Ok(weights.networks.iter().map(shown).collect())
    }

    #[test]
    fn lines_are_networks_and_queries_in_any_usual_form() {
        let text = "\u{feff}network,queries\n# resolvers\n203.0.113.0/24,1200\r\n\"2001:db8::/48\";\"7\"\n\
                    198.51.100.7 3 # one address\n192.0.2.0/24\t0\n";
        assert_eq!(parse(text).unwrap(), ["198.51.100.7/32 3", "203.0.113.0/24 1200", "2001:db8::/48 7"]);
    }

    #[test]
    fn queries_of_doubled_networks_are_summed_and_those_around_are_shared_out() {
        let text = "10.0.0.0/8 256\n10.1.0.0/16 1\n10.1.0.0/16 2\n11.0.0.0/8 1\n";
        // A /16 has the 256th part of what its /8 has, in the unit of the /16.
        assert_eq!(parse(text).unwrap(), ["10.0.0.0/8 256", "10.1.0.0/16 4", "11.0.0.0/8 1"]);
    }

    #[test]
    fn every_fault_has_its_line_and_the_way_out() {
        for (text, expected) in [
            ("203.0.113.0/24\n", "line 1: a network and its queries are expected"),
            ("1.0.0.0/8 1\nx 2\n", "line 2: `x` is not a network"),
            ("203.0.113.7/24 1\n", "line 1: 203.0.113.7/24 has bits set beyond /24: write 203.0.113.0/24"),
            ("203.0.113.0/33 1\n", "line 1: `203.0.113.0/33` is not a network"),
            ("203.0.113.0/24 -1\n", "line 1: `-1` is not a whole number of queries"),
            ("203.0.113.0/24 1.5\n", "line 1: `1.5` is not a whole number of queries"),
            ("2002:cb00::/32 1\n", "line 1: clients in 2002::/16 are looked up by the IPv4 address inside"),
            ("network queries\nnetwork queries\n", "line 2: `network` is not a network"),
            ("# nothing\n203.0.113.0/24 0\n", "it names no network with queries"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
        assert_eq!(Weights::parse(b"\xff 1\n").unwrap_err(), WeightsError::NotText);
    }
}
