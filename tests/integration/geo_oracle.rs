//! The compiled map against a walk of its own by MaxMind's reader (tests/oracle/geo_oracle.py): class, scope and its
//! minimality for thousands of client networks.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;

use serde_json::Value;

use crate::harness::place::{Folder, fixture, test_data};
use crate::harness::server::{Server, Setup, run};
use crate::harness::turns;

const RULES: &str = "data/geo/rules.json";

#[test]
fn class_and_scope_equal_a_separate_walk() {
    let _turn = turns::shared();
    let rules: Value = serde_json::from_slice(&std::fs::read(fixture(RULES)).unwrap()).unwrap();
    let folder = Folder::new("geo-oracle");
    let sites = sites(&rules);
    folder.write("geoip/maps.toml", maps_file(&rules, &sites));
    folder.write("zones/geo.test.zone", ZONE);
    folder.write("zones/geo.test.toml", pools_file(&sites));
    let database = test_data("dbip-country.mmdb");
    let server = Server::start(folder, Setup { databases: vec![database.clone()], ..Setup::default() });

    let mut oracle = Command::new(test_data("python/bin/python"));
    oracle.arg(fixture("oracle/geo_oracle.py"));
    oracle.args(["--server", &server.address.to_string(), "--name", "www.geo.test"]);
    oracle.arg("--rules").arg(fixture(RULES)).arg("--database").arg(database);
    oracle.args(["--ipv4", "5000", "--ipv6", "2000", "--seed", "20261120"]);
    let output = run(&mut oracle);
    let (report, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{report}{complaint}");
    let report: Value = serde_json::from_str(&report).expect("the oracle reports in JSON");
    assert_eq!(report["fault_count"], 0, "{report}");
    assert!(report["networks"].as_u64() >= Some(7_000), "{report}");
    assert!(report["addresses_in_scopes"].as_u64() >= Some(100_000), "{report}");
}

const ZONE: &str = "\
$TTL 300
@    IN SOA ns1 hostmaster 1 3600 900 604800 60
     IN NS  ns1
ns1  IN A   192.0.2.253
www  IN A   192.0.2.254
     IN AAAA 2001:db8::fe
";

/// Every site that a list names.
fn sites(rules: &Value) -> BTreeSet<String> {
    let tables = ["network", "country", "continent"].into_iter().flat_map(|table| entries(&rules[table]));
    let lists = tables.map(|(_, list)| list).chain([&rules["default"]]);
    lists.flat_map(|list| list.as_array().unwrap()).map(|site| site.as_str().unwrap().to_string()).collect()
}

fn entries(table: &Value) -> impl Iterator<Item = (&String, &Value)> {
    table.as_object().expect("a table of the rules").iter()
}

/// The rules as an operator writes them. A list of strings is the same in JSON and in TOML.
fn maps_file(rules: &Value, sites: &BTreeSet<String>) -> String {
    let mut text = String::new();
    for site in sites {
        writeln!(text, "[site.{site}]").unwrap();
    }
    writeln!(text, "[region]").unwrap();
    for (name, countries) in entries(&rules["region"]) {
        writeln!(text, "{name} = {countries}").unwrap();
    }
    writeln!(text, "[map.world]\ndefault = {}", rules["default"]).unwrap();
    for table in ["network", "country", "continent"] {
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
