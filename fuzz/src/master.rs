//! A master file: parsed, compiled, and asked for every name it has.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use meridian::fault::{Source, any_error};
use meridian::wire::{Name, QuestionName, rtype};
use meridian::zone::{Lookup, Zone, ZoneData};

/// What stands behind this line is the file that `$INCLUDE` finds.
const MARK: &[u8] = b"\n### include\n";

static APEX: LazyLock<Name> = LazyLock::new(|| Name::parse(b"example.com.", None).expect("a good name"));

fuzz_target!(|octets: &[u8]| {
    let split = octets.windows(MARK.len()).position(|window| window == MARK);
    let (main, rest) = octets.split_at(split.unwrap_or(octets.len()));
    let included = Source::new("included.zone", rest.get(MARK.len()..).unwrap_or_default());
    let source = Source::new("example.com.zone", main);
    let mut depth = 0;
    let mut include = |_: &str| {
        depth += 1;
        if depth > 8 { Err("too deep".to_string()) } else { Ok(Arc::clone(&included)) }
    };
    let (data, faults) = ZoneData::parse(&APEX, &source, &[], &mut include);
    for fault in &faults {
        assert!(!fault.to_string().is_empty());
    }
    let Some(data) = data else {
        assert!(any_error(&faults), "neither a zone nor a fault");
        return;
    };
    if any_error(&faults) {
        return;
    }
    let owners: Vec<Name> = data.owners().collect();
    let zone = data.compile();
    for owner in &owners {
        find(&zone, owner);
    }
    assert!(zone.negative_soa().record_count() == 1);
});

/// Walks everything that an answer about the name could hold.
fn find(zone: &Zone, owner: &Name) {
    let mut name = QuestionName::default();
    name.set(owner);
    match zone.find(&name, rtype::A) {
        Lookup::Found { node, .. } => {
            for rrset in node.rrsets() {
                assert!(rrset.record_count() > 0 && !rrset.octets().is_empty());
                let end = rrset.octets().len();
                assert!(rrset.pointers().all(|at| at + 2 <= end), "a pointer outside of its RRset");
            }
        }
        Lookup::Referral(referral) => {
            assert!(referral.ns.record_count() > 0);
            for glue in referral.ns.additional() {
                assert!(glue.rrset.record_count() > 0);
            }
        }
        Lookup::Redirected(redirection) => assert!(!redirection.target().is_empty()),
        Lookup::NoName => panic!("{owner:?} has records and is not found"),
    }
}
