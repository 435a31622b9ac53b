//! The compiled map against a walk of its own by MaxMind's reader (tests/oracle/geo_oracle.py): class, scope and its
//! minimality for thousands of client networks.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::harness::place::{Folder, fixture, test_data};
use crate::harness::server::{Server, Setup, run};
use crate::harness::turns;

#[test]
fn class_and_scope_equal_a_separate_walk_through_a_country_database() {
    let _turn = turns::shared();
    let folder = Folder::new("geo-countries");
    let report = judge(folder, "data/geo/countries.json", vec![test_data("dbip-country.mmdb")]);
    assert!(report["networks"].as_u64() >= Some(7_000), "{report}");
    assert!(report["addresses_in_scopes"].as_u64() >= Some(100_000), "{report}");
}

#[test]
fn class_and_scope_equal_a_separate_walk_through_synthetic_databases() {
    let _turn = turns::shared();
    let folder = Folder::new("geo-synthetic");
    let made = folder.path().join("geoip");
    let output = run(oracle("synthetic_databases.py").arg(&made).arg("20261120"));
    assert!(output.status.success(), "{output:?}");
    let databases = ["places.mmdb", "asn.mmdb"].map(|name| made.join(name)).to_vec();
    let report = judge(folder, "data/geo/synthetic.json", databases);
    assert!(report["ranges"]["6"].as_u64() >= Some(500), "{report}");
}

/// Runs a server with the rules and has the oracle ask it; what the oracle reports.
fn judge(folder: Folder, rules_file: &str, databases: Vec<PathBuf>) -> Value {
    let rules: Value = serde_json::from_slice(&std::fs::read(fixture(rules_file)).unwrap()).unwrap();
    let sites = sites(&rules);
    folder.write("geoip/maps.toml", maps_file(&rules, &sites));
    folder.write("zones/geo.test.zone", ZONE);
    folder.write("zones/geo.test.toml", pools_file(&sites));
    let server = Server::start(folder, Setup { databases: databases.clone(), ..Setup::default() });

    let mut oracle = oracle("geo_oracle.py");
    oracle.args(["--server", &server.address.to_string(), "--name", "www.geo.test"]);
    oracle.arg("--rules").arg(fixture(rules_file));
    for database in databases {
        oracle.arg("--database").arg(database);
    }
    oracle.args(["--ipv4", "5000", "--ipv6", "2000", "--seed", "20261120"]);
    let output = run(&mut oracle);
    let (report, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{report}{complaint}");
    let report: Value = serde_json::from_str(&report).expect("the oracle reports in JSON");
    assert_eq!(report["fault_count"], 0, "{report}");
    report
}

fn oracle(script: &str) -> Command {
    let mut command = Command::new(test_data("python/bin/python"));
    command.arg(fixture(&format!("oracle/{script}")));
    command
}

const ZONE: &str = "\
$TTL 300
@    IN SOA ns1 hostmaster 1 3600 900 604800 60
     IN NS  ns1
ns1  IN A   192.0.2.253
www  IN A   192.0.2.254
     IN AAAA 2001:db8::fe
";

/// The tables whose entries are key → sites.
const TABLES: [&str; 5] = ["network", "asn", "subdivision", "country", "continent"];

/// Every site that a list names or that has a location.
fn sites(rules: &Value) -> BTreeSet<String> {
    let tables = TABLES.into_iter().flat_map(|table| entries(&rules[table]));
    let lists = tables.map(|(_, list)| list).chain([&rules["default"]]);
    let listed =
        lists.flat_map(|list| list.as_array().unwrap()).map(|site| site.as_str().unwrap().to_string());
    listed.chain(entries(&rules["location"]).map(|(site, _)| site.clone())).collect()
}

/// The entries of a table of the rules; none where the rules lack it.
fn entries(table: &Value) -> impl Iterator<Item = (&String, &Value)> {
    table.as_object().into_iter().flatten()
}

/// The rules as an operator writes them. A list of strings is the same in JSON and in TOML.
fn maps_file(rules: &Value, sites: &BTreeSet<String>) -> String {
    let mut text = String::new();
    for site in sites {
        writeln!(text, "[site.{site}]").unwrap();
        if let Some([latitude, longitude]) = rules["location"][site].as_array().map(Vec::as_slice) {
            writeln!(text, "location = {{ lat = {latitude}, lon = {longitude} }}").unwrap();
        }
    }
    writeln!(text, "[region]").unwrap();
    for (name, countries) in entries(&rules["region"]) {
        writeln!(text, "{name} = {countries}").unwrap();
    }
    writeln!(text, "[map.world]\ndefault = {}", rules["default"]).unwrap();
    if let Some(count) = rules["nearest"].as_u64() {
        writeln!(text, "nearest = {count}").unwrap();
    }
    for table in TABLES.into_iter().filter(|table| rules[table].is_object()) {
        writeln!(text, "[map.world.{table}]").unwrap();
        for (key, list) in entries(&rules[table]) {
            writeln!(text, "{key:?} = {list}").unwrap();
        }
    }
    text
}

/// One pool a site; the last octet of its addresses is the number of the site.
fn pools_file(sites: &BTreeSet<String>) -> String {
    let mut text = String::new();
    for site in sites {
        let number: u8 = site.trim_start_matches('s').parse().expect("sites are named s1, s2, …");
        writeln!(text, "[pool.{site}]\nsite = {site:?}").unwrap();
        writeln!(
            text,
            "members = [{{ name = \"m\", address = [\"192.0.2.{number}\", \"2001:db8::{number:x}\"] }}]"
        )
        .unwrap();
    }
    let pools: Vec<String> = sites.iter().map(|site| format!("{site:?}")).collect();
    writeln!(text, "[[steer]]\nname = \"www\"\nmap = \"world\"\npools = [{}]", pools.join(", ")).unwrap();
    text
}
