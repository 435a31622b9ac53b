//! Data of members: written as in a master file, each record once in a pool.

use std::ops::Range;

use crate::config::text::{Broken, Faults, Parsed, Place, Written, quote};
use crate::wire::Name;
use crate::zone::{RecordData, canonical_data};

/// Data that a pool has, with its names in lower case, and where it was written.
pub(super) struct Known {
    canonical: Vec<u8>,
    place: Place,
}

/// Reads the data of one record of a type; names without a final dot are relative to `origin`. `known` is what the pool
/// has already: an RRset holds no record twice (RFC 2181 §5).
pub(super) fn read(
    rtype: u16,
    text: &Written<String>,
    origin: Option<&Name>,
    known: &mut Vec<Known>,
    faults: &Faults,
) -> Parsed<Box<[u8]>> {
    let RecordData { octets, doubled_origin } = match RecordData::parse(rtype, text, origin) {
        Ok(data) => data,
        Err(fault) => {
            let mut told = within(text, fault.span).error(fault.message);
            told.help = fault.help;
            faults.add(told.label("here"));
            return Err(Broken);
        }
    };
    if let Some((span, name)) = doubled_origin {
        let warning = within(text, span).warning(format!("this name means {name}"));
        faults.add(warning.label("no final dot").help("write a dot at its end if that is not meant"));
    }
    let canonical = canonical_data(rtype, &octets);
    if let Some(first) = known.iter().find(|first| first.canonical == canonical) {
        let message = format!("the pool has the data {} twice", quote(text));
        let help = format!("it stands at {} already", first.place.file_and_line());
        faults.add(text.place.error(message).label("again").help(help));
        return Err(Broken);
    }
    known.push(Known { canonical, place: text.place.clone() });
    Ok(octets)
}

/// The place of a part of a text, where the text stands in the file as it is; else that of the whole.
fn within(text: &Written<String>, part: Range<usize>) -> Place {
    let place = &text.place;
    let written = place.source.octets.get(place.span.clone()).unwrap_or_default();
    let is_plain = written.len() == text.len() + 2 && &written[1..=text.len()] == text.as_bytes();
    match is_plain && !part.is_empty() {
        true => {
            let start = place.span.start + 1;
            Place { source: place.source.clone(), span: start + part.start..start + part.end }
        }
        false => place.clone(),
    }
}
