//! Master files as the product reads and prints them.

use std::collections::BTreeSet;
use std::sync::Arc;

use meridian::fault::Source;
use meridian::wire::Name;
use meridian::zone::ZoneData;

/// Loads a zone, or gives its errors.
pub fn load(apex: &str, path: &str, text: &str) -> Result<ZoneData, Vec<String>> {
    let source = Source::new(path, text);
    let mut include = |path: &str| -> Result<Arc<Source>, String> { Err(format!("{path} is not read here")) };
    let (data, faults) = ZoneData::parse(&name(apex), &source, &[], &mut include);
    let errors: Vec<String> =
        faults.iter().map(ToString::to_string).filter(|line| line.contains(": error: ")).collect();
    if errors.is_empty() { Ok(data.unwrap()) } else { Err(errors) }
}

/// A name from its text, absolute with or without a final dot.
pub fn name(text: &str) -> Name {
    Name::parse(text.as_bytes(), Some(&Name::root())).unwrap()
}

/// A record as a line `owner TTL IN type data`, in parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub owner: String,
    pub rtype: String,
    pub ttl: u32,
    pub data: String,
}

/// Every record of a zone.
pub fn lines(zone: &ZoneData) -> BTreeSet<Line> {
    let line = |text: &String| {
        let mut parts = text.splitn(5, ' ').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        let (owner, ttl, _class, rtype, data) = (part(), part(), part(), part(), part());
        Line { owner, rtype, ttl: ttl.parse().unwrap(), data }
    };
    zone.print().iter().map(line).collect()
}

/// What is at or below a cut is seen in referrals, but for DS.
pub fn is_delegated(zone: &ZoneData, line: &Line) -> bool {
    let owner = name(&line.owner);
    zone.cut_at_or_above(&owner).is_some_and(|cut| cut != owner || line.rtype != "DS")
}
