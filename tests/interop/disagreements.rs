//! Holds `disagreements.md` and `kinds/` together.

use crate::harness::place::fixture;
use crate::kinds;

#[test]
fn every_kind_is_told_and_every_told_kind_is_recognised() {
    let text = std::fs::read_to_string(fixture("interop/disagreements.md")).unwrap();
    let told: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let kinds = kinds::all();
    for kind in &kinds {
        assert!(told.contains(&kind.name), "`{}` is not told of in disagreements.md", kind.name);
    }
    for name in told {
        assert!(kinds.iter().any(|kind| kind.name == name), "no predicate recognises `{name}`");
    }
}
