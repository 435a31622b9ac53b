//! The mnemonics of record types beside those of BIND's named-rrchecker.

use std::process::Command;

use meridian::zone::record_type;

use crate::harness::server::run;

#[test]
fn every_mnemonic_of_bind_is_known() {
    let output = run(Command::new("named-rrchecker").arg("-T"));
    let text = String::from_utf8_lossy(&output.stdout);
    let unknown: Vec<&str> =
        text.lines().filter(|line| record_type::parse(line.as_bytes()).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(text.lines().count() > 80, "named-rrchecker lists what it knows: {text}");
}
