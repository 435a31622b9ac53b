//! What is served is what the master file says, in the eyes of four tools: each RRset of a zone is asked for with dig,
//! kdig, drill and delv, and what each prints, put together as a master file, loads as the same records.
//!
//! Where a tool departs, it does so for a reason that stands here and is asserted: an exception that no longer applies
//! fails as well.

mod tools;

use std::collections::BTreeSet;

use meridian::zone::ZoneData;

use self::tools::{Question, TOOLS, Tool};
use crate::harness::master_file::{Line, is_delegated, lines, load};
use crate::harness::place::{Folder, fixture};
use crate::harness::server::{Server, Setup};
use crate::harness::turns;

/// A zone goes through server and tools and comes back.
fn check(name: &str, apex: &str, text: &str) {
    let folder = Folder::new(&format!("round-trip-{name}"));
    folder.write(&format!("zones/{}.zone", apex.trim_end_matches('.')), text);
    let server = Server::start(folder, Setup::default());
    let zone = load(apex, "zone", text).unwrap();
    let all = lines(&zone);
    // The rest of the zone needs its SOA and NS to load.
    let (apex_lines, all): (BTreeSet<Line>, BTreeSet<Line>) =
        all.into_iter().partition(|line| line.owner == apex && matches!(line.rtype.as_str(), "SOA" | "NS"));
    for tool in TOOLS {
        let unable = |line: &&Line| tool.why_unable(line).is_some();
        let able: BTreeSet<&Line> = all.iter().filter(|line| !unable(line)).chain(&apex_lines).collect();
        come_back(&tool, &server, &zone, &able).unwrap_or_else(|fault| panic!("{}: {fault}", tool.name));
        for line in all.iter().filter(unable) {
            let alone = std::iter::once(line).chain(&apex_lines).collect();
            let back = come_back(&tool, &server, &zone, &alone);
            assert!(back.is_err(), "{} can show {line:?} after all", tool.name);
        }
    }
}

/// Whether the tool prints these records as they are; else what it does.
fn come_back(tool: &Tool, server: &Server, zone: &ZoneData, all: &BTreeSet<&Line>) -> Result<(), String> {
    let questions: BTreeSet<Question> =
        all.iter().map(|line| Question::new(&line.owner, &line.rtype)).collect();
    let printed = tool.ask(server.address, &questions.iter().collect::<Vec<_>>())?;
    let shown = all.iter().filter(|line| tool.shows_referrals || !is_delegated(zone, line));
    let expected: BTreeSet<Line> = shown.map(|line| tool.shown(line)).collect();
    let apex = zone.apex().to_string();
    let found = load(&apex, tool.name, &printed).map_err(|errors| format!("{errors:#?}\n{printed}"))?;
    let found: BTreeSet<Line> = lines(&found).iter().map(|line| tool.shown(line)).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    // What goes along, such as addresses of nameservers, is asked for elsewhere.
    let whole: BTreeSet<Line> = lines(zone).iter().map(|line| tool.shown(line)).collect();
    let surplus: Vec<_> = found.difference(&whole).collect();
    match missing.is_empty() && surplus.is_empty() {
        true => Ok(()),
        false => Err(format!("missing {missing:#?}, in their place {surplus:#?}")),
    }
}

impl Tool {
    /// A record as the tool shows it.
    fn shown(&self, line: &Line) -> Line {
        Line { ttl: if self.shows_ttls { line.ttl } else { 0 }, ..line.clone() }
    }
}

#[test]
fn the_shipped_zone_comes_back() {
    let _turn = turns::shared();
    let path = fixture("../zones/example.com.zone");
    check("shipped", "example.com.", &std::fs::read_to_string(path).unwrap());
}

#[test]
fn odd_names_texts_and_data_come_back() {
    let _turn = turns::shared();
    check("odd", "odd.example.", &std::fs::read_to_string(fixture("data/round_trip/odd.zone")).unwrap());
}

/// The zones of the other tests of the repository.
#[test]
fn the_zones_of_the_tests_come_back() {
    let _turn = turns::shared();
    for world in ["data/world", "data/base", "cli/world"] {
        let path = fixture(&format!("{world}/zones/example.com.zone"));
        check(&world.replace('/', "-"), "example.com.", &std::fs::read_to_string(path).unwrap());
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
    check("types", "types.example.", &zone);
}
