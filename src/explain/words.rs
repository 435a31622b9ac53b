//! The names of states, the same in `explain`, `status`, metrics and logs.

use crate::answer::Counter;
use crate::steer::{PoolState, Reason};

/// The state of a pool for one family (semantics §3).
pub fn pool(state: PoolState) -> &'static str {
    match state {
        PoolState::Absent => "absent",
        PoolState::Healthy => "healthy",
        PoolState::Degraded => "degraded",
        PoolState::Dead => "dead",
    }
}

/// Every [`Reason`], in the order of the truth table (semantics §4).
pub const REASONS: [Reason; 10] = [
    Reason::Healthy,
    Reason::Degraded,
    Reason::AllDown,
    Reason::AllDownDrained,
    Reason::AllDownPool,
    Reason::AllDownDefault,
    Reason::AllDownNone,
    Reason::NothingLeft,
    Reason::EmptyDefault,
    Reason::EmptyNoData,
];

/// The named state of a steered answer (semantics §4), as metrics have it.
pub fn reason(reason: Reason) -> &'static str {
    let (_, (_, name)) = Counter::of_reason(reason).metric();
    name
}

/// What a named state means, as a sentence without a full stop.
pub fn reason_sentence(reason: Reason) -> &'static str {
    match reason {
        Reason::Healthy => "the first healthy candidate answers",
        Reason::Degraded => "no candidate is healthy; the first degraded one answers with its eligible members",
        Reason::AllDown => {
            "no candidate has an eligible member; all_down = \"all\": the first candidate answers as if its members were up"
        }
        Reason::AllDownDrained => {
            "no candidate has an eligible member and only drained ones are left; all_down = \"all\": they answer as if up"
        }
        Reason::AllDownPool => "no candidate has an eligible member; all_down names the pool that answers",
        Reason::AllDownDefault => {
            "no candidate has an eligible member; all_down = \"default\": the default RRset answers"
        }
        Reason::AllDownNone => "no candidate has an eligible member; all_down = \"none\": NODATA",
        Reason::NothingLeft => "no member is left that may be given out; the default RRset answers",
        Reason::EmptyDefault => "the map lists no site for this client; the default RRset answers",
        Reason::EmptyNoData => "the map lists no site for this client; empty = \"nodata\": NODATA",
    }
}

/// Record types by name, for those that people ask for (IANA DNS parameters).
const TYPES: [(&str, u16); 42] = [
    ("A", 1),
    ("NS", 2),
    ("CNAME", 5),
    ("SOA", 6),
    ("PTR", 12),
    ("HINFO", 13),
    ("MX", 15),
    ("TXT", 16),
    ("RP", 17),
    ("AFSDB", 18),
    ("KEY", 25),
    ("AAAA", 28),
    ("LOC", 29),
    ("SRV", 33),
    ("NAPTR", 35),
    ("KX", 36),
    ("CERT", 37),
    ("DNAME", 39),
    ("APL", 42),
    ("DS", 43),
    ("SSHFP", 44),
    ("IPSECKEY", 45),
    ("RRSIG", 46),
    ("NSEC", 47),
    ("DNSKEY", 48),
    ("DHCID", 49),
    ("NSEC3", 50),
    ("NSEC3PARAM", 51),
    ("TLSA", 52),
    ("SMIMEA", 53),
    ("HIP", 55),
    ("CDS", 59),
    ("CDNSKEY", 60),
    ("OPENPGPKEY", 61),
    ("CSYNC", 62),
    ("ZONEMD", 63),
    ("SVCB", 64),
    ("HTTPS", 65),
    ("EUI48", 108),
    ("EUI64", 109),
    ("URI", 256),
    ("CAA", 257),
];

/// The mnemonic of a record type, or `TYPEnnn` (RFC 3597 §5).
pub fn record_type(rtype: u16) -> String {
    TYPES
        .iter()
        .find(|&&(_, number)| number == rtype)
        .map_or_else(|| format!("TYPE{rtype}"), |&(mnemonic, _)| mnemonic.to_owned())
}

/// The record type of a mnemonic or of `TYPEnnn`, whatever its case.
pub fn parse_record_type(text: &str) -> Option<u16> {
    let upper = text.to_ascii_uppercase();
    if let Some(&(_, number)) = TYPES.iter().find(|&&(mnemonic, _)| mnemonic == upper) {
        return Some(number);
    }
    upper.strip_prefix("TYPE")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_back_as_they_are_written() {
        for rtype in [1, 28, 65, 257, 4711] {
            assert_eq!(parse_record_type(&record_type(rtype)), Some(rtype));
        }
        assert_eq!(parse_record_type("aaaa"), Some(28));
        assert_eq!(parse_record_type("type65280"), Some(65280));
        assert_eq!(parse_record_type("AAAAA"), None);
        assert_eq!(parse_record_type("TYPE70000"), None);
    }

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = REASONS.iter().map(|&each| reason(each)).collect();
        assert_eq!(names.len(), REASONS.len());
    }
}
