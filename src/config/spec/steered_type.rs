//! A record type whose answers can be steered, by its name.

use crate::config::document::Value;
use crate::config::text::{self, Broken, Faults, Parsed, quote};
use crate::wire::rtype;
use crate::zone::record_type::{self, Parsed as RecordType};

/// Types that say what a zone is, or sign it, or that redirect names: they are the same for everyone.
const SAME_FOR_ALL: [&str; 21] = [
    "SOA",
    "NS",
    "DNAME",
    "DS",
    "RRSIG",
    "NSEC",
    "DNSKEY",
    "NSEC3",
    "NSEC3PARAM",
    "CDS",
    "CDNSKEY",
    "CSYNC",
    "ZONEMD",
    "DSYNC",
    "SIG",
    "KEY",
    "NXT",
    "TA",
    "DLV",
    "MD",
    "MF",
];

/// Reads the type of a rule.
pub(super) fn of_rule(value: &Value, faults: &Faults) -> Parsed<u16> {
    let text = text::text(value, faults)?;
    let fault = match record_type::parse(text.as_bytes()) {
        Some(RecordType::Data(number)) if !is_same_for_all(number) => return Ok(number),
        Some(RecordType::Data(_)) => {
            let fault = value.place.error(format!("{} records cannot be steered", text.to_uppercase()));
            fault.label("not steered").help("they say what the zone is, and are the same for everyone")
        }
        Some(RecordType::Meta(_)) => value
            .place
            .error(format!("no record can have the type {}", text.to_uppercase()))
            .label("not a type"),
        None => {
            let mut fault = value.place.error(format!("there is no record type {}", quote(&text)));
            let similar = record_type::similar(text.as_bytes());
            fault.help = similar.map(|similar| format!("did you mean {}?", quote(similar)));
            fault.label("not a type")
        }
    };
    faults.add(fault);
    Err(Broken)
}

/// Reads the type of the data of a pool: none of addresses, which members have by themselves.
pub(super) fn of_data(value: &Value, faults: &Faults) -> Parsed<u16> {
    let number = of_rule(value, faults)?;
    if !matches!(number, rtype::A | rtype::AAAA) {
        return Ok(number);
    }
    let fault = value.place.error("addresses are no data").label("not needed");
    faults.add(fault.help("remove `type`: a pool whose members have an `address` answers A and AAAA"));
    Err(Broken)
}

fn is_same_for_all(number: u16) -> bool {
    SAME_FOR_ALL.contains(&record_type::name(number).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_are_the_same_for_all_have_a_name() {
        for name in SAME_FOR_ALL {
            assert!(matches!(record_type::parse(name.as_bytes()), Some(RecordType::Data(_))), "{name}");
        }
    }
}
