//! Whether a resolver says of every name of a zone what the server itself says.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::harness::dig::{Dug, dig_all};
use crate::harness::master_file::{is_delegated, lines, load, name};

/// The types that are asked for at every name, most of them in vain.
const TYPES: [&str; 6] = ["A", "AAAA", "MX", "TXT", "HTTPS", "TYPE65533"];

/// A name and a type each: everything that stands in a zone above its cuts; the types of [`TYPES`] at every name and at
/// the empty non-terminals above it; a name below it that is not there. Where there is an asterisk, it and another
/// label.
pub fn questions(apex: &str, text: &str) -> Vec<(String, String)> {
    let zone = load(apex, apex, text).unwrap();
    let mut all = BTreeSet::new();
    for line in lines(&zone).iter().filter(|line| !is_delegated(&zone, line)) {
        let owner = line.owner.replace('*', "x");
        all.extend([line.owner.clone(), owner.clone()].map(|owner| (owner, line.rtype.clone())));
        let mut at = Some(name(&owner)).filter(|owner| owner != zone.apex());
        while let Some(ancestor) = at.filter(|ancestor| ancestor != zone.apex()) {
            all.extend(TYPES.map(|rtype| (ancestor.to_string(), rtype.to_owned())));
            at = ancestor.parent();
        }
        let missing = format!("no-such.{owner}");
        // At the length limit there is nothing below.
        if meridian::wire::Name::parse(missing.as_bytes(), None).is_ok() {
            all.insert((missing, "A".to_owned()));
        }
    }
    all.extend(TYPES.map(|rtype| (zone.apex().to_string(), rtype.to_owned())));
    all.into_iter().collect()
}

/// What a resolver must say as the server does: the status, and the answer section as a set without TTLs. Knot Resolver
/// writes names in lower case.
fn essence(dug: &Dug) -> (&str, BTreeSet<[String; 3]>) {
    let record = |[owner, _, _, rtype, data]: &[String; 5]| {
        let data = if rtype == "TXT" { data.clone() } else { data.to_lowercase() };
        [owner.to_lowercase(), rtype.clone(), data]
    };
    (&dug.status, dug.answers.iter().map(record).collect())
}

/// Asks both everything and panics with all differences.
pub fn check(resolver: SocketAddr, server: SocketAddr, questions: &[(String, String)]) {
    let said = dig_all(resolver, questions, &["+tcp"]);
    let expected = dig_all(server, questions, &["+tcp", "+norecurse"]);
    let mut differences = Vec::new();
    for (((name, rtype), said), expected) in questions.iter().zip(&said).zip(&expected) {
        assert!(["NOERROR", "NXDOMAIN", "YXDOMAIN"].contains(&expected.status.as_str()), "{}", expected.text);
        if essence(said) != essence(expected) {
            differences.push(format!("{name} {rtype}: {}\n{}", said.text, expected.text));
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}
