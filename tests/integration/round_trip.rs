//! What is served is what the master file says, in the eyes of four tools: each RRset of a zone is asked for with dig,
//! kdig, drill and delv, and what each prints, put together as a master file, loads as the same records.
//!
//! Where a tool departs, it does so for a reason that stands here and is asserted: an exception that no longer applies
//! fails as well.

mod tools;

use std::collections::BTreeSet;
use std::sync::Arc;

use meridian::fault::Source;
use meridian::wire::Name;
use meridian::zone::ZoneData;

use self::tools::{Question, TOOLS, Tool};
use crate::harness::place::{Folder, fixture};
use crate::harness::server::{Server, Setup};
use crate::harness::turns;

/// Loads a zone; panics with its faults.
fn load(apex: &str, path: &str, text: &str) -> ZoneData {
    let apex = Name::parse(apex.as_bytes(), Some(&Name::root())).unwrap();
    let source = Source::new(path, text);
    let mut include = |path: &str| -> Result<Arc<Source>, String> { Err(format!("{path} is not read here")) };
    let (data, faults) = ZoneData::parse(&apex, &source, &mut include);
    let errors: Vec<String> =
        faults.iter().map(ToString::to_string).filter(|line| line.contains(": error: ")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    data.unwrap()
}

/// A record as a line `owner TTL IN type data`, in parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    owner: String,
    rtype: String,
    ttl: u32,
    data: String,
}

fn lines(zone: &ZoneData) -> BTreeSet<Line> {
    let line = |text: &String| {
        let mut parts = text.splitn(5, ' ').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        let (owner, ttl, _class, rtype, data) = (part(), part(), part(), part(), part());
        Line { owner, rtype, ttl: ttl.parse().unwrap(), data }
    };
    zone.print().iter().map(line).collect()
}

/// What is at or below a cut is seen in referrals, but for DS.
fn is_delegated(zone: &ZoneData, line: &Line) -> bool {
    let owner = Name::parse(line.owner.as_bytes(), Some(&Name::root())).unwrap();
    zone.cut_at_or_above(&owner).is_some_and(|cut| cut != owner || line.rtype != "DS")
}

/// A zone goes through server and tools and comes back.
fn check(apex: &str, text: &str) {
    let folder = Folder::new(&format!("round-trip-{}", apex.trim_end_matches('.')));
    folder.write(&format!("zones/{}.zone", apex.trim_end_matches('.')), text);
    let server = Server::start(folder, Setup::default());
    let zone = load(apex, "zone", text);
    let all = lines(&zone);
    let questions: BTreeSet<Question> =
        all.iter().map(|line| Question::new(&line.owner, &line.rtype)).collect();
    let questions: Vec<Question> = questions.into_iter().collect();
    for tool in TOOLS {
        let asked: Vec<&Question> = questions.iter().filter(|question| tool.asks(question)).collect();
        let printed = tool.ask(server.address, &asked);
        let expected: BTreeSet<Line> = all
            .iter()
            .filter(|line| tool.asks(&Question::new(&line.owner, &line.rtype)))
            .filter(|line| tool.shows_referrals || !is_delegated(&zone, line))
            .map(|line| tool.expected(line))
            .collect();
        let found = lines(&load(apex, tool.name, &printed));
        let found: BTreeSet<Line> = found.iter().map(|line| tool.expected(line)).collect();
        let missing: Vec<_> = expected.difference(&found).collect();
        let surplus: Vec<_> = found.difference(&expected).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{}: missing {missing:#?}, in their place {surplus:#?}",
            tool.name
        );
    }
}

impl Tool {
    /// A record as the tool shows it.
    fn expected(&self, line: &Line) -> Line {
        Line { ttl: if self.shows_ttls { line.ttl } else { 0 }, ..line.clone() }
    }
}

#[test]
fn the_shipped_zone_comes_back() {
    let _turn = turns::shared();
    let path = fixture("../zones/example.com.zone");
    check("example.com.", &std::fs::read_to_string(path).unwrap());
}

#[test]
fn odd_names_texts_and_data_come_back() {
    let _turn = turns::shared();
    check("odd.example.", &std::fs::read_to_string(fixture("data/round_trip/odd.zone")).unwrap());
}

/// The zones of the other tests of the repository.
#[test]
fn the_zones_of_the_tests_come_back() {
    let _turn = turns::shared();
    for path in [
        "data/world/zones/example.com.zone",
        "data/base/zones/example.com.zone",
        "cli/world/zones/example.com.zone",
    ] {
        check("example.com.", &std::fs::read_to_string(fixture(path)).unwrap());
    }
}

/// Each record of the table of all types, at a name of its own.
#[test]
fn every_record_type_comes_back() {
    let _turn = turns::shared();
    let table = std::fs::read_to_string(fixture("data/record_types.txt")).unwrap();
    let mut zone = "$TTL 300\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n".to_owned();
    let mut lines = table.lines().peekable();
    let mut number = 0;
    while let Some(line) = lines.next() {
        let is_right = lines.peek().is_some_and(|next| next.starts_with("  ="));
        let is_of_the_apex = line.starts_with("SOA ") || line.starts_with("NS ");
        if is_right && !line.starts_with("  ") && !is_of_the_apex {
            zone.push_str(&format!("t{number} {line}\n"));
            number += 1;
        }
    }
    assert!(number > 100, "the table was read: {number}");
    check("types.example.", &zone);
}
