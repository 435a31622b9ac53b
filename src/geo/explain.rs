//! Why a client got its sites: the decision rebuilt slowly from the rules and the databases.

use std::net::IpAddr;

use super::database::{ClientBits, Database, client_bits};
use super::decide::{Decider, Level};
use super::place::Place;
use super::prefix::Prefix;
use super::rules::{MapRules, Site, SiteId};
use super::special::{IPV4_SPECIAL, IPV6_SPECIAL, block_of};

/// Why a client got its sites; for `explain` (made from the rules and databases afresh, and tested equal to the
/// compiled table).
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Database, network of the record, and what the record says ("country DE, continent EU, AS64500 …"): of the
    /// first database that knows the client.
    pub record: Option<(String, Prefix, String)>,
    /// The same of later databases, which fill what the earlier ones lack.
    pub further_records: Vec<(String, Prefix, String)>,
    /// Which level decided: "network 203.0.113.0/24", "country DE", "nearest 2", "default" …
    pub level: String,
    /// Where the distances are measured from, for `nearest`: "coordinates 48.1374 11.5755 of the record", "central
    /// point 51 9 of DE".
    pub origin: Option<String>,
    /// The distances in metres of all sites that have a location, nearest first, for `nearest`.
    pub distances: Vec<(SiteId, u64)>,
    /// The sites in order.
    pub sites: Vec<SiteId>,
    /// The special-purpose block that the client's address lies in (for a v4-mapped or 6to4 address, the IPv4 address
    /// inside), unless a network of the map inside the block wins over it.
    pub special: Option<Prefix>,
}

/// Explains what [`super::Map::place`] gives for a client.
pub fn explain(rules: &MapRules, sites: &[Site], databases: &[&Database], client: IpAddr) -> Reason {
    let known: Vec<(&Database, Prefix, Place)> = databases
        .iter()
        .filter_map(|database| database.record(client).map(|(network, place)| (*database, network, place)))
        .collect();
    let mut records = known
        .iter()
        .map(|(database, network, place)| (database.name().to_owned(), *network, place.to_string()));
    let mut reason = Reason {
        record: records.next(),
        further_records: records.collect(),
        level: String::new(),
        origin: None,
        distances: Vec::new(),
        sites: Vec::new(),
        special: special_block(rules, client),
    };
    match longest_network(rules, client) {
        Some((network, sites)) => {
            reason.level = format!("network {network}");
            reason.sites = sites.to_vec();
        }
        None => decide_by_place(&mut reason, &Decider::new(rules, sites), known.iter().map(|known| &known.2)),
    }
    reason
}

fn decide_by_place<'a>(reason: &mut Reason, decider: &Decider<'_>, places: impl Iterator<Item = &'a Place>) {
    let mut merged = Place::default();
    places.for_each(|place| merged.fill_from(place));
    let decision = decider.decide(&merged);
    reason.level = decision.level.to_string();
    reason.sites = decision.sites.into_owned();
    if let Level::Nearest(_, origin) = decision.level {
        reason.origin = Some(origin.to_string());
        reason.distances = decider.distances(origin);
    }
}

/// The longest network of the map that holds a client; tunnelled clients are IPv4 clients.
fn longest_network(rules: &MapRules, client: IpAddr) -> Option<(Prefix, &[SiteId])> {
    let client = match client_bits(client) {
        ClientBits::Ipv4(bits) => IpAddr::V4(bits.into()),
        ClientBits::Ipv6(bits) => IpAddr::V6(bits.into()),
    };
    let holding = rules.network.iter().filter(|(network, _)| network.contains(client));
    // Of doubled networks the first counts: `max_by_key` gives the last.
    holding
        .rev()
        .max_by_key(|(network, _)| network.length)
        .map(|(network, sites)| (*network, sites.as_slice()))
}

fn special_block(rules: &MapRules, client: IpAddr) -> Option<Prefix> {
    let block = match client_bits(client) {
        ClientBits::Ipv4(bits) => {
            block_of(&IPV4_SPECIAL, bits).map(|(first, length)| Prefix::around_ipv4(first, length))
        }
        ClientBits::Ipv6(bits) => {
            block_of(&IPV6_SPECIAL, bits).map(|(first, length)| Prefix::around_ipv6(first, length))
        }
    }?;
    let network_inside =
        longest_network(rules, client).is_some_and(|(network, _)| network.length >= block.length);
    (!network_inside).then_some(block)
}

