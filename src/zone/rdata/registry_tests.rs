//! Every type of the registry (IANA DNS parameters, "Resource Record (RR) TYPEs"), by a table that people can read:
//! `tests/data/record_types.txt`, whose head tells its form. `BLESS=1` writes what is printed and said.

use domain::base::iana::Rtype;

use super::super::cursor::Cursor;
use super::super::lexer::Lexer;
use super::super::record_type::{self, Parsed, TYPES};
use super::{ROOT, parse, print, print_generic};

const TABLE: &str = include_str!("../../../tests/data/record_types.txt");

/// A line of the table with those that belong to it.
struct Entry<'t> {
    text: &'t str,
    /// The sign and the rest of the lines below.
    expected: Vec<(&'t str, &'t str)>,
}

fn entries() -> Vec<Entry<'static>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with(';')) {
        match (line.strip_prefix("  "), entries.last_mut()) {
            (Some(expected), Some(entry)) => {
                entry.expected.push((&expected[..1], expected[1..].trim_start()));
            }
            _ => entries.push(Entry { text: line, expected: Vec::new() }),
        }
    }
    entries
}

/// The type of a text `TYPE data`, and its octets or the column of the fault with what is said about it.
fn read(text: &str) -> (u16, Result<Vec<u8>, String>) {
    let mut tokens = Vec::new();
    Lexer::new(text.as_bytes()).next_entry(&mut tokens).unwrap().unwrap();
    let Some(Parsed::Data(number)) = record_type::parse(tokens[0].text(text.as_bytes())) else {
        panic!("{text} begins with no type of data");
    };
    let mut octets = Vec::new();
    let mut cursor = Cursor::new(text.as_bytes(), &tokens[1..], tokens[0].span(), ROOT);
    let parsed = parse(number, &mut cursor, &mut octets);
    (number, parsed.map(|()| octets).map_err(|error| format!("{} {error}", cursor.span().start + 1)))
}

/// The lines that belong below a text.
fn found(text: &str) -> Vec<(&'static str, String)> {
    let (number, octets) = read(text);
    let octets = match octets {
        Ok(octets) => octets,
        Err(fault) => return vec![("!", fault)],
    };
    let mut lines = vec![("=", super::encoding::hex(&octets))];
    let printed = format!("{} {}", record_type::name(number), print(number, &octets));
    if printed.trim_end() != text {
        lines.push((">", printed));
    }
    lines
}

#[test]
fn every_line_of_the_table_holds() {
    if std::env::var_os("BLESS").is_some() {
        return bless();
    }
    for entry in entries() {
        let found = found(entry.text);
        let found: Vec<(&str, &str)> = found.iter().map(|(sign, line)| (*sign, line.as_str())).collect();
        assert_eq!(found, entry.expected, "{}", entry.text);
    }
}

/// Writes the table anew. Octets that change then are seen in the difference to the table before.
fn bless() {
    let mut table = String::new();
    for line in TABLE.lines().filter(|line| !line.starts_with("  ")) {
        table.push_str(&format!("{line}\n"));
        if !line.is_empty() && !line.starts_with(';') {
            for (sign, line) in found(line) {
                table.push_str(format!("  {sign} {line}").trim_end());
                table.push('\n');
            }
        }
    }
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/record_types.txt"), table).unwrap();
}

#[test]
fn every_type_with_a_mnemonic_is_in_the_table() {
    let written: Vec<u16> = entries().iter().map(|entry| read(entry.text).0).collect();
    for known in TYPES {
        let is_data = matches!(record_type::parse(known.mnemonic.as_bytes()), Some(Parsed::Data(_)));
        assert_eq!(is_data, written.contains(&known.number), "{}", known.mnemonic);
        assert_eq!(is_data, !known.example.is_empty(), "{}", known.mnemonic);
    }
}

/// Another copy of the registry, a little older.
#[test]
fn mnemonics_and_numbers_are_those_of_domain() {
    let known =
        (0..=u16::MAX).filter_map(|number| Some((number, Rtype::from_int(number).to_mnemonic_str()?)));
    let known: Vec<(u16, &str)> = known.collect();
    for (number, mnemonic) in &known {
        // The registry, and BIND, have the hyphen.
        let mnemonic = if *mnemonic == "NSAPPTR" { "NSAP-PTR" } else { mnemonic };
        assert_eq!(record_type::name(*number), mnemonic);
    }
    assert!(known.len() > 90, "{}", known.len());
}

#[test]
fn what_is_printed_and_the_generic_form_are_read_as_the_same_octets() {
    for entry in entries() {
        let (number, Ok(octets)) = read(entry.text) else { continue };
        for data in [print(number, &octets), print_generic(&octets)] {
            let text = format!("TYPE{number} {data}");
            assert_eq!(read(&text).1.as_ref(), Ok(&octets), "{text}");
        }
    }
}

#[test]
fn examples_of_the_help_are_right() {
    for known in TYPES.iter().filter(|known| !known.example.contains('(') && !known.example.is_empty()) {
        assert!(read(known.example).1.is_ok(), "{}", known.example);
    }
}
