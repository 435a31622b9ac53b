//! Why a client got its sites: the decision rebuilt slowly from the rules and the databases.

use std::net::IpAddr;

use super::database::{ClientBits, Database, client_bits};
use super::decide::{Decider, Origin, origin};
use super::level::{Level, LevelOutcome, LevelStep};
use super::level_steps::Scene;
use super::lines::RuleLines;
use super::merged::Merged;
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
    /// Every level of the map in the order of precedence, with what came of it; one of them decides.
    pub levels: Vec<LevelStep>,
    /// Where the distances are measured from, for `nearest`: "coordinates 48.1374 11.5755 of the record", "central
    /// point 51 9 of DE".
    pub origin: Option<String>,
    /// The distances in metres of all sites that have a location, nearest first (by the distance that counts), for
    /// `nearest`.
    pub distances: Vec<(SiteId, u64)>,
    /// Those of them that have a bias other than 0.
    pub biased: Vec<Biased>,
    /// The sites in order.
    pub sites: Vec<SiteId>,
    /// The special-purpose block that the client's address lies in (for a v4-mapped or 6to4 address, the IPv4 address
    /// inside), unless a network of the map inside the block wins over it.
    pub special: Option<Prefix>,
}

/// A site whose distance counts as another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Biased {
    /// The site.
    pub site: SiteId,
    /// Its bias in the map, −99…99.
    pub bias: i8,
    /// The distance that counts, in whole metres, rounded (what is compared is the exact fraction).
    pub counted_metres: u64,
}

/// Explains what [`super::Map::place`] gives for a client. `lines` may lack any line: then none is told.
pub fn explain(
    rules: &MapRules,
    lines: &RuleLines,
    sites: &[Site],
    databases: &[&Database],
    client: IpAddr,
) -> Reason {
    let known: Vec<(usize, Prefix, Place)> = databases
        .iter()
        .enumerate()
        .filter_map(|(by, database)| database.record(client).map(|(network, place)| (by, network, place)))
        .collect();
    let mut records = known.iter().map(|&(by, network, ref place)| {
        (databases[by].name().to_owned(), network, databases[by].in_words(place))
    });
    let (record, further_records) = (records.next(), records.collect());
    let mut merged = Merged::default();
    known.iter().for_each(|(by, _, place)| merged.fill_from(*by, place));
    let client_network = longest_network(rules, client);
    let decider = Decider::new(rules, sites, databases);
    let client = address_as_known(client);
    let scene = Scene { rules, lines, databases, decider: &decider, known: &merged, client };
    let levels = scene.levels(client_network.map(|(entry, _)| entry));
    let deciding = levels.iter().find(|step| step.outcome == LevelOutcome::Decides);
    let deciding = deciding.expect("the level `default` always matches");
    let origin = (deciding.level == Level::Nearest).then(|| origin(&merged)).flatten();
    let distances = origin.map(|origin| decider.distances(origin)).unwrap_or_default();
    let biased = distances.iter().filter(|distance| distance.bias != 0);
    Reason {
        record,
        further_records,
        level: level_in_words(deciding),
        sites: deciding.sites.clone(),
        levels,
        origin: origin.as_ref().map(Origin::to_string),
        distances: distances.iter().map(|distance| (distance.site, distance.metres)).collect(),
        biased: biased
            .map(|far| Biased { site: far.site, bias: far.bias, counted_metres: far.counted_metres() })
            .collect(),
        special: special_block(client, client_network.map(|(_, length)| length)),
    }
}

/// "country DE", "nearest 2", "default": the deciding level with its key, by which it was found.
fn level_in_words(step: &LevelStep) -> String {
    let key = match step.level {
        Level::Country => step.looked_at.as_ref(),
        _ => step.entry.as_ref(),
    };
    key.map_or_else(|| step.level.to_string(), |key| format!("{} {key}", step.level))
}

/// The address that databases and networks are asked for: tunnelled clients are IPv4 clients.
fn address_as_known(client: IpAddr) -> IpAddr {
    match client_bits(client) {
        ClientBits::Ipv4(bits) => IpAddr::V4(bits.into()),
        ClientBits::Ipv6(bits) => IpAddr::V6(bits.into()),
    }
}

