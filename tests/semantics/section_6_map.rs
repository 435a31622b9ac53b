//! §6: from a client to ordered sites: the levels of a map, `nearest`, and what its file may not say.

use meridian::explain::Explanation;

use crate::harness::database::{self, list, location, map, text, whole};
use crate::harness::{Server, World};

/// The map of the text, word for word, under sites with the locations of its vectors.
const MAP: &str = r#"
[site.iad]
location = { lat = 38.9, lon = -77 }
[site.fra]
location = { lat = 50.1, lon = 8.7 }
[site.sin]
location = { lat = 1.3, lon = 103.9 }
[map.world]
default = ["iad", "fra", "sin"]
nearest = 2
[map.world.network]
"203.0.113.0/24" = ["sin"]
[map.world.asn]
64500 = ["fra"]
[map.world.city]
"US/Los Angeles" = ["sin"]
[map.world.subdivision]
US-CA = ["iad", "sin"]
[map.world.country]
DE = ["fra"]
[map.world.continent]
EU = ["fra", "iad"]
AS = ["sin", "fra"]
"#;

/// A rule for `www` under the map `world`, over one pool at each of these sites.
fn served(maps: &str, sites: &[&str], database: Vec<u8>) -> Server {
    let pools = sites.iter().map(|site| format!("\"{site}\"")).collect::<Vec<_>>().join(", ");
    let world = sites.iter().fold(World::new().maps(maps).database(database), |world, site| {
        world.pool(site, &format!("site = \"{site}\""), "u1")
    });
    world.rule(&format!("name = \"www\"\nmap = \"world\"\npools = [{pools}]")).serve()
}

/// The sites of a client in order, and the level that decides.
fn placed(explanation: &Explanation) -> (String, String) {
    let place = explanation.steering.as_ref().unwrap().place.as_ref().unwrap();
    let deciding = place.levels.iter().find_map(|level| level.deciding()).unwrap();
    (place.sites.join(" "), deciding.level.label().to_owned())
}

/// What a client gets: its sites, the level that decides, and the first site's member.
fn check(server: &Server, client: &str, sites: &str, level: &str) {
    let question = format!("www A from={client}");
    assert_eq!(placed(&server.explain(&question)), (sites.to_owned(), level.to_owned()), "{client}");
    let first = sites.split(' ').next().unwrap();
    assert_eq!(server.said(&question), format!("{first}0"), "{client}");
}

#[test]
fn section_6_the_map_of_the_text() {
    let code = |code: &str| ("country", map([("iso_code", text(code))]));
    let city = |name: &str| ("city", map([("names", map([("en", text(name))]))]));
    let california = || ("subdivisions", list(map([("iso_code", text("CA"))])));
    let database = database::of([
        ("11.0.0.0/8", map([("autonomous_system_number", whole(64500))])),
        ("12.0.0.0/8", map([code("US"), california(), city("Los Angeles")])),
        ("13.0.0.0/8", map([code("US"), california(), city("San Diego")])),
        ("14.0.0.0/8", map([code("DE")])),
        ("15.0.0.0/8", map([code("FR")])),
        ("16.0.0.0/8", map([code("JP")])),
        ("17.0.0.0/8", map([code("CA"), location(43.7, -79.4)])),
        ("18.0.0.0/8", map([code("CA")])),
    ]);
    let server = served(MAP, &["iad", "fra", "sin"], database);
    check(&server, "203.0.113.9", "sin", "network");
    check(&server, "11.0.0.1", "fra", "asn");
    check(&server, "12.0.0.1", "sin", "city");
    check(&server, "13.0.0.1", "iad sin", "subdivision");
    check(&server, "14.0.0.1", "fra", "country");
    check(&server, "15.0.0.1", "fra iad", "continent");
    check(&server, "16.0.0.1", "sin fra", "continent");
    check(&server, "17.0.0.1", "iad fra", "nearest");
    // Without coordinates but with a country, a central point of the country serves; `explain` says so.
    check(&server, "18.0.0.1", "iad fra", "nearest");
    let explanation = server.explain("www A from=18.0.0.1");
    let origin = explanation.steering.unwrap().place.unwrap().reason.origin.unwrap();
    assert!(origin.starts_with("central point") && origin.ends_with("of CA"), "{origin}");
    // Without either: `default`.
    check(&server, "19.0.0.1", "iad fra sin", "default");
}

