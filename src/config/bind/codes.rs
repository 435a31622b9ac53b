//! Codes of places in the tables of a map, with help for those that do not exist.

use crate::config::text::{Broken, Faults, Parsed, Written, closest, quote};
use crate::geo::codes;

/// Codes that people use and that ISO 3166-1 does not assign.
const COUNTRY_ALIASES: [(&str, &str); 2] = [("UK", "GB"), ("EL", "GR")];

/// A continent: AF AN AS EU NA OC SA.
pub(super) fn continent(code: &Written<String>, faults: &Faults) -> Parsed<[u8; 2]> {
    if codes::is_continent(code) {
        return Ok(two_letters(code));
    }
    let help = if codes::is_country(&code.to_uppercase()) {
        "countries stand in the table `country`".into()
    } else {
        match in_table(code, &codes::CONTINENTS, faults) {
            Some(found) => format!("did you mean {found}?"),
            None => "the continents are AF, AN, AS, EU, NA, OC, SA".into(),
        }
    };
    unknown(code, "continent", Some(help), faults)
}

/// A country: ISO 3166-1 alpha-2.
pub(super) fn country(code: &Written<String>, regions: &[&str], faults: &Faults) -> Parsed<[u8; 2]> {
    if codes::is_country(code) {
        return Ok(two_letters(code));
    }
    if faults.is_name_in_doubt("region", code) {
        return Err(Broken);
    }
    let alias = COUNTRY_ALIASES.iter().find(|(alias, _)| code.eq_ignore_ascii_case(alias));
    let help = match alias {
        Some((_, right)) => codes::countries().iter().find(|(code, _)| code == right).map(in_words),
        None => faults.suggestion(|| in_table(code, codes::countries(), faults)),
    };
    let help = help.map(|found| format!("did you mean {found}?")).or_else(|| help_for_country(code, regions));
    unknown(code, "country", help, faults)
}

fn help_for_country(code: &str, regions: &[&str]) -> Option<String> {
    if codes::is_continent(&code.to_uppercase()) {
        return Some("continents stand in the table `continent`".into());
    }
    if codes::is_subdivision(&code.to_uppercase()) {
        return Some("subdivisions stand in the table `subdivision`".into());
    }
    if let Some(region) = closest(code, regions.iter().copied()) {
        return Some(format!("did you mean the region {}?", quote(region)));
    }
    Some("countries are written as ISO 3166-1 codes such as `DE`, or as a name in `[region]`".into())
}

/// A subdivision: ISO 3166-2, for example `US-CA`.
pub(super) fn subdivision(code: &Written<String>, faults: &Faults) -> Parsed<String> {
    if codes::is_subdivision(code) {
        return Ok(code.value.clone());
    }
    let upper = code.to_uppercase();
    let turned = upper.split_once('-').map(|(first, second)| format!("{second}-{first}"));
    let meant = match turned {
        Some(turned) if codes::is_subdivision(&turned) => in_table(&turned, codes::subdivisions(), faults),
        _ => faults.suggestion(|| in_table(code, codes::subdivisions(), faults)),
    };
    let help = match meant {
        _ if codes::is_country(&upper) => "countries stand in the table `country`".into(),
        Some(found) => format!("did you mean {found}?"),
        None => "subdivisions are written as ISO 3166-2 codes such as `US-CA`".into(),
    };
    unknown(code, "subdivision", Some(help), faults)
}

/// An autonomous system: `64500`, also as `AS64500` where quoted.
pub(super) fn autonomous_system(number: &Written<String>, faults: &Faults) -> Parsed<u32> {
    let digits = number.strip_prefix("AS").unwrap_or(number);
    let decimal = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    match digits.parse::<u32>() {
        Ok(found) if decimal && found != 0 => Ok(found),
        _ => {
            let help = "write its number, for example `64500`, at most 4294967295";
            unknown(number, "autonomous system", Some(help.into()), faults)
        }
    }
}

fn unknown<T>(code: &Written<String>, kind: &str, help: Option<String>, faults: &Faults) -> Parsed<T> {
    let mut fault = code.place.error(format!("there is no {kind} {}", quote(code)));
    fault.help = help;
    faults.add(fault.label(format!("unknown {kind}")));
    Err(Broken)
}

/// The entry that is meant by a code in other letter case, or by a name, misspelt a little.
fn in_table(word: &str, table: &[(&str, &str)], faults: &Faults) -> Option<String> {
    let by_code = table.iter().find(|(code, _)| code.eq_ignore_ascii_case(word));
    let by_name = || {
        let name = closest(word, faults.compared(table.iter().map(|(_, name)| *name)))?;
        table.iter().find(|(_, candidate)| *candidate == name)
    };
    by_code.or_else(by_name).map(in_words)
}

fn in_words((code, name): &(&str, &str)) -> String {
    format!("{} ({name})", quote(code))
}

fn two_letters(code: &str) -> [u8; 2] {
    code.as_bytes().try_into().expect("codes of countries and continents have two letters")
}