/// The longest network of the map that holds a client, by its entry, and its length.
fn longest_network(rules: &MapRules, client: IpAddr) -> Option<(usize, u8)> {
    let client = address_as_known(client);
    let holding = rules.network.iter().enumerate().filter(|(_, (network, _))| network.contains(client));
    // Of doubled networks the first counts: `max_by_key` gives the last.
    let longest = holding.rev().max_by_key(|(_, (network, _))| network.length);
    longest.map(|(entry, (network, _))| (entry, network.length))
}

fn special_block(client: IpAddr, network_length: Option<u8>) -> Option<Prefix> {
    let block = match client_bits(client) {
        ClientBits::Ipv4(bits) => {
            block_of(&IPV4_SPECIAL, bits).map(|(first, length)| Prefix::around_ipv4(first, length))
        }
        ClientBits::Ipv6(bits) => {
            block_of(&IPV6_SPECIAL, bits).map(|(first, length)| Prefix::around_ipv6(first, length))
        }
    }?;
    network_length.is_none_or(|length| length < block.length).then_some(block)
}

#[cfg(test)]
mod tests {
    use super::super::database_builder::DatabaseBuilder;
    use super::super::mmdb::writer::{Datum, MmdbWriter, map, text};
    use super::super::{CityKey, FileLine, Location};
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
        explain(rules, &RuleLines::default(), &sites(), databases, client.parse().unwrap())
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

    #[test]
    fn every_level_tells_what_came_of_it() {
        let lines = |count| (1..=count).map(|line| FileLine { file: 0, line }).collect::<Vec<_>>();
        let rules = MapRules {
            network: vec![(network("1.0.0.0/8"), vec![]), (network("1.0.0.0/16"), vec![SiteId(1)])],
            asn: vec![(64501, vec![])],
            country: vec![(*b"AT", vec![]), (*b"DE", vec![SiteId(0)])],
            nearest: Some(1),
            default: vec![SiteId(1)],
            ..MapRules::default()
        };
        let written = RuleLines {
            files: vec!["maps.toml".into()],
            network: lines(2),
            country: vec![FileLine { file: 0, line: 9 }; 2],
            regions: vec![Some("dach".into()), Some("dach".into())],
            default: lines(1),
            ..RuleLines::default()
        };
        let (first, second) = (database("a", *b"ZZ", None, Some(64500)), database("b", *b"DE", None, None));
        let databases = [&first, &second];
        let check = |client: &str, expected: [&str; 8]| {
            let reason = explain(&rules, &written, &sites(), &databases, client.parse().unwrap());
            assert_eq!(reason.levels.iter().map(shown).collect::<Vec<_>>(), expected, "{client}");
        };
        check(
            "1.0.2.3",
            [
                "network: 1.0.2.3, decides, entry 1.0.0.0/16 at maps.toml:2",
                "asn: AS64500 (a), not in the table",
                "city: the map has none",
                "subdivision: the map has none",
                "country: DE (b), beaten by network, entry dach at maps.toml:9",
                "continent: EU (b), the map has none",
                "nearest: central point 51 9 of DE (b), beaten by network, entry 1",
                "default: beaten by network at maps.toml:1",
            ],
        );
        check(
            "2002:909:909::1",
            [
                "network: 9.9.9.9, not in the table",
                "asn: no record",
                "city: the map has none",
                "subdivision: the map has none",
                "country: no record",
                "continent: the map has none",
                "nearest: no record",
                "default: decides at maps.toml:1",
            ],
        );
    }

    fn shown(step: &LevelStep) -> String {
        let looked_at = step.looked_at.as_ref().map(|looked_at| match &step.said_by {
            Some(database) => format!("{looked_at} ({database}), "),
            None => format!("{looked_at}, "),
        });
        let entry = step.entry.as_ref().map(|entry| format!(", entry {entry}")).unwrap_or_default();
        let line = step.line.as_ref().map(|line| format!(" at {line}")).unwrap_or_default();
        format!("{}: {}{}{entry}{line}", step.level, looked_at.unwrap_or_default(), step.outcome)
    }