/// The levels in order, each with a table that a client in 1.1.1.1 meets, and a site of its own.
const LEVELS: [(&str, &str); 8] = [
    ("network", "[map.world.network]\n\"1.0.0.0/8\" = [\"asn\"]\n\"1.1.0.0/16\" = [\"network\"]"),
    ("asn", "[map.world.asn]\n64500 = [\"asn\"]"),
    ("city", "[map.world.city]\n\"US/los angeles\" = [\"asn\"]\n5368361 = [\"city\"]"),
    ("subdivision", "[map.world.subdivision]\nUS-CA = [\"subdivision\"]"),
    ("country", "[map.world.country]\nUS = [\"country\"]"),
    ("continent", "[map.world.continent]\nNA = [\"continent\"]"),
    ("nearest", "nearest = 1"),
    ("default", "default = [\"default\"]"),
];

#[test]
fn section_6_precedence_of_all_levels() {
    let names = map([("en", text("Los Angeles"))]);
    let record = map([
        ("autonomous_system_number", whole(64500)),
        ("city", map([("geoname_id", whole(5_368_361)), ("names", names)])),
        ("country", map([("iso_code", text("US"))])),
        location(34.0, -118.2),
        ("subdivisions", list(map([("iso_code", text("CA"))]))),
    ]);
    let sites = LEVELS.map(|(name, _)| name);
    for first in 0..LEVELS.len() {
        let mut maps = sites.map(|site| match site {
            "nearest" => "[site.nearest]\nlocation = { lat = 0, lon = 0 }\n".to_owned(),
            _ => format!("[site.{site}]\n"),
        });
        maps[7].push_str("[map.world]\n");
        // The keys of the map itself stand before its tables.
        let tables = LEVELS[first..].iter().rev().map(|(_, text)| format!("{text}\n")).collect::<String>();
        let server = served(
            &format!("{}{tables}", maps.concat()),
            &sites,
            database::of([("1.0.0.0/8", record.clone())]),
        );
        check(&server, "1.1.1.1", sites[first], sites[first]);
    }
}

#[test]
fn section_6_each_level_has_a_table_of_its_own() {
    // AF, AS, NA and SA: Afghanistan and Africa, American Samoa and Asia, Namibia and North America, Saudi Arabia and South
    // America.
    let sites = ["AF", "AS", "NA", "SA", "none"];
    let table = |level: &str, case: fn(&str) -> String| {
        let lines = ["AF", "AS", "NA", "SA"].map(|code| format!("{code} = [\"{}\"]\n", case(code)));
        format!("[map.world.{level}]\n{}", lines.concat())
    };
    let maps = sites.map(|site| format!("[site.{site}]\n[site.c{site}]\n")).concat();
    let maps = format!(
        "{maps}[map.world]\ndefault = [\"none\"]\n{}{}",
        table("country", |code| code.to_owned()),
        table("continent", |code| format!("c{code}"))
    );
    let countries = ["AF", "AS", "NA", "SA", "EG", "JP", "MX", "BR"];
    let networks: Vec<String> = (1..=8).map(|first| format!("{first}.0.0.0/8")).collect();
    let records =
        networks.iter().zip(countries).map(|(network, code)| (network.as_str(), database::country(code)));
    let mut all: Vec<String> = sites.iter().map(|site| (*site).to_owned()).collect();
    all.extend(sites.iter().map(|site| format!("c{site}")));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let server = served(&maps, &all, database::of(records));
    let expected = ["AF", "AS", "NA", "SA", "cAF", "cAS", "cNA", "cSA"];
    for (first, (country, site)) in (1..).zip(countries.into_iter().zip(expected)) {
        let level = if site.len() == 2 { "country" } else { "continent" };
        check(&server, &format!("{first}.0.0.1"), site, level);
        assert_eq!(country.len(), 2);
    }
}

