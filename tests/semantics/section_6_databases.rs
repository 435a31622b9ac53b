//! §6: what is read from databases, several of them together, tunnelled clients, and which file may replace which.

use meridian::config::Mode;

use crate::harness::database::{self, list, map, real, text, whole};
use crate::harness::{Server, World};

/// A site for every key, and the map `world` with a table for each level.
const MAP: &str = r#"
[site.de]
[site.eu]
[site.ca]
[site.id]
[site.name]
[site.asn]
[site.near]
location = { lat = 0, lon = 0 }
[site.default]
[map.world]
default = ["default"]
[map.world.country]
DE = ["de"]
[map.world.continent]
EU = ["eu"]
[map.world.subdivision]
US-CA = ["ca"]
[map.world.city]
5368361 = ["id"]
"US/Los Angeles" = ["name"]
[map.world.asn]
64500 = ["asn"]
[map.by_place]
nearest = 1
default = ["default"]
"#;
const SITES: [&str; 8] = ["de", "eu", "ca", "id", "name", "asn", "near", "default"];

/// Both maps over pools at every site: `www` under `world`, `place` under `by_place`.
fn world(databases: &[Vec<u8>]) -> World {
    let names: Vec<String> = (0..databases.len()).map(|number| format!("geoip/{number}.mmdb")).collect();
    let listed = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let main = format!(
        "[server]\nlisten = [\"127.0.0.1:5300\"]\n[zones]\nfolder = \"zones\"\n[geo]\nmaps = \"geoip/maps.toml\"\n\
         databases = [{listed}]\n"
    );
    let world = World::new().maps(MAP).records("place 60 A 192.0.2.1").file("meridian.toml", main);
    let world =
        names.iter().zip(databases).fold(world, |world, (name, octets)| world.file(name, octets.clone()));
    let world = SITES.iter().fold(world, |world, site| world.pool(site, &format!("site = \"{site}\""), "u1"));
    let pools = SITES.map(|site| format!("\"{site}\"")).join(", ");
    let rule = |name: &str, map: &str| format!("name = \"{name}\"\nmap = \"{map}\"\npools = [{pools}]");
    world.rule(&rule("www", "world")).rule(&rule("place", "by_place"))
}

fn served(databases: &[Vec<u8>]) -> Server {
    world(databases).serve()
}

#[test]
fn section_6_database_keys() {
    let us = || ("country_code", text("US"));
    let cases = [
        ("country/iso_code", map([("country", map([("iso_code", text("DE"))]))]), "www", "de"),
        ("country_code", map([("country_code", text("DE"))]), "www", "de"),
        ("country", map([("country", text("DE"))]), "www", "de"),
        ("continent/code", map([("continent", map([("code", text("EU"))]))]), "www", "eu"),
        ("continent_code", map([("continent_code", text("EU"))]), "www", "eu"),
        ("the built-in table", map([("country_code", text("FR"))]), "www", "eu"),
        ("the record before the table", map([us(), ("continent_code", text("EU"))]), "www", "eu"),
        (
            "subdivisions/0/iso_code",
            map([us(), ("subdivisions", list(map([("iso_code", text("CA"))])))]),
            "www",
            "ca",
        ),
        ("state1", map([us(), ("state1", text("California"))]), "www", "ca"),
        ("state1 of no list", map([us(), ("state1", text("Atlantis"))]), "www", "default"),
        ("city/geoname_id", map([("city", map([("geoname_id", whole(5_368_361))]))]), "www", "id"),
        (
            "city/names/en",
            map([us(), ("city", map([("names", map([("en", text("Los Angeles"))]))]))]),
            "www",
            "name",
        ),
        ("city", map([us(), ("city", text("Los Angeles"))]), "www", "name"),
        (
            "a city of another country",
            map([("country_code", text("MX")), ("city", text("Los Angeles"))]),
            "www",
            "default",
        ),
        ("location", map([database::location(1.0, 1.0)]), "place", "near"),
        ("latitude, longitude", map([("latitude", real(1.0)), ("longitude", real(1.0))]), "place", "near"),
        ("autonomous_system_number", map([("autonomous_system_number", whole(64500))]), "www", "asn"),
        ("asn", map([("asn", whole(64500))]), "www", "asn"),
        ("asn as a text", map([("asn", text("AS64500"))]), "www", "asn"),
    ];
    for (keys, record, name, site) in cases {
        let server = served(&[database::of([("1.0.0.0/8", record.clone()), ("2a00::/16", record)])]);
        for client in ["1.2.3.4", "2a00::1"] {
            assert_eq!(
                server.said(&format!("{name} A from={client}")),
                format!("{site}0"),
                "{keys} {client}"
            );
        }
        assert_eq!(server.said(&format!("{name} A from=3.2.3.4")), "default0", "{keys}");
    }
}

#[test]
fn section_6_later_files_fill_what_earlier_ones_lack() {
    let [de, fr] = ["DE", "FR"].map(database::country);
    let asn = || map([("asn", whole(64500))]);
    let first = database::of([("1.0.0.0/8", de.clone()), ("2.0.0.0/8", fr.clone())]);
    let second = database::of([("1.0.0.0/8", fr), ("2.0.0.0/8", asn()), ("3.0.0.0/8", de)]);
    let server = served(&[first, second]);
    for (client, site) in
        [("1.0.0.1", "de0"), ("2.0.0.1", "asn0"), ("3.0.0.1", "de0"), ("4.0.0.1", "default0")]
    {
        assert_eq!(server.said(&format!("www A from={client}")), site, "{client}");
    }
}

