//! `$GENERATE` makes the records that BIND's named-compilezone makes of the same file.

use std::process::Command;

use crate::harness::master_file::load;
use crate::harness::place::fixture;
use crate::harness::server::run;

const APEX: &str = "generate.example.";

/// The records of a text, sorted.
fn records(path: &str, text: &str) -> Vec<String> {
    let zone = load(APEX, path, text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let mut records = zone.print();
    records.sort();
    records
}

#[test]
fn the_records_are_those_that_bind_makes() {
    let path = fixture("data/round_trip/generate.zone");
    let mut command = Command::new("named-compilezone");
    command
        .args(["-q", "-i", "none", "-k", "ignore", "-n", "ignore", "-M", "ignore", "-s", "full", "-o", "-"]);
    let output = run(command.arg(APEX).arg(&path));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let by_bind = records("named-compilezone", &String::from_utf8_lossy(&output.stdout));
    let ours = records("generate.zone", &std::fs::read_to_string(path).unwrap());
    assert!(ours.len() > 70, "the directives made records: {}", ours.len());
    assert_eq!(ours, by_bind);
}