#[test]
fn section_6_regions_and_countries_named_by_themselves() {
    let maps = "[site.a]\n[site.b]\n[site.c]\n[region]\ndach = [\"DE\", \"AT\", \"CH\"]\n[map.world]\ndefault = [\"c\"]\n\
                [map.world.country]\ndach = [\"a\"]\nCH = [\"b\"]\n";
    let database = database::of([
        ("1.0.0.0/8", database::country("DE")),
        ("2.0.0.0/8", database::country("AT")),
        ("3.0.0.0/8", database::country("CH")),
        ("4.0.0.0/8", database::country("FR")),
    ]);
    let server = served(maps, &["a", "b", "c"], database);
    check(&server, "1.0.0.1", "a", "country");
    check(&server, "2.0.0.1", "a", "country");
    check(&server, "3.0.0.1", "b", "country");
    check(&server, "4.0.0.1", "c", "default");
}

#[test]
fn section_6_defects() {
    let world = |tables: &str| {
        let maps = format!(
            "[site.fra]\n[site.iad]\n[region]\ndach = [\"DE\", \"AT\"]\nalps = [\"AT\", \"CH\"]\n\
             [map.world]\ndefault = [\"fra\"]\n{tables}"
        );
        let world = World::new().maps(&maps).pool("A", "site = \"fra\"", "u1");
        world.rule("name = \"www\"\nmap = \"world\"\npools = [\"A\"]")
    };
    let cases = [
        (
            "network",
            "\"203.0.113.7/24\" = [\"fra\"]",
            "has bits set beyond its length (help: the network is `203.0.113.0/24`)",
        ),
        ("network", "\"1.0.0.0/8\" = [\"fra\"]\n\"1.0.0.0/8\" = [\"iad\"]", "stands twice"),
        ("network", "\"2a00:0::/16\" = [\"fra\"]\n\"2a00::/16\" = [\"iad\"]", "stands twice"),
        ("country", "UK = [\"fra\"]", "there is no country `UK` (help: did you mean `GB` (United Kingdom)?)"),
        (
            "country",
            "EU = [\"fra\"]",
            "there is no country `EU` (help: continents stand in the table `continent`)",
        ),
        ("country", "dahc = [\"fra\"]", "did you mean the region `dach`?"),
        ("country", "dach = [\"fra\"]\nalps = [\"iad\"]", "`AT` is in the region `dach` and in `alps`"),
        ("continent", "XX = [\"fra\"]", "the continents are AF, AN, AS, EU, NA, OC, SA"),
        ("subdivision", "CA-US = [\"fra\"]", "did you mean `US-CA` (California)?"),
        ("asn", "64500 = [\"fra\"]\nAS64500 = [\"fra\"]", "stands twice"),
        ("city", "\"US/los ANGELES\" = [\"fra\"]\n\"US/Los Angeles\" = [\"fra\"]", "stands twice"),
        ("country", "DE = [\"frra\"]", "there is no site `frra` (help: did you mean `fra`?)"),
    ];
    for (level, lines, words) in cases {
        world(&format!("[map.world.{level}]\n{lines}\n")).refused(words);
    }
    world("bias = { fra = 100 }\nnearest = 1\n").refused("this must be from -99 to 99");
    world("bias = { fra = -100 }\nnearest = 1\n").refused("this must be from -99 to 99");
}

/// The five clients of the vectors.
const CLIENTS: [(&str, f64, f64, &str); 5] = [
    ("Madrid", 40.4, -3.7, "de us sg"),
    ("Honolulu", 21.3, -157.9, "us sg de"),
    ("18.1 S 178.4 E", -18.1, 178.4, "sg us de"),
    ("Reykjavík", 64.1, -21.9, "de us sg"),
    ("Nairobi", -1.3, 36.8, "de sg us"),
];

/// The three sites of the vectors, written in this order, and a map with these further keys.
fn nearest(keys: &str) -> Server {
    let maps = format!(
        "[site.us]\nlocation = {{ lat = 38.9, lon = -77 }}\n[site.de]\nlocation = {{ lat = 50.1, lon = 8.7 }}\n\
         [site.sg]\nlocation = {{ lat = 1.3, lon = 103.9 }}\n[map.world]\ndefault = [\"us\"]\n{keys}"
    );
    let networks: Vec<String> = (1..=5).map(|first| format!("{first}.0.0.0/8")).collect();
    let records = networks.iter().zip(CLIENTS).map(|(network, (_, latitude, longitude, _))| {
        (network.as_str(), map([location(latitude, longitude)]))
    });
    served(&maps, &["us", "de", "sg"], database::of(records))
}