#[test]
fn section_6_each_database_may_cover_one_family() {
    let [first, second] = [("1.0.0.0/8", "DE"), ("2a00::/16", "FR")]
        .map(|(network, code)| database::of([(network, database::country(code))]));
    let server = served(&[first, second]);
    assert_eq!(
        (server.said("www A from=1.0.0.1"), server.said("www A from=2a00::1")),
        ("de0".into(), "eu0".into())
    );
}

#[test]
fn section_6_tunnelled_clients_are_looked_up_by_their_ipv4_address() {
    let database = database::of([("1.0.0.0/8", database::country("DE"))]);
    let server = served(&[database]);
    for (client, site) in [
        ("::ffff:1.2.3.4", "de0"),
        ("2002:102:304::1", "de0"),
        ("2002:102:304:ffff::1", "de0"),
        ("::ffff:3.2.3.4", "default0"),
        ("2002:302:304::1", "default0"),
    ] {
        assert_eq!(server.said(&format!("www A from={client}")), site, "{client}");
        let length = if client.starts_with("2002") { 48 } else { 128 };
        let network = if length == 48 { "2002:102:304::" } else { client };
        if site == "de0" {
            assert_eq!(server.said(&format!("www A subnet={network}/{length}")), site, "{client}");
        }
    }
}

/// So many networks of so many countries.
fn countries(networks: usize, countries: usize) -> Vec<u8> {
    const CODES: [&str; 10] = ["DE", "FR", "US", "SG", "JP", "BR", "ZA", "AU", "IN", "GB"];
    // No two neighbours have one country, so that none are joined.
    let names: Vec<String> = (0..networks).map(|number| format!("1.{number}.0.0/16")).collect();
    let record = |number: usize| database::country(CODES[number % countries]);
    database::of(names.iter().enumerate().map(|(number, name)| (name.as_str(), record(number))))
}

#[test]
fn section_6_a_new_file_has_at_least_80_percent_of_the_records_and_countries() {
    let served = world(&[countries(100, 10)]).load().unwrap().configuration;
    for (networks, of, expected) in [
        (100, 10, None),
        (80, 10, None),
        (79, 10, Some("79 networks")),
        (100, 8, None),
        (100, 7, Some("7 countries")),
        (200, 10, None),
    ] {
        let reloaded = world(&[countries(networks, of)]).load_in(Mode::Reload, Some(&served));
        match (expected, reloaded) {
            (None, Ok(_)) => {}
            (Some(words), Err(faults)) => assert!(faults.join("\n").contains(words), "{faults:?}"),
            (expected, other) => panic!("{networks} of {of}: {expected:?}, {:?}", other.err()),
        }
    }
}

#[test]
fn section_6_a_first_file_has_at_least_one_usable_record() {
    assert!(world(&[countries(1, 1)]).load().is_ok());
    let useless = database::of([("1.0.0.0/8", map([("isp", text("none"))]))]);
    world(&[useless]).refused("no usable record");
    world(&[b"nothing".to_vec()]).refused("it is not an .mmdb file");
}

#[test]
fn section_6_a_start_with_a_bad_file_uses_the_last_good_copy_in_state_dir() {
    let main = "[server]\nlisten = [\"127.0.0.1:5300\"]\nstate_dir = \"state\"\n[zones]\nfolder = \"zones\"\n\
                [geo]\nmaps = \"geoip/maps.toml\"\ndatabases = [\"geoip/0.mmdb\"]\n";
    let good = database::of([("1.0.0.0/8", database::country("DE"))]);
    let world = world(std::slice::from_ref(&good)).file("meridian.toml", main);
    let copies =
        world.load_in(Mode::Start, None).unwrap_or_else(|faults| panic!("{faults:?}")).database_copies;
    assert_eq!((copies.len(), &copies[0].octets), (1, &good));
    let path = copies[0].path.to_str().unwrap();
    assert!(path.starts_with("state"), "{path}");
    let world = world.file(path, good).file("geoip/0.mmdb", "cut off");
    let loaded = world.load_in(Mode::Start, None).unwrap_or_else(|faults| panic!("{faults:?}"));
    let source = &loaded.configuration.geo[0];
    assert!(!source.builtin && source.degraded.is_some());
    world.refused("it is not an .mmdb file");
}

#[cfg(feature = "builtin-geo")]
#[test]
fn section_6_a_start_with_a_bad_file_uses_the_built_in_data_and_says_so() {
    let world = world(&[b"nothing".to_vec()]);
    let loaded = world.load_in(Mode::Start, None).unwrap_or_else(|faults| panic!("{faults:?}"));
    let source = &loaded.configuration.geo[0];
    assert!(source.builtin && source.degraded.is_some());
    assert!(loaded.warnings.iter().any(|warning| warning.to_string().contains("geoip/0.mmdb")));
}

#[cfg(feature = "builtin-geo")]
#[test]
fn section_6_without_a_file_the_built_in_country_data_serves() {
    let server = served(&[]);
    assert!(server.snapshot.configuration.geo[0].builtin);
    // A client of each code outside ISO 3166: EU is continent EU, the others are no country.
    let mut seen = 0;
    let ranges = tor_geoip_db::ipv4s().iter().zip(tor_geoip_db::ipv4c());
    for (code, expected) in [
        (*b"EU", "eu0"),
        (*b"DE", "de0"),
        (*b"FR", "eu0"),
        (*b"A1", "default0"),
        (*b"XD", "default0"),
        (*b"T1", "default0"),
    ] {
        let number = u16::from_le_bytes(code);
        let found = ranges.clone().find(|(_, found)| found.is_some_and(|found| found.get() == number));
        if let Some((&first, _)) = found {
            let client = std::net::Ipv4Addr::from_bits(first);
            assert_eq!(
                server.said(&format!("www A from={client}")),
                expected,
                "{client} {}",
                code.escape_ascii()
            );
            seen += 1;
        }
    }
    assert!(seen >= 3, "the data has none of these codes");
}