    #[test]
    fn cities_and_biases_are_told() {
        let mut builder = DatabaseBuilder::default();
        let city_name = builder.city_name("Munich").unwrap();
        let place = Place { city: Some(7), city_name, ..Place::of_country_code(*b"DE") };
        let place = builder.place_id(place);
        builder.add_ipv4(0x0100_0000, 0x0100_FFFF, place);
        let database = builder.finish("cities", "test", 0, 0);
        let munich = CityKey::Named(*b"DE", "munich".to_owned());
        let rules = MapRules { city: vec![(munich, vec![SiteId(1)])], ..MapRules::default() };
        let found = reason(&rules, &[&database], "1.0.2.3");
        assert_eq!((found.level.as_str(), found.sites), ("city DE/munich", vec![SiteId(1)]));
        assert_eq!(found.levels[2].looked_at.as_deref(), Some("Munich (7)"));
        let rules = MapRules { nearest: Some(2), bias: vec![(SiteId(1), 99)], ..MapRules::default() };
        let found = reason(&rules, &[&database], "1.0.2.3");
        assert_eq!(found.sites, [SiteId(1), SiteId(0)]);
        let (_, metres) = found.distances[0];
        let counted_metres = (metres + 50) / 100;
        assert_eq!(found.biased, [Biased { site: SiteId(1), bias: 99, counted_metres }]);
    }

    fn network(text: &str) -> Prefix {
        let (address, length) = text.split_once('/').unwrap();
        Prefix { address: address.parse().unwrap(), length: length.parse().unwrap() }
    }

    /// Databases with one thing each: country, city, subdivision, coordinates, AS number; the last has everything.
    #[test]
    fn several_databases_fill_what_earlier_ones_lack() {
        let mut countries = MmdbWriter::ipv4();
        countries.insert("192.0.2.0/24", &map([("country_code", text("DE"))]));
        let mut cities = MmdbWriter::ipv6();
        cities.insert("::c000:200/120", &map([("city", text("Munich"))]));
        let mut systems = MmdbWriter::ipv4();
        systems.insert("192.0.2.0/25", &map([("asn", text("AS64500"))]));
        let mut all = MmdbWriter::ipv6();
        let location = map([("latitude", Datum::Real(48.1)), ("longitude", Datum::Real(11.6))]);
        let everything = map([
            ("asn", Datum::Whole(64501)),
            ("city", map([("geoname_id", Datum::Whole(7)), ("names", map([("en", text("Paris"))]))])),
            ("country", map([("iso_code", text("FR"))])),
            ("location", location),
            ("subdivisions", Datum::List(vec![map([("iso_code", text("IDF"))])])),
        ]);
        all.insert("::/0", &everything);
        let databases = [("countries", countries), ("cities", cities), ("systems", systems), ("all", all)]
            .map(|(name, writer)| Database::from_mmdb(name, writer.octets()).unwrap());
        let databases: Vec<&Database> = databases.iter().collect();
        let check = |client: &str, address: &str, expected: [&str; 6]| {
            let rules = MapRules { nearest: Some(1), ..MapRules::default() };
            let reason =
                explain(&rules, &RuleLines::default(), &sites(), &databases, client.parse().unwrap());
            let said = reason.levels[..7].iter().map(|step| {
                let by = step.said_by.as_ref().map_or(String::new(), |by| format!(" ({by})"));
                format!("{}{by}", step.looked_at.as_deref().unwrap_or("-"))
            });
            let said: Vec<String> = said.collect();
            assert_eq!(
                (said[0].as_str(), &said[1..]),
                (address, &expected.map(str::to_owned)[..]),
                "{client}"
            );
        };
        let paris = "coordinates 48.1000 11.6000 of the record (all)";
        let subdivision = "FR-IDF (all)";
        let first = [
            "AS64500 (systems)",
            "Munich (7) (cities)",
            subdivision,
            "DE (countries)",
            "EU (countries)",
            paris,
        ];
        check("192.0.2.1", "192.0.2.1", first);
        let behind =
            ["AS64501 (all)", "Munich (7) (cities)", subdivision, "DE (countries)", "EU (countries)", paris];
        check("192.0.2.129", "192.0.2.129", behind);
        let alone = ["AS64501 (all)", "Paris (7) (all)", subdivision, "FR (all)", "EU (all)", paris];
        check("2400::1", "2400::1", alone);
        // v4-mapped and 6to4 clients are IPv4 clients; those of Teredo are not.
        check("::ffff:192.0.2.1", "192.0.2.1", first);
        check("2002:c000:281::1", "192.0.2.129", behind);
        check("2001:0:c000:201::1", "2001:0:c000:201::1", alone);
    }
}