#[test]
fn section_6_nearest_vectors() {
    let server = nearest("nearest = 3");
    for (first, (_, _, _, expected)) in (1..).zip(CLIENTS) {
        check(&server, &format!("{first}.0.0.1"), expected, "nearest");
    }
}

#[test]
fn section_6_nearest_n_lists_the_n_nearest_and_the_others_follow_as_candidates() {
    let server = nearest("nearest = 1");
    check(&server, "5.0.0.1", "de", "nearest");
    let steering = server.explain("www A from=5.0.0.1").steering.unwrap();
    let candidates: Vec<&str> = steering.candidates.iter().map(|candidate| candidate.pool.as_str()).collect();
    assert_eq!(candidates, ["de", "us", "sg"]);
}

#[test]
fn section_6_ties_of_distance_stay_in_written_order() {
    let maps = |first: &str, second: &str| {
        let site = |name: &str| format!("[site.{name}]\nlocation = {{ lat = 10, lon = 10 }}\n");
        format!("{}{}[map.world]\nnearest = 2\ndefault = []\n", site(first), site(second))
    };
    let database = || database::of([("1.0.0.0/8", map([location(0.0, 0.0)]))]);
    check(&served(&maps("x", "a"), &["a", "x"], database()), "1.0.0.1", "x a", "nearest");
    check(&served(&maps("a", "x"), &["x", "a"], database()), "1.0.0.1", "a x", "nearest");
}

#[test]
fn section_6_sites_without_a_location_are_never_nearest() {
    let maps =
        "[site.a]\n[site.b]\nlocation = { lat = 10, lon = 10 }\n[map.world]\nnearest = 2\ndefault = []\n";
    let server = served(maps, &["a", "b"], database::of([("1.0.0.0/8", map([location(0.0, 0.0)]))]));
    check(&server, "1.0.0.1", "b", "nearest");
}

#[test]
fn section_6_bias_vectors() {
    // Degrees along a meridian that are so many metres.
    let degrees = |metres: f64| (metres / 6_371_008.8_f64).to_degrees();
    for (metres, bias, counted) in [
        (150_000, 50, 75_000),
        (100_000, -50, 200_000),
        (150_000, 0, 150_000),
        (1000, 99, 10),
        (1000, -99, 100_000),
    ] {
        let maps = format!(
            "[site.fra]\nlocation = {{ lat = {}, lon = 0 }}\n[map.world]\nnearest = 1\ndefault = []\nbias = {{ fra = {bias} }}\n",
            degrees(f64::from(metres))
        );
        let server = served(&maps, &["fra"], database::of([("1.0.0.0/8", map([location(0.0, 0.0)]))]));
        let place = server.explain("www A from=1.0.0.1").steering.unwrap().place.unwrap();
        let distance = &place.distances[0];
        assert_eq!(distance.metres, metres as u64);
        let found = distance.biased.map_or(distance.metres, |(_, counted)| counted);
        assert_eq!(found, counted, "{metres} m at {bias}");
    }
}

#[test]
fn section_6_bias_moves_the_order() {
    // Madrid: de 1.4, us 6.1, sg 11.4 thousand kilometres; Nairobi: de 6.3, sg 7.4, us 12.1.
    let cases = [
        ("us = 70", "1.0.0.1", "de us sg"),
        ("us = 80", "1.0.0.1", "us de sg"),
        ("de = -80", "1.0.0.1", "us de sg"),
        ("sg = 20", "5.0.0.1", "sg de us"),
        ("de = -20", "5.0.0.1", "sg de us"),
        ("de = -10", "5.0.0.1", "de sg us"),
        ("us = 60, de = -60", "5.0.0.1", "us sg de"),
    ];
    for (bias, client, expected) in cases {
        check(&nearest(&format!("nearest = 3\nbias = {{ {bias} }}")), client, expected, "nearest");
    }
}