#[cfg(test)]
mod tests {
    use super::super::Location;
    use super::super::database_builder::DatabaseBuilder;
    use super::*;

    fn database(name: &str, code: [u8; 2], location: Option<Location>, asn: Option<u32>) -> Database {
        let mut builder = DatabaseBuilder::default();
        let place = builder.place_id(Place { location, asn, ..Place::of_country_code(code) });
        builder.add_ipv4(0x0100_0000, 0x0100_FFFF, place);
        builder.finish(name, "test", 0, 0)
    }

    fn sites() -> Vec<Site> {
        let site = |name: &str, latitude, longitude| Site {
            name: name.to_owned(),
            location: Some(Location { latitude, longitude }),
        };
        vec![site("fra", 50.11, 8.68), site("iad", 38.95, -77.45)]
    }

    fn reason(rules: &MapRules, databases: &[&Database], client: &str) -> Reason {
        explain(rules, &sites(), databases, client.parse().unwrap())
    }

    #[test]
    fn records_of_all_databases_are_shown_in_order() {
        let (first, second) = (database("a", *b"ZZ", None, Some(64500)), database("b", *b"DE", None, None));
        let rules = MapRules { country: vec![(*b"DE", vec![SiteId(1)])], ..MapRules::default() };
        let found = reason(&rules, &[&first, &second], "1.0.2.3");
        let shown = |(name, network, text): &(String, Prefix, String)| format!("{name} {network} {text}");
        assert_eq!(found.record.as_ref().map(shown).as_deref(), Some("a 1.0.0.0/16 AS64500"));
        let further: Vec<String> = found.further_records.iter().map(shown).collect();
        assert_eq!(further, ["b 1.0.0.0/16 country DE, continent EU"]);
        assert_eq!((found.level.as_str(), found.sites), ("country DE", vec![SiteId(1)]));
        assert_eq!(reason(&rules, &[&first], "9.9.9.9").record, None);
    }

    #[test]
    fn nearest_tells_from_where_it_measured() {
        let rules = MapRules { nearest: Some(1), default: vec![SiteId(1)], ..MapRules::default() };
        let check = |location: Option<Location>, origin: &str, metres: u64| {
            let found = reason(&rules, &[&database("a", *b"DE", location, None)], "1.0.2.3");
            assert_eq!((found.level.as_str(), found.origin.as_deref()), ("nearest 1", Some(origin)));
            assert_eq!((found.distances.len(), found.distances[0]), (2, (SiteId(0), metres)));
            assert_eq!(found.sites, [SiteId(0)]);
        };
        check(None, "central point 51 9 of DE", 101_513);
        let here = Location { latitude: 50.11, longitude: 8.68 };
        check(Some(here), "coordinates 50.1100 8.6800 of the record", 0);
        let found = reason(&rules, &[], "1.0.2.3");
        assert_eq!((found.level.as_str(), found.origin, found.distances.len()), ("default", None, 0));
    }

    #[test]
    fn special_blocks_and_networks_are_named() {
        let inside = Prefix { address: "10.1.0.0".parse().unwrap(), length: 16 };
        let rules = MapRules { network: vec![(inside, vec![SiteId(0)])], ..MapRules::default() };
        let check = |client: &str, level: &str, special: Option<&str>| {
            let found = reason(&rules, &[], client);
            assert_eq!(found.level, level, "{client}");
            assert_eq!(found.special.map(|block| block.to_string()).as_deref(), special, "{client}");
        };
        check("10.0.0.1", "default", Some("10.0.0.0/8"));
        check("10.1.0.1", "network 10.1.0.0/16", None);
        check("2002:a01::1", "network 10.1.0.0/16", None);
        check("2002:a02::1", "default", Some("10.0.0.0/8"));
        check("fe80::1", "default", Some("fe80::/10"));
        check("8.8.8.8", "default", None);
    }
}
